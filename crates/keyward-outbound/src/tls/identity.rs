//! The certificate by which receivers know this client.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;

/// Where a client's certificate is.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate and its chain, in PEM.
    pub chain: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// The certificate that is shown, read again for a connection after its files were replaced: such
/// certificates often live for hours.
pub(super) struct Identity {
    files: ClientCertificate,
    provider: Arc<CryptoProvider>,
    current: Mutex<Current>,
}

struct Current {
    certificate: Arc<CertifiedKey>,
    seen: [Option<Stamp>; 2],
}

/// Tells a file from the one that takes its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Identity {
    pub(super) fn load(
        files: ClientCertificate,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let seen = files.stamps();
        let certificate = Arc::new(read(&files, &provider)?);
        Ok(Self { files, provider, current: Mutex::new(Current { certificate, seen }) })
    }

    /// The certificate in the files; the one before, while they cannot be used: half of a pair may
    /// have been replaced, and the other half follows.
    fn current(&self) -> Arc<CertifiedKey> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = self.files.stamps();
        // Two short files, and only for a new connection.
        if stamps != current.seen
            && let Ok(certificate) = read(&self.files, &self.provider)
        {
            *current = Current { certificate: Arc::new(certificate), seen: stamps };
        }
        Arc::clone(&current.certificate)
    }
}

impl ClientCertificate {
    fn stamps(&self) -> [Option<Stamp>; 2] {
        [stamp(&self.chain), stamp(&self.key)]
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(
        &self,
        _acceptable_issuers: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("files", &self.files).finish_non_exhaustive()
    }
}

fn read(files: &ClientCertificate, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let ClientCertificate { chain, key } = files;
    let unreadable = |source| TlsError::Pem { file: chain.display().to_string(), source };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(chain)
        .map_err(unreadable)?
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate(chain.display().to_string()));
    }
    // The reason may quote the file.
    let private_key = PrivateKeyDer::from_pem_file(key)
        .map_err(|_| TlsError::NoPrivateKey(key.display().to_string()))?;
    CertifiedKey::from_der(certificates, private_key, provider).map_err(|source| {
        let (chain, key) = (chain.display().to_string(), key.display().to_string());
        TlsError::Mismatch { chain, key, source }
    })
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    let modified = metadata.modified().ok();
    Some(Stamp { modified, bytes: metadata.len(), inode: metadata.ino() })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use tempfile::TempDir;

    use super::*;

    fn write(directory: &TempDir, name: &str) -> (ClientCertificate, Vec<u8>) {
        let pair = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([name.to_owned()]).unwrap().self_signed(&pair).unwrap();
        let files = ClientCertificate {
            chain: directory.path().join("client.pem"),
            key: directory.path().join("client-key.pem"),
        };
        std::fs::write(&files.chain, certificate.pem()).unwrap();
        std::fs::write(&files.key, pair.serialize_pem()).unwrap();
        (files, certificate.der().to_vec())
    }

    fn load(files: &ClientCertificate) -> Result<Identity, TlsError> {
        Identity::load(files.clone(), Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
    }

    #[test]
    fn a_replaced_certificate_is_shown_and_half_of_a_pair_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (files, first) = write(&directory, "first.example.com");
        let identity = load(&files).unwrap();
        let shown = || identity.current().cert.first().unwrap().to_vec();
        assert_eq!(shown(), first);
        let key = std::fs::read(&files.key).unwrap();
        let (_, second) = write(&directory, "the-second.example.com");
        let second_key = std::fs::read(&files.key).unwrap();
        std::fs::write(&files.key, key).unwrap();
        assert_eq!(shown(), first);
        std::fs::write(&files.key, second_key).unwrap();
        assert_eq!(shown(), second);
        std::fs::remove_file(&files.key).unwrap();
        assert_eq!(shown(), second);
    }

    #[test]
    fn files_that_cannot_be_used_are_refused_and_not_quoted() {
        let directory = tempfile::tempdir().unwrap();
        let (files, _) = write(&directory, "client.example.com");
        let other = KeyPair::generate().unwrap().serialize_pem();
        for (key, expected) in
            [(&*other, "do not go together"), ("-----BEGIN secret", "no private key")]
        {
            std::fs::write(&files.key, key).unwrap();
            let refused = load(&files).unwrap_err();
            assert!(refused.to_string().contains(expected), "{refused}");
            assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
        }
        std::fs::write(&files.chain, "").unwrap();
        assert!(matches!(load(&files).unwrap_err(), TlsError::NoCertificate(_)));
        std::fs::remove_file(&files.chain).unwrap();
        assert!(matches!(load(&files).unwrap_err(), TlsError::Pem { .. }));
    }

    #[test]
    fn nothing_of_the_key_is_shown() {
        let directory = tempfile::tempdir().unwrap();
        let (files, _) = write(&directory, "client.example.com");
        let shown = format!("{:?}", load(&files).unwrap());
        assert!(shown.ends_with("client-key.pem\" }, .. }"), "{shown}");
    }
}
