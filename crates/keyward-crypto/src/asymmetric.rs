//! Asymmetric KMS keys: RSA, elliptic curves, SM2, ML-DSA and ML-KEM.
//!
//! [`AsymmetricKey`] is one version of a key's material with everything parsed: AWS-LC checks a
//! private key when it reads it, which costs a good part of a signature, so no call parses again.
//! What a first use needs beyond what loading made is parsed then, and kept.
//!
//! The stored encoding is one PKCS#8 form per spec (RFC 5958, version 0), so that equal keys are
//! equal bytes; other encodings are turned into it where material is imported. This module knows
//! no usage, no state and no permission: callers have checked that the algorithm fits the key.

pub(crate) mod ecc;
pub(crate) mod ed25519;
pub(crate) mod ml_dsa;
pub(crate) mod ml_kem;
pub(crate) mod rsa;
pub(crate) mod sm2;
#[cfg(test)]
mod tests;

use std::fmt;

use keyward_model::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};

use crate::error::{
    BadKeyMaterial, EncryptError, GenerateKeyError, InvalidCiphertext, InvalidPublicKey,
    InvalidSignature, ModuleFailure, SignError,
};
use crate::secret::{KeyMaterial, Plaintext, Secret};

use ecc::{Curve, EccKey};
use ed25519::Ed25519Key;
use ml_dsa::{MlDsa, MlDsaKey};
use ml_kem::{MlKem, MlKemKey};
use rsa::{Modulus, RsaKey};
use sm2::Sm2Key;

/// What is signed: `Message` with its `MessageType`.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// The message itself: `RAW`.
    Raw(&'a [u8]),
    /// Its digest, as long as the algorithm's hash: `DIGEST`.
    Digest(&'a [u8]),
    /// The 64-byte message representative of ML-DSA: `EXTERNAL_MU`.
    ExternalMu(&'a [u8]),
}

/// One version of an asymmetric KMS key's material, parsed once.
pub struct AsymmetricKey {
    spec: KeySpec,
    kind: Kind,
}

/// The parsed key. Each kind takes the algorithms of its own specs only.
enum Kind {
    Ecc(EccKey),
    Ed25519(Ed25519Key),
    MlDsa(MlDsaKey),
    MlKem(MlKemKey),
    Rsa(Box<RsaKey>),
    Sm2(Box<Sm2Key>),
}

/// A private key in its stored encoding and its public key, fresh.
pub(crate) struct Encoded {
    pub(crate) private_key: Secret,
    pub(crate) public_key: Vec<u8>,
}

impl AsymmetricKey {
    /// Fresh material in its stored encoding. RSA takes up to seconds: not for an async thread.
    pub fn generate(spec: KeySpec) -> Result<KeyMaterial, GenerateKeyError> {
        generate(spec).map(|encoded| KeyMaterial::from(encoded.private_key))
    }

    /// Parses material in its stored encoding, and checks it.
    pub fn load(spec: KeySpec, material: &KeyMaterial) -> Result<Self, BadKeyMaterial> {
        let encoded = material.expose();
        let kind = if let Some(modulus) = Modulus::of(spec) {
            Kind::Rsa(Box::new(RsaKey::load(modulus, encoded)?))
        } else if let Some(curve) = Curve::of(spec) {
            Kind::Ecc(EccKey::load(curve, encoded)?)
        } else if let Some(set) = MlDsa::of(spec) {
            Kind::MlDsa(MlDsaKey::load(set, encoded)?)
        } else if let Some(set) = MlKem::of(spec) {
            Kind::MlKem(MlKemKey::load(set, encoded)?)
        } else if spec == KeySpec::EccNistEdwards25519 {
            Kind::Ed25519(Ed25519Key::load(encoded)?)
        } else if spec == KeySpec::Sm2 {
            Kind::Sm2(Box::new(Sm2Key::load(encoded)?))
        } else {
            return Err(BadKeyMaterial);
        };
        Ok(Self { spec, kind })
    }

    /// What the key is made of.
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The public key: DER `SubjectPublicKeyInfo`.
    pub fn public_key(&self) -> &[u8] {
        match &self.kind {
            Kind::Ecc(key) => key.public_key(),
            Kind::Ed25519(key) => key.public_key(),
            Kind::MlDsa(key) => key.public_key(),
            Kind::MlKem(key) => key.public_key(),
            Kind::Rsa(key) => key.public_key(),
            Kind::Sm2(key) => key.public_key(),
        }
    }

    /// Signs a message; the answer is encoded as the API has it.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, SignError> {
        match &self.kind {
            Kind::Ecc(key) => key.sign(algorithm, message),
            Kind::Ed25519(key) => key.sign(algorithm, message),
            Kind::MlDsa(key) => key.sign(algorithm, message),
            Kind::MlKem(_) => Err(SignError::NotApplicable),
            Kind::Rsa(key) => key.sign(algorithm, message),
            Kind::Sm2(key) => key.sign(algorithm, message),
        }
    }

    /// Checks a signature. One that is no signature at all is as invalid as a wrong one.
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        match &self.kind {
            Kind::Ecc(key) => key.verify(algorithm, message, signature),
            Kind::Ed25519(key) => key.verify(algorithm, message, signature),
            Kind::MlDsa(key) => key.verify(algorithm, message, signature),
            Kind::MlKem(_) => Err(InvalidSignature),
            Kind::Rsa(key) => key.verify(algorithm, message, signature),
            Kind::Sm2(key) => key.verify(algorithm, message, signature),
        }
    }

    /// Encrypts to the public key.
    pub fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &Plaintext,
    ) -> Result<Vec<u8>, EncryptError> {
        match &self.kind {
            Kind::Rsa(key) => key.encrypt(algorithm, plaintext),
            Kind::Sm2(key) => key.encrypt(algorithm, plaintext),
            _ => Err(EncryptError::NotApplicable),
        }
    }

    /// Decrypts. Every defect is the same error.
    pub fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Plaintext, InvalidCiphertext> {
        match &self.kind {
            Kind::Rsa(key) => key.decrypt(algorithm, ciphertext).map(Plaintext::from),
            Kind::Sm2(key) => key.decrypt(algorithm, ciphertext).map(Plaintext::from),
            _ => Err(InvalidCiphertext),
        }
    }

    /// Agrees on a secret with `peer`, a DER `SubjectPublicKeyInfo` that names the same curve: the
    /// raw x-coordinate in its fixed width (SP 800-56A, 5.7.1.2). No key derivation follows.
    pub fn derive_shared_secret(&self, peer: &[u8]) -> Result<Plaintext, InvalidPublicKey> {
        match &self.kind {
            Kind::Ecc(key) => key.agree(peer),
            Kind::Sm2(key) => key.agree(peer),
            _ => Err(InvalidPublicKey),
        }
    }

    /// Makes a shared secret and its encapsulation to the public key.
    pub fn encapsulate(&self) -> Result<(Vec<u8>, Plaintext), ModuleFailure> {
        match &self.kind {
            Kind::MlKem(key) => key.encapsulate(),
            _ => Err(ModuleFailure),
        }
    }

    /// Opens an encapsulation. Only a wrong length is an error: FIPS 203 rejects implicitly.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<Plaintext, InvalidCiphertext> {
        match &self.kind {
            Kind::MlKem(key) => key.decapsulate(ciphertext),
            _ => Err(InvalidCiphertext),
        }
    }
}

