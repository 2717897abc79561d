//! ML-KEM (FIPS 203).

#[cfg(test)]
mod tests;

use aws_lc_rs::kem::{
    Algorithm, Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024,
};
use keyward_lc::expand_ml_kem;
use keyward_model::KeySpec;
use zeroize::Zeroizing;

use super::Encoded;
use crate::error::{BadKeyMaterial, InvalidCiphertext, ModuleFailure};
use crate::random;
use crate::secret::{Plaintext, Secret};

/// The seed of FIPS 203: d, then z.
pub(crate) const SEED_BYTES: usize = 64;

/// A parameter set with everything that depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MlKem {
    MlKem512,
    MlKem768,
    MlKem1024,
}

/// A private key, expanded from its seed.
pub(crate) struct MlKemKey {
    set: MlKem,
    public_key: Vec<u8>,
    decapsulation: DecapsulationKey,
    encapsulation: EncapsulationKey,
}

impl MlKem {
    pub(crate) const fn of(spec: KeySpec) -> Option<Self> {
        match spec {
            KeySpec::MlKem512 => Some(Self::MlKem512),
            KeySpec::MlKem768 => Some(Self::MlKem768),
            KeySpec::MlKem1024 => Some(Self::MlKem1024),
            _ => None,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::MlKem512 => &ML_KEM_512,
            Self::MlKem768 => &ML_KEM_768,
            Self::MlKem1024 => &ML_KEM_1024,
        }
    }

    const fn encapsulation_key_bytes(self) -> usize {
        match self {
            Self::MlKem512 => 800,
            Self::MlKem768 => 1184,
            Self::MlKem1024 => 1568,
        }
    }

    const fn decapsulation_key_bytes(self) -> usize {
        match self {
            Self::MlKem512 => 1632,
            Self::MlKem768 => 2400,
            Self::MlKem1024 => 3168,
        }
    }

    const fn ciphertext_bytes(self) -> usize {
        match self {
            Self::MlKem512 => 768,
            Self::MlKem768 => 1088,
            Self::MlKem1024 => 1568,
        }
    }

    /// What stands before the seed in the stored encoding: RFC 9935, `PrivateKeyInfo` with the
    /// seed alone.
    pub(crate) const fn pkcs8_frame(self) -> &'static [u8] {
        match self {
            Self::MlKem512 => {
                b"\x30\x54\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x01\
                  \x04\x42\x80\x40"
            }
            Self::MlKem768 => {
                b"\x30\x54\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x02\
                  \x04\x42\x80\x40"
            }
            Self::MlKem1024 => {
                b"\x30\x54\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x03\
                  \x04\x42\x80\x40"
            }
        }
    }

    /// What stands before the encapsulation key in a `SubjectPublicKeyInfo`.
    const fn spki_frame(self) -> &'static [u8] {
        match self {
            Self::MlKem512 => {
                b"\x30\x82\x03\x32\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x01\
                  \x03\x82\x03\x21\x00"
            }
            Self::MlKem768 => {
                b"\x30\x82\x04\xb2\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x02\
                  \x03\x82\x04\xa1\x00"
            }
            Self::MlKem1024 => {
                b"\x30\x82\x06\x32\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x03\
                  \x03\x82\x06\x21\x00"
            }
        }
    }
}

impl MlKemKey {
    /// aws-lc-rs generates keys but never shows their seed, so the seed is drawn here, as AWS-LC
    /// does it: from its own generator.
    pub(super) fn generate(set: MlKem) -> Result<Encoded, ModuleFailure> {
        let frame = set.pkcs8_frame();
        let private_key = Secret::filled_by(frame.len() + SEED_BYTES, |pkcs8| {
            let (before, seed) = pkcs8.split_at_mut_checked(frame.len()).ok_or(ModuleFailure)?;
            before.copy_from_slice(frame);
            random::fill(seed)
        })?;
        let key = Self::load(set, private_key.expose()).map_err(|_| ModuleFailure)?;
        Ok(Encoded { private_key, public_key: key.public_key })
    }

    /// The stored encoding has one form: AWS-LC reads others, which are not to be found in a store.
    pub(crate) fn load(set: MlKem, pkcs8: &[u8]) -> Result<Self, BadKeyMaterial> {
        let seed = pkcs8.strip_prefix(set.pkcs8_frame()).ok_or(BadKeyMaterial)?;
        if seed.len() != SEED_BYTES {
            return Err(BadKeyMaterial);
        }
        let mut private = Zeroizing::new(vec![0; set.decapsulation_key_bytes()]);
        let mut public = vec![0; set.encapsulation_key_bytes()];
        expand_ml_kem(pkcs8, &mut private, &mut public).map_err(|_| BadKeyMaterial)?;
        Ok(Self {
            set,
            public_key: [set.spki_frame(), public.as_slice()].concat(),
            decapsulation: DecapsulationKey::new(set.algorithm(), &private)
                .map_err(|_| BadKeyMaterial)?,
            encapsulation: EncapsulationKey::new(set.algorithm(), &public)
                .map_err(|_| BadKeyMaterial)?,
        })
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// A fresh shared secret, after the ciphertext that carries it.
    pub(super) fn encapsulate(&self) -> Result<(Vec<u8>, Plaintext), ModuleFailure> {
        let (ciphertext, secret) = self.encapsulation.encapsulate().map_err(|_| ModuleFailure)?;
        Ok((ciphertext.as_ref().to_vec(), Plaintext::new(secret.as_ref().to_vec())))
    }

    /// Only a wrong length is an error. For any other ciphertext that was not made for this key
    /// the secret is pseudo-random (implicit rejection), and nobody here can tell.
    pub(super) fn decapsulate(&self, ciphertext: &[u8]) -> Result<Plaintext, InvalidCiphertext> {
        if ciphertext.len() != self.set.ciphertext_bytes() {
            return Err(InvalidCiphertext);
        }
        let secret = self.decapsulation.decapsulate(Ciphertext::from(ciphertext));
        Ok(Plaintext::new(secret.map_err(|_| InvalidCiphertext)?.as_ref().to_vec()))
    }
}
