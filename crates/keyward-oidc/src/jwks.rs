//! The public keys of an issuer: a JSON Web Key Set (RFC 7517).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::token::Algorithm;

/// The longest key set taken.
pub(crate) const KEY_SET_BYTES_MAX: usize = 256 << 10;
/// The most keys looked at.
const KEYS_MAX: usize = 256;

/// The public keys of an issuer.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Text that is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON web key set")]
pub struct NotAKeySet;

/// A key that signatures can be verified with.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    P521(Vec<u8>),
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a key set. Keys of other kinds, for other uses or that cannot be read are passed over,
    /// as RFC 7517, 5 asks.
    pub fn parse(json: &[u8]) -> Result<Self, NotAKeySet> {
        if json.len() > KEY_SET_BYTES_MAX {
            return Err(NotAKeySet);
        }
        let set: RawSet = serde_json::from_slice(json).map_err(|_| NotAKeySet)?;
        if set.keys.len() > KEYS_MAX {
            return Err(NotAKeySet);
        }
        let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        Ok(Self { keys: keys.filter_map(Key::of).collect() })
    }

    /// The keys a token may have been signed with: those of its key id or, of a token without one,
    /// those that fit its algorithm.
    pub(crate) fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &Key> {
        let has_id = move |key: &&Key| id.is_none() || key.id.as_deref() == id;
        self.keys.iter().filter(has_id).filter(move |key| key.is_for(algorithm))
    }

    /// Whether there is a key of this id, or any when none is named.
    pub(crate) fn holds(&self, id: Option<&str>) -> bool {
        self.keys.iter().any(|key| id.is_none() || key.id.as_deref() == id)
    }
}

impl Key {
    fn of(raw: RawKey) -> Option<Self> {
        if raw.usage.is_some_and(|usage| usage != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match (raw.kty.as_str(), raw.crv.as_deref()) {
            ("RSA", _) => Material::rsa(&bytes(raw.n)?, &bytes(raw.e)?),
            ("EC", Some("P-256")) => Material::P256(point(32, &bytes(raw.x)?, &bytes(raw.y)?)?),
            ("EC", Some("P-384")) => Material::P384(point(48, &bytes(raw.x)?, &bytes(raw.y)?)?),
            ("EC", Some("P-521")) => Material::P521(point(66, &bytes(raw.x)?, &bytes(raw.y)?)?),
            _ => return None,
        };
        Some(Self { id: raw.kid, algorithm: raw.alg, material })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        if self.algorithm.as_deref().is_some_and(|name| name != algorithm.name()) {
            return false;
        }
        matches!(
            (algorithm, &self.material),
            (Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512, Material::Rsa { .. })
                | (Algorithm::Es256, Material::P256(_))
                | (Algorithm::Es384, Material::P384(_))
                | (Algorithm::Es512, Material::P521(_))
        )
    }

    /// Whether the signature is this key's. RSA keys are of 2048 bits at least.
    pub(crate) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let rsa = |parameters| match &self.material {
            Material::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, signed, signature).is_ok()
            }
            _ => false,
        };
        match (algorithm, &self.material) {
            (Algorithm::Rs256, _) => rsa(&RSA_PKCS1_2048_8192_SHA256),
            (Algorithm::Rs384, _) => rsa(&RSA_PKCS1_2048_8192_SHA384),
            (Algorithm::Rs512, _) => rsa(&RSA_PKCS1_2048_8192_SHA512),
            (Algorithm::Es256, Material::P256(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(signed, signature)
                    .is_ok()
            }
            (Algorithm::Es384, Material::P384(point)) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
                    .verify(signed, signature)
                    .is_ok()
            }
            (Algorithm::Es512, Material::P521(point)) => {
                UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point)
                    .verify(signed, signature)
                    .is_ok()
            }
            _ => false,
        }
    }
}

impl Material {
    fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        // Some issuers write a sign byte, which RFC 7518, 6.3.1.1 asks to leave out.
        let bare = |bytes: &[u8]| {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            bytes.get(zeros..).unwrap_or_default().to_vec()
        };
        Self::Rsa { modulus: bare(modulus), exponent: bare(exponent) }
    }
}

/// The uncompressed form of a point.
fn point(coordinate_bytes: usize, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let fits = x.len() == coordinate_bytes && y.len() == coordinate_bytes;
    fits.then(|| [&[4], x, y].concat())
}