impl fmt::Debug for AsymmetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsymmetricKey({})", self.spec)
    }
}

/// The longest plaintext an algorithm takes with a key of this spec; 0 if they do not fit.
pub const fn encrypt_bytes_max(spec: KeySpec, algorithm: EncryptionAlgorithm) -> usize {
    match (Modulus::of(spec), rsa::oaep_hash_bytes(algorithm)) {
        (Some(modulus), Some(hash_bytes)) => modulus.bytes() - 2 * hash_bytes - 2,
        _ => match (spec, algorithm) {
            (KeySpec::Sm2, EncryptionAlgorithm::Sm2pke) => sm2::PLAINTEXT_BYTES_MAX,
            (KeySpec::SymmetricDefault, EncryptionAlgorithm::SymmetricDefault) => 4096,
            _ => 0,
        },
    }
}

/// What GenerateDataKeyPair hands out. No KMS key ever has this material.
pub struct DataKeyPair {
    /// PKCS#8, in the same form as stored keys.
    pub private_key: Plaintext,
    /// DER `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

impl DataKeyPair {
    /// A fresh pair of a `DataKeyPairSpec`.
    pub fn generate(spec: KeySpec) -> Result<Self, GenerateKeyError> {
        if !spec.is_for_data_key_pairs() {
            return Err(GenerateKeyError::NotOffered);
        }
        let Encoded { private_key, public_key } = generate(spec)?;
        Ok(Self { private_key: Plaintext::from(private_key), public_key })
    }
}

impl KeyMaterial {
    /// Fresh material of any spec, in its stored encoding.
    pub fn generate_for(spec: KeySpec) -> Result<Self, GenerateKeyError> {
        match symmetric_bytes(spec) {
            Some(len) => Self::generate(len).map_err(|_| ModuleFailure.into()),
            None => AsymmetricKey::generate(spec),
        }
    }
}

/// The length of generated material without a public key: for HMAC, that of the hash.
const fn symmetric_bytes(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::SymmetricDefault | KeySpec::Hmac256 => Some(32),
        KeySpec::Hmac224 => Some(28),
        KeySpec::Hmac384 => Some(48),
        KeySpec::Hmac512 => Some(64),
        _ => None,
    }
}

fn generate(spec: KeySpec) -> Result<Encoded, GenerateKeyError> {
    if let Some(modulus) = Modulus::of(spec) {
        Ok(RsaKey::generate(modulus)?)
    } else if let Some(curve) = Curve::of(spec) {
        Ok(EccKey::generate(curve)?)
    } else if let Some(set) = MlDsa::of(spec) {
        Ok(MlDsaKey::generate(set)?)
    } else if let Some(set) = MlKem::of(spec) {
        Ok(MlKemKey::generate(set)?)
    } else if spec == KeySpec::EccNistEdwards25519 {
        Ok(Ed25519Key::generate()?)
    } else if spec == KeySpec::Sm2 {
        Ok(Sm2Key::generate()?)
    } else {
        Err(GenerateKeyError::NotOffered)
    }
}
