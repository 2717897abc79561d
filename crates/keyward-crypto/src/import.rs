//! Importing key material: the wrapping key of one import, and what comes out of it.
//!
//! GetParametersForImport makes a wrapping key and hands out its public half; ImportKeyMaterial
//! loads the private half and unwraps. Material arrives in any encoding its standard allows and
//! leaves in the one stored encoding of its spec. This module knows no token, no expiry and no key.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>

use keyward_model::{EncryptionAlgorithm, KeySpec, WrappingAlgorithm, WrappingKeySpec};

use crate::asymmetric::AsymmetricKey;
use crate::error::{BadKeyMaterial, GenerateKeyError, ImportError};
use crate::secret::{KeyMaterial, Secret};

/// The private half of the key that material is wrapped under, for one key and one day.
pub struct WrappingKey(AsymmetricKey);

impl WrappingKey {
    /// A fresh wrapping key: the private half as PKCS#8, for the caller to seal, and the public
    /// half as DER `SubjectPublicKeyInfo`. Takes up to seconds: not for an async thread.
    pub fn generate(spec: WrappingKeySpec) -> Result<(Secret, Vec<u8>), GenerateKeyError> {
        crate::asymmetric::generate_wrapping(key_spec(spec))
    }

    /// Parses the private half that [`WrappingKey::generate`] made.
    pub fn load(private_key: &Secret) -> Result<Self, BadKeyMaterial> {
        // The sizes lie far apart; loading checks what is really there.
        let spec = match private_key.len() {
            ..1000 => WrappingKeySpec::Sm2,
            1000..1500 => WrappingKeySpec::Rsa2048,
            1500..2100 => WrappingKeySpec::Rsa3072,
            _ => WrappingKeySpec::Rsa4096,
        };
        AsymmetricKey::parse(key_spec(spec), private_key.expose()).map(Self)
    }

    /// Unwraps material of `spec` and gives it in its stored encoding.
    pub fn unwrap(
        &self,
        algorithm: WrappingAlgorithm,
        wrapped: &[u8],
        spec: KeySpec,
    ) -> Result<KeyMaterial, ImportError> {
        let _ = (algorithm, wrapped, spec, &self.0, EncryptionAlgorithm::RsaesOaepSha1);
        Err(ImportError::Ciphertext)
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
        A::Sm2pke => is_china && is_sm2 && is_importable(spec, is_china),
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

const fn key_spec(spec: WrappingKeySpec) -> KeySpec {
    match spec {
        WrappingKeySpec::Rsa2048 => KeySpec::Rsa2048,
        WrappingKeySpec::Rsa3072 => KeySpec::Rsa3072,
        WrappingKeySpec::Rsa4096 => KeySpec::Rsa4096,
        WrappingKeySpec::Sm2 => KeySpec::Sm2,
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
