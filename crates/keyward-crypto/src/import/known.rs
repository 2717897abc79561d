//! Material that is known from elsewhere and comes unwrapped: keys for tests.

use keyward_model::KeySpec;

use super::material;
use crate::asn1::{Malformed, OBJECT_IDENTIFIER, OCTET_STRING, Reader};
use crate::asymmetric::ml_dsa::MlDsa;
use crate::asymmetric::ml_kem::{self, MlKem};
use crate::error::BadKeyMaterial;
use crate::secret::{KeyMaterial, Secret};

const ML_DSA_SEED_BYTES: usize = 32;
/// The choice `seed` of RFC 9881 and RFC 9935: a primitive `[0]`.
const SEED: u8 = 0x80;

impl KeyMaterial {
    /// Material of `spec` in the format in which it would be imported, in its stored encoding.
    ///
    /// Keys of ML-DSA and ML-KEM cannot be imported; theirs is the seed alone, or PKCS#8 that holds
    /// the seed. Whatever else that holds follows from the seed and is not looked at.
    pub fn from_known(spec: KeySpec, known: Secret) -> Result<Self, BadKeyMaterial> {
        let (frame, seed_bytes) = if let Some(set) = MlDsa::of(spec) {
            (set.pkcs8_frame(), ML_DSA_SEED_BYTES)
        } else if let Some(set) = MlKem::of(spec) {
            (set.pkcs8_frame(), ml_kem::SEED_BYTES)
        } else {
            return material::read(spec, known).map_err(|_| BadKeyMaterial);
        };
        let seed = if known.len() == seed_bytes {
            known
        } else {
            read_seed(frame, known.expose()).map_err(|Malformed| BadKeyMaterial)?
        };
        if seed.len() != seed_bytes {
            return Err(BadKeyMaterial);
        }
        let stored = Secret::filled_by(frame.len() + seed_bytes, |stored| {
            let (head, tail) = stored.split_at_mut_checked(frame.len()).ok_or(BadKeyMaterial)?;
            head.copy_from_slice(frame);
            tail.copy_from_slice(seed.expose());
            Ok(())
        });
        stored.map(Self::from)
    }
}

/// The seed in `PrivateKeyInfo` of the algorithm that `frame` names: alone, or with the expanded
/// key behind it.
fn read_seed(frame: &[u8], encoded: &[u8]) -> Result<Secret, Malformed> {
    let info = material::PrivateKeyInfo::read(encoded)?;
    if info.algorithm != algorithm(frame)? || info.parameters.is_some() {
        return Err(Malformed);
    }
    let mut choice = Reader::new(&info.private_key);
    let seed = match choice.optional(SEED)? {
        Some(seed) => seed.into_primitive()?.to_vec(),
        None => choice.sequence()?.expect(OCTET_STRING)?.into_primitive()?.to_vec(),
    };
    choice.finish()?;
    Ok(Secret::new(seed))
}

/// The algorithm of a stored encoding's head, whose lengths count a seed that is not there.
fn algorithm(frame: &[u8]) -> Result<&[u8], Malformed> {
    // SEQUENCE, length; INTEGER 0.
    let rest = frame.get(5..).ok_or(Malformed)?;
    Reader::new(rest).sequence()?.expect(OBJECT_IDENTIFIER)?.into_primitive()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asymmetric::AsymmetricKey;

    fn known(spec: KeySpec, bytes: &[u8]) -> Result<KeyMaterial, BadKeyMaterial> {
        KeyMaterial::from_known(spec, Secret::new(bytes.to_vec()))
    }

    #[test]
    fn a_seed_and_pkcs8_around_it_are_the_same_key() {
        for (spec, seed_bytes) in [
            (KeySpec::MlDsa44, 32),
            (KeySpec::MlDsa87, 32),
            (KeySpec::MlKem512, 64),
            (KeySpec::MlKem1024, 64),
        ] {
            let stored = known(spec, &vec![7; seed_bytes]).unwrap();
            AsymmetricKey::load(spec, &stored).unwrap();
            assert!(known(spec, stored.expose()).unwrap().ct_eq(&stored), "{spec}");
            assert!(known(spec, &vec![7; seed_bytes + 1]).is_err());
        }
    }

    #[test]
    fn a_seed_with_its_expanded_key_behind_it_is_read() {
        let alone = known(KeySpec::MlDsa65, &[9; 32]).unwrap();
        let (head, _) = alone.expose().split_at(2);
        let algorithm = alone.expose().get(2..18).unwrap();
        let mut both = vec![0x30, 2 + 32 + 2 + 1];
        both.extend([&[OCTET_STRING, 32][..], &[9; 32], &[OCTET_STRING, 1, 0xff]].concat());
        let mut encoded = vec![head[0], u8::try_from(algorithm.len() + 2 + both.len()).unwrap()];
        encoded.extend(
            [algorithm, &[OCTET_STRING, u8::try_from(both.len()).unwrap()], &both].concat(),
        );
        assert!(known(KeySpec::MlDsa65, &encoded).unwrap().ct_eq(&alone));
    }

    #[test]
    fn a_key_of_another_spec_is_refused() {
        let stored = known(KeySpec::MlDsa65, &[9; 32]).unwrap();
        assert!(known(KeySpec::MlDsa44, stored.expose()).is_err());
        assert!(known(KeySpec::MlKem512, stored.expose()).is_err());
        assert!(known(KeySpec::EccNistP256, stored.expose()).is_err());
        assert!(known(KeySpec::SymmetricDefault, &[0; 31]).is_err());
        assert!(known(KeySpec::Hmac256, &[0; 32]).is_ok());
    }
}
