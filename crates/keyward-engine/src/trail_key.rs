//! The keys that sign digests of the audit trail: made and used on a worker, sealed into their rows.

use keyward_crypto::{AsymmetricKey, KeyMaterial, Message};
use keyward_model::{KeySpec, SigningAlgorithm};
use keyward_store::TrailSigningKeyRecord;

use crate::Engine;
use crate::material::trail_key_binding;
use crate::workers::{Busy, Lane};

/// A fresh key, not yet in a row.
pub struct TrailKeyPair {
    private_key: KeyMaterial,
    /// DER `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

/// A signing key that was not made, sealed or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrailKeyError {
    /// Too many slow computations wait.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The cryptographic module failed.
    #[error("the cryptographic module failed")]
    Module,
    /// The private key does not open: the row is not what was written.
    #[error("the private key of a signing key does not open")]
    NotOpened,
}

impl Engine {
    /// Makes a key to sign digests with, RSA of 2048 bits.
    pub async fn generate_trail_key(&self) -> Result<TrailKeyPair, TrailKeyError> {
        let generate = || {
            let private_key = AsymmetricKey::generate(KeySpec::Rsa2048);
            let private_key = private_key.map_err(|_| TrailKeyError::Module)?;
            let loaded = AsymmetricKey::load(KeySpec::Rsa2048, &private_key);
            let public_key = loaded.map_err(|_| TrailKeyError::Module)?.public_key().to_vec();
            Ok(TrailKeyPair { private_key, public_key })
        };
        self.workers().run(Lane::Generation, generate).await?
    }

    /// The private key, sealed for the row of this fingerprint.
    pub fn seal_trail_key(
        &self,
        pair: &TrailKeyPair,
        fingerprint: &str,
    ) -> Result<Vec<u8>, TrailKeyError> {
        let binding = trail_key_binding(fingerprint.as_bytes());
        let sealed = self.ring().keys().seal(&binding, &pair.private_key);
        sealed.map_err(|_| TrailKeyError::Module)
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256. A domain key that was replaced since the row was
    /// read may no longer open it: read it again.
    pub async fn sign_with_trail_key(
        &self,
        row: &TrailSigningKeyRecord,
        text: String,
    ) -> Result<Vec<u8>, TrailKeyError> {
        let binding = trail_key_binding(row.fingerprint.as_bytes());
        let opened = self.ring().keys().open(&binding, &row.sealed_private_key);
        let private_key: KeyMaterial = opened.map_err(|_| TrailKeyError::NotOpened)?.into();
        let sign = move || {
            let loaded = AsymmetricKey::load(KeySpec::Rsa2048, &private_key);
            let key = loaded.map_err(|_| TrailKeyError::NotOpened)?;
            key.sign(SigningAlgorithm::RsassaPkcs1V15Sha256, Message::Raw(text.as_bytes()))
                .map_err(|_| TrailKeyError::Module)
        };
        self.workers().run(Lane::PrivateKey, sign).await?
    }
}
