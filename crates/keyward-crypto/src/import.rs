//! Importing key material: the wrapping key of one import, and what comes out of it.
//!
//! GetParametersForImport makes a wrapping key and hands out its public half; ImportKeyMaterial
//! loads the private half and unwraps. Material arrives in any encoding its standard allows and
//! leaves in the one stored encoding of its spec. This module knows no token, no expiry and no key.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>

mod key_wrap;
mod known;
pub(crate) mod material;
#[cfg(test)]
mod tests;

use keyward_model::{EncryptionAlgorithm, KeySpec, WrappingAlgorithm, WrappingKeySpec};

use crate::asymmetric::Encoded;
use crate::asymmetric::rsa::{Modulus, RsaKey};
use crate::asymmetric::sm2::Sm2Key;
use crate::error::{BadKeyMaterial, GenerateKeyError, ImportError, InvalidCiphertext};
use crate::secret::{KeyMaterial, Secret};

/// The most that ImportKeyMaterial carries (`CiphertextType`).
const WRAPPED_BYTES_MAX: usize = 6144;

/// The private half of the key that material is wrapped under, for one key and one day.
pub struct WrappingKey(Private);

enum Private {
    Rsa(Box<RsaKey>),
    Sm2(Box<Sm2Key>),
}

impl WrappingKey {
    /// A fresh wrapping key: the private half as PKCS#8, for the caller to seal, and the public
    /// half as DER `SubjectPublicKeyInfo`. Takes up to seconds: not for an async thread.
    pub fn generate(spec: WrappingKeySpec) -> Result<(Secret, Vec<u8>), GenerateKeyError> {
        let Encoded { private_key, public_key } = match modulus(spec) {
            Some(modulus) => RsaKey::generate(modulus)?,
            None => Sm2Key::generate()?,
        };
        Ok((private_key, public_key))
    }

    /// Parses the private half that [`WrappingKey::generate`] made.
    pub fn load(private_key: &Secret) -> Result<Self, BadKeyMaterial> {
        // The sizes lie far apart; loading checks what is really there.
        let encoded = private_key.expose();
        let modulus = match encoded.len() {
            ..500 => return Ok(Self(Private::Sm2(Box::new(Sm2Key::load(encoded)?)))),
            500..1500 => Modulus::Bits2048,
            1500..2100 => Modulus::Bits3072,
            _ => Modulus::Bits4096,
        };
        Ok(Self(Private::Rsa(Box::new(RsaKey::load(modulus, encoded)?))))
    }

    /// Unwraps material of `spec` and gives it in its stored encoding.
    pub fn unwrap(
        &self,
        algorithm: WrappingAlgorithm,
        wrapped: &[u8],
        spec: KeySpec,
    ) -> Result<KeyMaterial, ImportError> {
        if wrapped.len() > WRAPPED_BYTES_MAX {
            return Err(ImportError::Ciphertext);
        }
        let (encryption, is_two_step) = match algorithm {
            WrappingAlgorithm::RsaesOaepSha1 => (EncryptionAlgorithm::RsaesOaepSha1, false),
            WrappingAlgorithm::RsaesOaepSha256 => (EncryptionAlgorithm::RsaesOaepSha256, false),
            WrappingAlgorithm::RsaAesKeyWrapSha1 => (EncryptionAlgorithm::RsaesOaepSha1, true),
            WrappingAlgorithm::RsaAesKeyWrapSha256 => (EncryptionAlgorithm::RsaesOaepSha256, true),
            WrappingAlgorithm::Sm2pke => (EncryptionAlgorithm::Sm2pke, false),
            WrappingAlgorithm::RsaesPkcs1V15 => return Err(ImportError::Ciphertext),
        };
        let unwrapped = if is_two_step {
            self.unwrap_in_two_steps(encryption, wrapped)?
        } else {
            self.decrypt(encryption, wrapped)?
        };
        material::read(spec, unwrapped)
    }

    /// `CKM_RSA_AES_KEY_WRAP` of PKCS#11: an AES key under the RSA key, the material under that.
    fn unwrap_in_two_steps(
        &self,
        encryption: EncryptionAlgorithm,
        wrapped: &[u8],
    ) -> Result<Secret, ImportError> {
        let Private::Rsa(rsa) = &self.0 else { return Err(ImportError::Ciphertext) };
        let (wrapped_key, wrapped) =
            wrapped.split_at_checked(rsa.modulus().bytes()).ok_or(ImportError::Ciphertext)?;
        let key = self.decrypt(encryption, wrapped_key)?;
        key_wrap::unwrap(key.expose(), wrapped).map_err(|_| ImportError::Ciphertext)
    }

    fn decrypt(
        &self,
        encryption: EncryptionAlgorithm,
        wrapped: &[u8],
    ) -> Result<Secret, ImportError> {
        let decrypted = match &self.0 {
            Private::Rsa(key) => key.decrypt(encryption, wrapped),
            Private::Sm2(key) => key.decrypt(encryption, wrapped),
        };
        decrypted.map_err(|InvalidCiphertext| ImportError::Ciphertext)
    }
}

/// Whether material of `spec` may be wrapped like this. What cannot be imported at all never may.
pub fn wrapping_is_offered(
    algorithm: WrappingAlgorithm,
    wrapping_key_spec: WrappingKeySpec,
    spec: KeySpec,
    is_china: bool,
) -> bool {
    use WrappingAlgorithm as A;
    let is_sm2 = wrapping_key_spec == WrappingKeySpec::Sm2;
    match algorithm {
        A::RsaesPkcs1V15 => false,
        A::Sm2pke => is_china && is_sm2 && (is_rsa(spec) || is_ecc(spec) || spec == KeySpec::Sm2),
        A::RsaAesKeyWrapSha1 | A::RsaAesKeyWrapSha256 => {
            !is_china && !is_sm2 && (is_rsa(spec) || is_ecc(spec))
        }
        A::RsaesOaepSha1 | A::RsaesOaepSha256 => {
            let is_too_long =
                spec == KeySpec::EccNistP521 && wrapping_key_spec == WrappingKeySpec::Rsa2048;
            !is_sm2 && is_importable(spec, is_china) && !is_rsa(spec) && !is_too_long
        }
    }
}

const fn modulus(spec: WrappingKeySpec) -> Option<Modulus> {
    match spec {
        WrappingKeySpec::Rsa2048 => Some(Modulus::Bits2048),
        WrappingKeySpec::Rsa3072 => Some(Modulus::Bits3072),
        WrappingKeySpec::Rsa4096 => Some(Modulus::Bits4096),
        WrappingKeySpec::Sm2 => None,
    }
}

fn is_importable(spec: KeySpec, is_china: bool) -> bool {
    match spec {
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512 => true,
        KeySpec::Sm2 => is_china,
        _ => is_rsa(spec) || is_ecc(spec),
    }
}

fn is_rsa(spec: KeySpec) -> bool {
    matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096)
}

fn is_ecc(spec: KeySpec) -> bool {
    matches!(
        spec,
        KeySpec::EccNistP256
            | KeySpec::EccNistP384
            | KeySpec::EccNistP521
            | KeySpec::EccSecgP256k1
            | KeySpec::EccNistEdwards25519
    )
}
