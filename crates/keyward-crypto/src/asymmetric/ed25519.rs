//! Ed25519 (RFC 8032): pure over messages, pre-hashed over digests.

#[cfg(test)]
mod tests;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use keyward_lc::{Ed25519phKey, verify_ed25519ph};
use keyward_model::SigningAlgorithm;
use zeroize::Zeroizing;

use super::{Encoded, Message};
use crate::error::{BadKeyMaterial, InvalidSignature, ModuleFailure, SignError};
use crate::secret::Secret;

/// What stands before the seed in the stored encoding: RFC 8410, version 0, no public key.
const PKCS8_FRAME: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// What stands before the public key in a `SubjectPublicKeyInfo`.
const SPKI_FRAME: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

const SEED_BYTES: usize = 32;

/// The digest that `ED25519_PH_SHA_512` takes.
const DIGEST_BYTES: usize = 64;

/// A private key, ready for both variants.
pub(crate) struct Ed25519Key {
    public_key: Vec<u8>,
    pure: Ed25519KeyPair,
    prehashing: Ed25519phKey,
}

impl Ed25519Key {
    pub(super) fn generate() -> Result<Encoded, ModuleFailure> {
        let key = Ed25519KeyPair::generate().map_err(|_| ModuleFailure)?;
        let pkcs8 = key.to_pkcs8v1().map_err(|_| ModuleFailure)?;
        Ok(Encoded { private_key: Secret::new(pkcs8.as_ref().to_vec()), public_key: spki(&key) })
    }

    /// The stored encoding has one form: AWS-LC reads others, which are not to be found in a store.
    pub(crate) fn load(pkcs8: &[u8]) -> Result<Self, BadKeyMaterial> {
        let seed = pkcs8.strip_prefix(PKCS8_FRAME).ok_or(BadKeyMaterial)?;
        let seed: &[u8; SEED_BYTES] = seed.try_into().map_err(|_| BadKeyMaterial)?;
        let pure = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadKeyMaterial)?;
        Ok(Self { public_key: spki(&pure), pure, prehashing: Ed25519phKey::from_seed(seed) })
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, SignError> {
        match (algorithm, message) {
            (SigningAlgorithm::Ed25519Sha512, Message::Raw(message)) => {
                let signature = self.pure.try_sign(message).map_err(|_| ModuleFailure)?;
                Ok(signature.as_ref().to_vec())
            }
            // WIRE: the digest is the message of Ed25519ph and is hashed once more.
            (SigningAlgorithm::Ed25519PhSha512, Message::Digest(digest))
                if digest.len() == DIGEST_BYTES =>
            {
                let signature = self.prehashing.sign(digest).map_err(|_| ModuleFailure)?;
                Ok(signature.to_vec())
            }
            _ => Err(SignError::NotApplicable),
        }
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        verify(self.pure.public_key().as_ref(), algorithm, message, signature)
    }
}

/// The stored encoding of the private key with this seed. Every seed of 32 bytes has one.
pub(crate) fn encode_seed(seed: &[u8]) -> Result<Secret, BadKeyMaterial> {
    if seed.len() != SEED_BYTES {
        return Err(BadKeyMaterial);
    }
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(PKCS8_FRAME.len() + SEED_BYTES));
    pkcs8.extend_from_slice(PKCS8_FRAME);
    pkcs8.extend_from_slice(seed);
    Ok(Secret::from(pkcs8))
}

/// Under a raw public key: there is nothing in it worth keeping parsed.
fn verify(
    public_key: &[u8],
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    match (algorithm, message) {
        (SigningAlgorithm::Ed25519Sha512, Message::Raw(message)) => {
            let key = UnparsedPublicKey::new(&ED25519, public_key);
            key.verify(message, signature).map_err(|_| InvalidSignature)
        }
        (SigningAlgorithm::Ed25519PhSha512, Message::Digest(digest))
            if digest.len() == DIGEST_BYTES =>
        {
            let public_key = public_key.try_into().map_err(|_| InvalidSignature)?;
            let signature = signature.try_into().map_err(|_| InvalidSignature)?;
            let is_valid = verify_ed25519ph(public_key, digest, signature);
            is_valid.then_some(()).ok_or(InvalidSignature)
        }
        _ => Err(InvalidSignature),
    }
}

fn spki(key: &Ed25519KeyPair) -> Vec<u8> {
    [SPKI_FRAME, key.public_key().as_ref()].concat()
}
