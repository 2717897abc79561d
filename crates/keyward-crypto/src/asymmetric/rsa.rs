//! RSA: RSASSA-PSS, RSASSA-PKCS1-v1_5 and RSAES-OAEP of RFC 8017.

use std::sync::OnceLock;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaParameters, RsaSignatureEncoding,
};
use keyward_model::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Encoded, Message};
use crate::error::{
    BadKeyMaterial, EncryptError, InvalidCiphertext, InvalidSignature, ModuleFailure, SignError,
};
use crate::secret::{Plaintext, Secret};

/// The size of a modulus.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modulus {
    Bits2048,
    Bits3072,
    Bits4096,
}

/// A private key with what its algorithms need.
///
/// A KMS key has one usage and most clients use one algorithm, so beyond the private key nothing is
/// parsed before its first use: a parsed key takes kilobytes.
pub(crate) struct RsaKey {
    modulus: Modulus,
    public: RsaPublicKey,
    private: KeyPair,
    decrypting: OnceLock<OaepPrivateDecryptingKey>,
}

/// The public half.
struct RsaPublicKey {
    spki: Vec<u8>,
    verifying: [OnceLock<ParsedPublicKey>; SCHEMES],
    encrypting: OnceLock<OaepPublicEncryptingKey>,
}

const SCHEMES: usize = 6;

/// A signature scheme in AWS-LC's terms.
struct Scheme {
    /// Which of the verifying keys.
    index: usize,
    digest: &'static digest::Algorithm,
    signing: &'static RsaSignatureEncoding,
    verifying: &'static RsaParameters,
}

impl Modulus {
    pub(crate) const fn of(spec: KeySpec) -> Option<Self> {
        match spec {
            KeySpec::Rsa2048 => Some(Self::Bits2048),
            KeySpec::Rsa3072 => Some(Self::Bits3072),
            KeySpec::Rsa4096 => Some(Self::Bits4096),
            _ => None,
        }
    }

    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Bits2048 => 256,
            Self::Bits3072 => 384,
            Self::Bits4096 => 512,
        }
    }

    const fn size(self) -> KeySize {
        match self {
            Self::Bits2048 => KeySize::Rsa2048,
            Self::Bits3072 => KeySize::Rsa3072,
            Self::Bits4096 => KeySize::Rsa4096,
        }
    }
}

impl RsaKey {
    pub(crate) fn generate(modulus: Modulus) -> Result<Encoded, ModuleFailure> {
        let key = KeyPair::generate(modulus.size()).map_err(|_| ModuleFailure)?;
        Ok(Encoded { private_key: encode(&key)?, public_key: spki(&key)? })
    }

    pub(crate) fn load(modulus: Modulus, pkcs8: &[u8]) -> Result<Self, BadKeyMaterial> {
        let private = KeyPair::from_pkcs8(pkcs8).map_err(|_| BadKeyMaterial)?;
        // AWS-LC reads other encodings, and past the end, which is not to be found in a store.
        let stored = encode(&private).map_err(|_| BadKeyMaterial)?;
        if !bool::from(stored.expose().ct_eq(pkcs8)) {
            return Err(BadKeyMaterial);
        }
        let spki = spki(&private).map_err(|_| BadKeyMaterial)?;
        let public = RsaPublicKey::new(modulus, spki)?;
        Ok(Self { modulus, public, private, decrypting: OnceLock::new() })
    }

    pub(crate) fn modulus(&self) -> Modulus {
        self.modulus
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public.spki
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, SignError> {
        let scheme = Scheme::of(algorithm).ok_or(SignError::NotApplicable)?;
        let mut signature = vec![0; self.modulus.bytes()];
        let signed = match message {
            Message::Raw(message) => {
                let random = SystemRandom::new();
                self.private.sign(scheme.signing, &random, message, &mut signature)
            }
            Message::Digest(digest) => {
                let digest = scheme.import(digest).ok_or(SignError::NotApplicable)?;
                self.private.sign_digest(scheme.signing, &digest, &mut signature)
            }
            Message::ExternalMu(_) => return Err(SignError::NotApplicable),
        };
        signed.map_err(|_| ModuleFailure)?;
        Ok(signature)
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.public.verify(algorithm, message, signature)
    }

    pub(super) fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &Plaintext,
    ) -> Result<Vec<u8>, EncryptError> {
        self.public.encrypt(algorithm, plaintext)
    }

    pub(crate) fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Secret, InvalidCiphertext> {
        let oaep = oaep(algorithm).ok_or(InvalidCiphertext)?;
        let key =
            kept(&self.decrypting, || decrypting(&self.private)).map_err(|_| InvalidCiphertext)?;
        let mut plaintext = Zeroizing::new(vec![0; key.min_output_size()]);
        let opened = key.decrypt(oaep, ciphertext, &mut plaintext, None);
        let len = opened.map_err(|_| InvalidCiphertext)?.len();
        plaintext.truncate(len);
        Ok(Secret::from(plaintext))
    }
}

