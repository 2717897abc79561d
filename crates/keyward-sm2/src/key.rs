//! The key pair: where it comes from and how it is written.

use sm2::dsa::VerifyingKey;
use sm2::{PublicKey, Scalar, SecretKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoding;
use crate::error::InvalidKey;

/// The signer's identity when none was agreed: GM/T 0009, 10.
pub(crate) const DEFAULT_ID: &str = "1234567812345678";

/// A private key with its public key.
///
/// The secret is wiped on drop. Deliberately absent: `Clone`, `Debug`, `PartialEq`.
pub struct Sm2Key {
    pub(crate) secret: SecretKey,
    /// With the hash `Z` of the default identity and the public key.
    pub(crate) verifying: VerifyingKey,
}

impl Sm2Key {
    /// A fresh key: the first of `fill`'s draws that lies in [1, n-2].
    pub fn generate<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut scalar = Zeroizing::new([0; 32]);
        loop {
            fill(scalar.as_mut_slice())?;
            if let Ok(key) = Self::from_scalar(&scalar) {
                return Ok(key);
            }
        }
    }

    /// Reads what [`Sm2Key::to_pkcs8`] wrote, and nothing else.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, InvalidKey> {
        let key = Self::from_scalar(encoding::pkcs8_scalar(der)?)?;
        if bool::from(key.to_pkcs8().ct_eq(der)) { Ok(key) } else { Err(InvalidKey) }
    }

    /// The key with this scalar, big-endian. Only scalars in [1, n-2] are keys: with n-1 there are
    /// no signatures, as d + 1 has no inverse.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, InvalidKey> {
        let secret = SecretKey::from_slice(scalar).map_err(|_| InvalidKey)?;
        if bool::from((*secret.to_nonzero_scalar() + Scalar::ONE).is_zero()) {
            return Err(InvalidKey);
        }
        let verifying =
            VerifyingKey::new(DEFAULT_ID, secret.public_key()).map_err(|_| InvalidKey)?;
        Ok(Self { secret, verifying })
    }

    /// The stored form: PKCS#8 v1 with the public key, the curve named in the algorithm only.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let scalar = Zeroizing::new(self.secret.to_bytes());
        encoding::pkcs8(&scalar, &self.public_point())
    }

    /// The public key as SubjectPublicKeyInfo.
    pub fn public_key_spki(&self) -> Vec<u8> {
        encoding::spki(&self.public_point())
    }

    /// The public key as a point, uncompressed: 04, x, y.
    pub fn public_point(&self) -> Vec<u8> {
        self.verifying.to_sec1_bytes().into_vec()
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from(&self.verifying)
    }
}
