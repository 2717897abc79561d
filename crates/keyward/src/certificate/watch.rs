//! Notices new certificates and has the server show them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use keyward_server::{CertificateSource, Certificates};
use tracing::{error, info};

use crate::logging::chain;

/// The certificates in use and what their files looked like when they were loaded.
pub(crate) struct CertificateWatch {
    certificates: Arc<Certificates>,
    chain: PathBuf,
    key: PathBuf,
    seen: [Option<Stamp>; 2],
    /// The last reload failed: half of a pair was replaced, perhaps, and the other half follows.
    failed: bool,
}

/// Tells a file from the one that takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl CertificateWatch {
    /// Loads the certificates for the first time.
    pub(crate) fn load(chain: PathBuf, key: PathBuf) -> Result<Self> {
        let seen = [stamp(&chain), stamp(&key)];
        let source = CertificateSource::Files { chain: chain.clone(), key: key.clone() };
        let certificates = Certificates::load(source)?;
        Ok(Self { certificates, chain, key, seen, failed: false })
    }

    /// What the server shows.
    pub(crate) const fn certificates(&self) -> &Arc<Certificates> {
        &self.certificates
    }

    /// Loads them again if a file has changed.
    pub(crate) fn reload_if_changed(&mut self) {
        let stamps = [stamp(&self.chain), stamp(&self.key)];
        let has_changed = stamps != self.seen;
        self.seen = stamps;
        if has_changed {
            self.reload();
        } else if self.failed {
            // Quietly: the failure was reported when the files changed.
            self.failed = self.certificates.reload().is_err();
        }
    }

    /// Loads them again. If that fails, those in use stay.
    pub(crate) fn reload(&mut self) {
        let result = self.certificates.reload();
        self.failed = result.is_err();
        match result {
            Ok(()) => info!("new connections are shown the certificate loaded just now"),
            Err(error) => {
                error!(error = chain(error), "the certificate cannot be loaded; the old one stays");
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    let modified = metadata.modified().ok();
    Some(Stamp { modified, bytes: metadata.len(), inode: metadata.ino() })
}