impl RsaPublicKey {
    fn new(modulus: Modulus, spki: Vec<u8>) -> Result<Self, BadKeyMaterial> {
        let parsed = PublicEncryptingKey::from_der(&spki).map_err(|_| BadKeyMaterial)?;
        // In bits: a modulus with leading zero bits belongs to no spec.
        if parsed.key_size_bits() != modulus.bytes() * 8 {
            return Err(BadKeyMaterial);
        }
        let verifying = [const { OnceLock::new() }; SCHEMES];
        Ok(Self { spki, verifying, encrypting: OnceLock::new() })
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let scheme = Scheme::of(algorithm).ok_or(InvalidSignature)?;
        let cell = self.verifying.get(scheme.index).ok_or(InvalidSignature)?;
        let key = kept(cell, || ParsedPublicKey::new(scheme.verifying, &self.spki))
            .map_err(|_| InvalidSignature)?;
        let verified = match message {
            Message::Raw(message) => key.verify_sig(message, signature),
            Message::Digest(digest) => {
                let digest = scheme.import(digest).ok_or(InvalidSignature)?;
                key.verify_digest_sig(&digest, signature)
            }
            Message::ExternalMu(_) => return Err(InvalidSignature),
        };
        verified.map_err(|_| InvalidSignature)
    }

    fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &Plaintext,
    ) -> Result<Vec<u8>, EncryptError> {
        let oaep = oaep(algorithm).ok_or(EncryptError::NotApplicable)?;
        let key = kept(&self.encrypting, || {
            PublicEncryptingKey::from_der(&self.spki)
                .map_err(|_| ModuleFailure)
                .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(|_| ModuleFailure))
        })?;
        if plaintext.len() > key.max_plaintext_size(oaep) {
            return Err(EncryptError::TooLong);
        }
        let mut ciphertext = vec![0; key.ciphertext_size()];
        key.encrypt(oaep, plaintext.expose(), &mut ciphertext, None).map_err(|_| ModuleFailure)?;
        Ok(ciphertext)
    }
}

impl Scheme {
    fn of(algorithm: SigningAlgorithm) -> Option<Self> {
        use SigningAlgorithm as S;
        let (index, digest, signing, verifying) = match algorithm {
            S::RsassaPssSha256 => (0, &digest::SHA256, &RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256),
            S::RsassaPssSha384 => (1, &digest::SHA384, &RSA_PSS_SHA384, &RSA_PSS_2048_8192_SHA384),
            S::RsassaPssSha512 => (2, &digest::SHA512, &RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512),
            S::RsassaPkcs1V15Sha256 => {
                (3, &digest::SHA256, &RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256)
            }
            S::RsassaPkcs1V15Sha384 => {
                (4, &digest::SHA384, &RSA_PKCS1_SHA384, &RSA_PKCS1_2048_8192_SHA384)
            }
            S::RsassaPkcs1V15Sha512 => {
                (5, &digest::SHA512, &RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512)
            }
            _ => return None,
        };
        Some(Self { index, digest, signing, verifying })
    }

    /// The caller's digest; `None` unless it is as long as the hash.
    fn import(&self, digest: &[u8]) -> Option<Digest> {
        Digest::import_less_safe(digest, self.digest).ok()
    }
}

/// The length of the hash in OAEP, which MGF1 uses too.
pub(super) const fn oaep_hash_bytes(algorithm: EncryptionAlgorithm) -> Option<usize> {
    match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => Some(20),
        EncryptionAlgorithm::RsaesOaepSha256 => Some(32),
        _ => None,
    }
}

fn oaep(algorithm: EncryptionAlgorithm) -> Option<&'static OaepAlgorithm> {
    match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
        EncryptionAlgorithm::RsaesOaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
        _ => None,
    }
}

/// The stored encoding.
pub(crate) fn encode(key: &KeyPair) -> Result<Secret, ModuleFailure> {
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(|_| ModuleFailure)?;
    Ok(Secret::new(pkcs8.as_ref().to_vec()))
}

/// Whether a signature comes out right: AWS-LC checks its own and refuses to give out a wrong one.
/// What it checks of a key's numbers does not tell whether the factors are primes.
pub(crate) fn signs(key: &KeyPair) -> bool {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"", &mut signature).is_ok()
}

fn spki(key: &KeyPair) -> Result<Vec<u8>, ModuleFailure> {
    let public_key = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key())
        .map_err(|_| ModuleFailure)?;
    let spki: PublicKeyX509Der<'_> = public_key.as_der().map_err(|_| ModuleFailure)?;
    Ok(spki.as_ref().to_vec())
}

/// AWS-LC's binding has one type for signing and one for decrypting, with PKCS#8 between them.
fn decrypting(key: &KeyPair) -> Result<OaepPrivateDecryptingKey, ModuleFailure> {
    let pkcs8 = encode(key)?;
    let key = PrivateDecryptingKey::from_pkcs8(pkcs8.expose()).map_err(|_| ModuleFailure)?;
    OaepPrivateDecryptingKey::new(key).map_err(|_| ModuleFailure)
}

/// What the cell holds, made by the first who asks. Two who ask at once may both make it.
pub(super) fn kept<T, E>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}

#[cfg(test)]
mod tests;
