//! The key pair: where it comes from and how it is written.

use sm2::dsa::VerifyingKey;
use sm2::{FieldBytes, PublicKey, Scalar, SecretKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoding;
use crate::error::InvalidKey;
use crate::import;

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
        let mut scalar = Zeroizing::new(FieldBytes::default());
        loop {
            fill(&mut scalar)?;
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

    /// Reads another program's key: PKCS#8 in DER or BER, with the public key or without.
    ///
    /// The curve is named, in the algorithm and, if there too, in the key. A public key that stands
    /// there is this key's own, in any of its forms.
    pub fn from_imported(pkcs8: &[u8]) -> Result<Self, InvalidKey> {
        let imported = import::parse(pkcs8)?;
        let key = Self::from_scalar(&imported.scalar)?;
        match imported.point {
            Some(point) if !encoding::is_same_point(&point, &key.point()) => Err(InvalidKey),
            _ => Ok(key),
        }
    }

    /// The stored form: PKCS#8 v1 with the public key, the curve named in the algorithm only.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let scalar = Zeroizing::new(self.secret.to_bytes());
        encoding::pkcs8(&scalar, &self.point())
    }

    /// The public key as SubjectPublicKeyInfo.
    pub fn public_key_spki(&self) -> Vec<u8> {
        encoding::spki(&self.point())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from(&self.verifying)
    }

    /// Only scalars in [1, n-2]: with n-1 there are no signatures, as d + 1 has no inverse.
    fn from_scalar(scalar: &FieldBytes) -> Result<Self, InvalidKey> {
        let secret = SecretKey::from_bytes(scalar).map_err(|_| InvalidKey)?;
        if bool::from((*secret.to_nonzero_scalar() + Scalar::ONE).is_zero()) {
            return Err(InvalidKey);
        }
        let verifying =
            VerifyingKey::new(DEFAULT_ID, secret.public_key()).map_err(|_| InvalidKey)?;
        Ok(Self { secret, verifying })
    }

    /// The public point, uncompressed.
    fn point(&self) -> Box<[u8]> {
        self.verifying.to_sec1_bytes()
    }
}
