//! HMAC (FIPS 198-1) with the key material of a KMS key.

use std::fmt;

use aws_lc_rs::hmac;
use keyward_model::KeySpec;

use crate::error::BadKeyMaterial;
use crate::secret::KeyMaterial;

/// The longest HMAC key that may be imported: 1024 bits.
const KEY_BYTES_MAX: usize = 128;

/// One version of an HMAC key's material, ready for use.
pub struct MacKey {
    spec: KeySpec,
    key: hmac::Key,
}

impl MacKey {
    /// Prepares material. It is at least as long as the hash, as generated keys are, and at most
    /// 128 bytes, as imported ones may be.
    pub fn load(spec: KeySpec, material: &KeyMaterial) -> Result<Self, BadKeyMaterial> {
        let algorithm = algorithm(spec).ok_or(BadKeyMaterial)?;
        if !(algorithm.tag_len()..=KEY_BYTES_MAX).contains(&material.len()) {
            return Err(BadKeyMaterial);
        }
        Ok(Self { spec, key: hmac::Key::new(algorithm, material.expose()) })
    }

    /// The whole tag of a message.
    pub fn mac(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, message).as_ref().to_vec()
    }

    /// Whether `mac` is the whole tag of the message, in time that does not depend on where they
    /// differ. A tag of another length is a wrong one.
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.key, message, mac).is_ok()
    }
}

fn algorithm(spec: KeySpec) -> Option<hmac::Algorithm> {
    match spec {
        KeySpec::Hmac224 => Some(hmac::HMAC_SHA224),
        KeySpec::Hmac256 => Some(hmac::HMAC_SHA256),
        KeySpec::Hmac384 => Some(hmac::HMAC_SHA384),
        KeySpec::Hmac512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacKey({})", self.spec)
    }
}

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;
    use crate::vectors::cases;

    assert_not_impl_any!(MacKey: Clone, PartialEq, fmt::Display);

    const SPECS: [(KeySpec, usize); 4] = [
        (KeySpec::Hmac224, 28),
        (KeySpec::Hmac256, 32),
        (KeySpec::Hmac384, 48),
        (KeySpec::Hmac512, 64),
    ];

    fn load(spec: KeySpec, key: &[u8]) -> Result<MacKey, BadKeyMaterial> {
        MacKey::load(spec, &KeyMaterial::new(key.to_vec()))
    }

    #[test]
    fn the_published_vectors_hold() {
        for (spec, len) in SPECS {
            let (mut valid, mut invalid, mut too_short) = (0, 0, 0);
            for case in cases(&format!("hmac/sha{}.json", len * 8), 99) {
                let (bytes, message, tag) = (case.hex("key"), case.hex("msg"), case.hex("tag"));
                let Ok(key) = load(spec, &bytes) else {
                    assert!(bytes.len() < len, "{}", case.name());
                    too_short += 1;
                    continue;
                };
                // A truncated tag is right by the vectors, and no tag here.
                let is_tag = case.is_valid() && tag.len() == len;
                assert_eq!(key.verify(&message, &tag), is_tag, "{spec} {}", case.name());
                assert_eq!(key.mac(&message) == tag, is_tag, "{spec} {}", case.name());
                if is_tag { valid += 1 } else { invalid += 1 }
            }
            assert!(
                valid >= 30 && invalid >= 50 && too_short >= 6,
                "{valid} {invalid} {too_short}"
            );
        }
    }

    #[test]
    fn a_key_is_between_its_hash_and_128_bytes_long() {
        for (spec, len) in SPECS {
            for refused in [0, len - 1, 129, 1024] {
                assert_eq!(load(spec, &vec![7; refused]).err(), Some(BadKeyMaterial));
            }
            for taken in [len, len + 1, 128] {
                assert_eq!(load(spec, &vec![7; taken]).unwrap().mac(b"").len(), len);
            }
        }
        assert!(load(KeySpec::SymmetricDefault, &[7; 32]).is_err());
        assert!(load(KeySpec::EccNistP256, &[7; 64]).is_err());
    }

    #[test]
    fn a_tag_is_whole_and_exact() {
        for (spec, len) in SPECS {
            let key = load(spec, &vec![7; len]).unwrap();
            let tag = key.mac(b"message");
            assert!(key.verify(b"message", &tag));
            assert!(!key.verify(b"messagf", &tag));
            assert!(!key.verify(b"message", &[]));
            assert!(!key.verify(b"message", &tag[..len - 1]));
            assert!(!key.verify(b"message", &[tag.as_slice(), &[0]].concat()));
            for bit in 0..len * 8 {
                let mut altered = tag.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                assert!(!key.verify(b"message", &altered), "{spec} bit {bit}");
            }
        }
    }

    #[test]
    fn debug_shows_the_spec_only() {
        assert_eq!(format!("{:?}", load(KeySpec::Hmac256, &[7; 32]).unwrap()), "MacKey(HMAC_256)");
    }
}
