//! SM2 (GM/T 0003): SM2DSA with SM3, SM2PKE, and ECDH on its curve. AWS-LC has none of it, so only
//! the randomness is AWS-LC's.

#[cfg(test)]
mod tests;

use keyward_model::{EncryptionAlgorithm, SigningAlgorithm};

use super::{Encoded, Message};
use crate::error::{
    BadKeyMaterial, EncryptError, InvalidCiphertext, InvalidPublicKey, InvalidSignature,
    ModuleFailure, SignError,
};
use crate::random;
use crate::secret::{Plaintext, Secret};

/// The content of the curve's object identifier, 1.2.156.10197.1.301.
pub(crate) const CURVE_OID: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];
/// The length of a scalar and of a coordinate.
pub(crate) const COORDINATE_BYTES: usize = 32;

/// The longest plaintext that SM2PKE takes here.
pub(super) const PLAINTEXT_BYTES_MAX: usize = keyward_sm2::PLAINTEXT_BYTES_MAX;

/// A private key.
pub(crate) struct Sm2Key {
    key: keyward_sm2::Sm2Key,
    public_key: Vec<u8>,
}

impl Sm2Key {
    pub(crate) fn generate() -> Result<Encoded, ModuleFailure> {
        let key = keyward_sm2::Sm2Key::generate(random::fill)?;
        Ok(Encoded { private_key: Secret::from(key.to_pkcs8()), public_key: key.public_key_spki() })
    }

    pub(crate) fn load(pkcs8: &[u8]) -> Result<Self, BadKeyMaterial> {
        let key = keyward_sm2::Sm2Key::from_pkcs8(pkcs8).map_err(|_| BadKeyMaterial)?;
        let public_key = key.public_key_spki();
        Ok(Self { key, public_key })
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// A digest is SM3(Z ‖ message): whoever signs digests knows Z.
    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, SignError> {
        if algorithm != SigningAlgorithm::Sm2dsa {
            return Err(SignError::NotApplicable);
        }
        let signature = match message {
            Message::Raw(message) => self.key.sign(message, random::fill),
            Message::Digest(digest) => {
                let digest = digest.try_into().map_err(|_| SignError::NotApplicable)?;
                self.key.sign_digest(digest, random::fill)
            }
            Message::ExternalMu(_) => return Err(SignError::NotApplicable),
        };
        Ok(signature?)
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if algorithm != SigningAlgorithm::Sm2dsa {
            return Err(InvalidSignature);
        }
        let is_valid = match message {
            Message::Raw(message) => self.key.verify(message, signature),
            Message::Digest(digest) => {
                let digest = digest.try_into().map_err(|_| InvalidSignature)?;
                self.key.verify_digest(digest, signature)
            }
            Message::ExternalMu(_) => false,
        };
        if is_valid { Ok(()) } else { Err(InvalidSignature) }
    }

    pub(super) fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &Plaintext,
    ) -> Result<Vec<u8>, EncryptError> {
        if algorithm != EncryptionAlgorithm::Sm2pke {
            return Err(EncryptError::NotApplicable);
        }
        self.key.encrypt(plaintext.expose(), random::fill).map_err(|error| match error {
            keyward_sm2::EncryptError::PlaintextLength => EncryptError::TooLong,
            keyward_sm2::EncryptError::Random(failure) => failure.into(),
        })
    }

    pub(crate) fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Secret, InvalidCiphertext> {
        if algorithm != EncryptionAlgorithm::Sm2pke {
            return Err(InvalidCiphertext);
        }
        self.key.decrypt(ciphertext).map(Secret::from).map_err(|_| InvalidCiphertext)
    }

    pub(super) fn agree(&self, peer: &[u8]) -> Result<Plaintext, InvalidPublicKey> {
        let x = self.key.derive_shared_secret(peer).map_err(|_| InvalidPublicKey)?;
        Ok(Plaintext::new(x.to_vec()))
    }
}

/// The stored encoding of the private key with this scalar, and its public key as an uncompressed
/// point.
pub(crate) fn encode_scalar(scalar: &[u8]) -> Result<(Secret, Vec<u8>), BadKeyMaterial> {
    let scalar = scalar.try_into().map_err(|_| BadKeyMaterial)?;
    let key = keyward_sm2::Sm2Key::from_scalar(scalar).map_err(|_| BadKeyMaterial)?;
    Ok((Secret::from(key.to_pkcs8()), key.public_point()))
}
