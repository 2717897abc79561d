//! What asymmetric and HMAC keys do, with a proof: signatures, codes, shared secrets.

use std::sync::Arc;

use keyward_crypto::{AsymmetricKey, MacKey, Message, Plaintext};
use keyward_model::{KeySpec, MessageType, SigningAlgorithm};
use zeroize::Zeroizing;

use crate::authorize::reach;
use crate::cipher::NoMaterial;
use crate::key::Key;
use crate::material::Material;
use crate::workers::{Busy, Lane};
use crate::{Action, Authorized, Cx, ErrorCode, OpError};

/// `Message` and `MessageType` of Sign and Verify.
pub struct SignedMessage {
    /// What the bytes are.
    pub message_type: MessageType,
    /// The bytes.
    pub message: Zeroizing<Vec<u8>>,
}

impl SignedMessage {
    fn as_message(&self) -> Message<'_> {
        match self.message_type {
            MessageType::Raw => Message::Raw(&self.message),
            MessageType::Digest => Message::Digest(&self.message),
            MessageType::ExternalMu => Message::ExternalMu(&self.message),
        }
    }
}

impl Cx {
    /// Signs.
    pub async fn sign<A: Action<Reach = reach::Sign>>(
        &mut self,
        key: &Authorized<A>,
        algorithm: SigningAlgorithm,
        message: SignedMessage,
    ) -> Result<Vec<u8>, OpError> {
        let sign = move |key: &AsymmetricKey| key.sign(algorithm, message.as_message());
        let signed = self.with_private_key(key, Use::Sign, sign).await?;
        let signature = signed.map_err(OpError::internal)?;
        self.note_use(key);
        Ok(signature)
    }

    /// Refuses a signature that is not the key's.
    pub async fn verify<A: Action<Reach = reach::Verify>>(
        &mut self,
        key: &Authorized<A>,
        algorithm: SigningAlgorithm,
        message: SignedMessage,
        signature: Vec<u8>,
    ) -> Result<(), OpError> {
        let verify =
            move |key: &AsymmetricKey| key.verify(algorithm, message.as_message(), &signature);
        let verified = self.with_private_key(key, Use::Verify, verify).await?;
        verified.map_err(|_| OpError::silent(ErrorCode::KmsInvalidSignature))?;
        self.note_use(key);
        Ok(())
    }

    /// The code of a message, under the algorithm of the key's spec.
    pub fn mac<A: Action<Reach = reach::Mac>>(
        &mut self,
        key: &Authorized<A>,
        message: &[u8],
    ) -> Result<Vec<u8>, OpError> {
        let mac = key.mac_key()?.mac(message);
        self.note_use(key);
        Ok(mac)
    }

    /// Refuses a code that is not the message's.
    pub fn verify_mac<A: Action<Reach = reach::Mac>>(
        &mut self,
        key: &Authorized<A>,
        message: &[u8],
        mac: &[u8],
    ) -> Result<(), OpError> {
        if !key.mac_key()?.verify(message, mac) {
            return Err(OpError::silent(ErrorCode::KmsInvalidMac));
        }
        self.note_use(key);
        Ok(())
    }

    /// The secret shared with the owner of a public key (DER SubjectPublicKeyInfo); `None` if that
    /// is no public key on the key's curve.
    pub async fn derive_shared_secret<A: Action<Reach = reach::Agree>>(
        &mut self,
        key: &Authorized<A>,
        peer: Vec<u8>,
    ) -> Result<Option<Plaintext>, OpError> {
        let derive = move |key: &AsymmetricKey| key.derive_shared_secret(&peer);
        let Ok(secret) = self.with_private_key(key, Use::Derive, derive).await? else {
            return Ok(None);
        };
        self.note_use(key);
        Ok(Some(secret))
    }

    /// A fresh shared secret and its ciphertext.
    pub async fn encapsulate<A: Action<Reach = reach::Encapsulate>>(
        &mut self,
        key: &Authorized<A>,
    ) -> Result<(Vec<u8>, Plaintext), OpError> {
        let made = self.with_private_key(key, Use::Encapsulate, AsymmetricKey::encapsulate);
        let made = made.await?.map_err(OpError::internal)?;
        self.note_use(key);
        Ok(made)
    }

    /// The shared secret of a ciphertext. Only a wrong length is an error (FIPS 203, implicit
    /// rejection).
    pub async fn decapsulate<A: Action<Reach = reach::Decapsulate>>(
        &mut self,
        key: &Authorized<A>,
        ciphertext: Vec<u8>,
    ) -> Result<Plaintext, OpError> {
        let decapsulate = move |key: &AsymmetricKey| key.decapsulate(&ciphertext);
        let secret = self.with_private_key(key, Use::Decapsulate, decapsulate).await?;
        let secret = secret.map_err(|_| OpError::silent(ErrorCode::InvalidCiphertext))?;
        self.note_use(key);
        Ok(secret)
    }

    /// Runs a computation with the key's private key: here, or on a worker if it takes long.
    pub(crate) async fn with_private_key<A: Action, T: Send + 'static>(
        &self,
        key: &Authorized<A>,
        used: Use,
        compute: impl FnOnce(&AsymmetricKey) -> T + Send + 'static,
    ) -> Result<T, OpError> {
        let key = Arc::clone(key.target());
        if !used.is_slow(key.record.spec) {
            return key.asymmetric().map(compute);
        }
        let workers = self.engine().workers();
        workers.run(Lane::PrivateKey, move || key.asymmetric().map(compute)).await?
    }
}

impl Key {
    fn asymmetric(&self) -> Result<&AsymmetricKey, OpError> {
        match self.current().and_then(|version| version.material.as_ref()) {
            Some(Material::Asymmetric(key)) => Ok(key),
            _ => Err(OpError::internal(NoMaterial)),
        }
    }

    fn mac_key(&self) -> Result<&MacKey, OpError> {
        match self.current().and_then(|version| version.material.as_ref()) {
            Some(Material::Mac(key)) => Ok(key),
            _ => Err(OpError::internal(NoMaterial)),
        }
    }
}

/// What is done with an asymmetric key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Decapsulate,
    Decrypt,
    Derive,
    Encapsulate,
    Encrypt,
    Sign,
    Verify,
}

impl Use {
    /// Whether it takes more than about 100 microseconds, as the benchmark `asymmetric` tells.
    const fn is_slow(self, spec: KeySpec) -> bool {
        match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                matches!(self, Self::Decrypt | Self::Sign)
            }
            KeySpec::EccNistP384 => !matches!(self, Self::Sign),
            KeySpec::EccNistP521 | KeySpec::EccSecgP256k1 | KeySpec::Sm2 => true,
            KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => matches!(self, Self::Sign),
            _ => false,
        }
    }
}

impl From<Busy> for OpError {
    fn from(_: Busy) -> Self {
        Self::new(
            ErrorCode::DependencyTimeout,
            "The system timed out while trying to fulfill the request. You can retry the request.",
        )
    }
}
