//! Whom the outbound client believes, and how it shows who it is.

mod identity;

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

pub use identity::ClientCertificate;
use identity::Identity;

/// Where systems keep the certificate authorities they trust; the first that is there counts.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Why the trusted certificates, or the client's own, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The private key is not a key of the certificate, or is of an unknown kind.
    #[error("the certificate in {chain} and the private key in {key} do not go together")]
    Mismatch {
        /// The file of the certificate.
        chain: String,
        /// The file of the key.
        key: String,
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
    /// There is no certificate in the file.
    #[error("{0} holds no certificate")]
    NoCertificate(String),
    /// The file is not there, or holds no private key in PEM. What it holds is not told.
    #[error("{0} cannot be read or holds no private key in PEM")]
    NoPrivateKey(String),
    /// The file is not there, or not in PEM.
    #[error("the certificates in {file} cannot be read")]
    Pem {
        /// The file.
        file: String,
        /// What is wrong.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Rustls(#[from] rustls::Error),
}

/// TLS that believes the machine's certificate authorities and those in the operator's file.
pub fn trust(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    trust_as(ca_file, None)
}

/// The same, and who asks for a certificate is shown this one.
pub fn trust_as(
    ca_file: Option<&Path>,
    client: Option<ClientCertificate>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    let system = SYSTEM_BUNDLES.iter().map(Path::new).find(|bundle| bundle.exists());
    for file in system.into_iter().chain(ca_file) {
        let unreadable = |source| TlsError::Pem { file: file.display().to_string(), source };
        for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
            // One that cannot be used is nobody's authority; a machine's bundle may hold such.
            roots.add_parsable_certificates([certificate.map_err(unreadable)?]);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let config = match client {
        Some(files) => config.with_client_cert_resolver(Arc::new(Identity::load(files, provider)?)),
        None => config.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}
