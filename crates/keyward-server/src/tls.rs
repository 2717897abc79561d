//! TLS 1.2 and 1.3, with certificates that can be replaced while the server runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use keyward_engine::Tls;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, NamedGroup, ProtocolVersion, ServerConfig, ServerConnection, version};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// The longest file that is read.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// Where a certificate comes from.
pub enum CertificateSource {
    /// Files, read again at each reload.
    Files {
        /// The certificate and its chain, in PEM.
        chain: PathBuf,
        /// The private key, in PEM.
        key: PathBuf,
    },
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The private key is not a key of the certificate, or is of an unknown kind.
    #[error("the certificate and its private key do not go together")]
    Mismatch(#[source] rustls::Error),
    /// No certificate is in the PEM.
    #[error("the certificate chain is not PEM or is empty")]
    NoCertificate,
    /// No private key is in the PEM.
    #[error("the private key is not PEM")]
    NoPrivateKey,
    /// TLS 1.2 and 1.3 are not both available.
    #[error("the cryptographic provider lacks TLS 1.2 or 1.3")]
    Provider(#[source] rustls::Error),
    /// A file cannot be read, or is longer than any certificate.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The certificate that new connections are shown.
pub struct Certificates {
    source: CertificateSource,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

impl Certificates {
    /// Loads the certificate for the first time.
    pub fn load(source: CertificateSource) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&source, &provider)?)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(TlsError::Provider)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(Self { source, current, config: Arc::new(config) }))
    }

    /// Loads the certificate again. If that fails the one in use stays. Reads files, so it belongs
    /// where blocking is allowed.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.source, self.config.crypto_provider())?;
        self.current.0.store(Arc::new(fresh));
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn read(source: &CertificateSource, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let CertificateSource::Files { chain, key } = source;
    parse(&read_file(chain)?, &read_file(key)?, provider)
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > PEM_BYTES_MAX {
        return Err(unreadable(io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    std::fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

fn parse(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoPrivateKey)?;
    CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Mismatch)
}

/// A connection in the words of the audit record's `tlsDetails`.
pub(crate) fn describe(connection: &ServerConnection) -> Option<Tls> {
    Some(Tls {
        version: match connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => "TLSv1.2",
            ProtocolVersion::TLSv1_3 => "TLSv1.3",
            _ => return None,
        },
        cipher_suite: cipher_suite_name(connection.negotiated_cipher_suite()?.suite()),
        key_exchange: connection
            .negotiated_key_exchange_group()
            .and_then(|group| group_name(group.name())),
    })
}

/// CloudTrail has the IANA names for TLS 1.3 and OpenSSL's for TLS 1.2.
const fn cipher_suite_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "ECDHE-ECDSA-CHACHA20-POLY1305"
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        _ => "",
    }
}

const fn group_name(group: NamedGroup) -> Option<&'static str> {
    Some(match group {
        NamedGroup::X25519 => "x25519",
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768",
        NamedGroup::secp256r1 => "secp256r1",
        NamedGroup::secp256r1MLKEM768 => "SecP256r1MLKEM768",
        NamedGroup::secp384r1 => "secp384r1",
        _ => return None,
    })
}
