//! The root key from a passphrase: Argon2id version 1.3 (RFC 9106), 256 bits of output.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use crate::aead::KEY_BYTES;
use crate::error::ModuleFailure;
use crate::random;
use crate::secret::{Passphrase, Secret};

pub(super) const PARAMETERS_BYTES: usize = 3 * 4 + SALT_BYTES;

const SALT_BYTES: usize = 16;
const MEMORY_KIB: u32 = 256 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// Bounds on what a record can make us spend: 4 GiB, and a hundred times the usual work.
const MEMORY_KIB_MAX: u32 = 4 * 1024 * 1024;
const PASSES_MAX: u32 = 64;
const LANES_MAX: u32 = 16;

/// The cost and the salt of a passphrase seal. Kept beside what it seals; not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseParameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT_BYTES],
}

impl PassphraseParameters {
    /// Parameters for a new seal: 256 MiB, three passes, one lane, and a fresh salt.
    pub fn generate() -> Result<Self, ModuleFailure> {
        let salt = random::public()?;
        Ok(Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt })
    }

    /// The cheapest cost the bounds allow, with a fresh salt: a passphrase under it can be
    /// guessed. For tests, which seal nothing of worth.
    pub fn weak_for_tests() -> Result<Self, ModuleFailure> {
        let salt = random::public()?;
        Ok(Self { memory_kib: Params::MIN_M_COST, passes: 1, lanes: 1, salt })
    }

    pub(super) fn derive(&self, passphrase: &Passphrase) -> Result<Secret, ModuleFailure> {
        Secret::filled_by(KEY_BYTES, |out| self.fill(passphrase, &self.salt, out))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PARAMETERS_BYTES);
        for number in [self.memory_kib, self.passes, self.lanes] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.salt);
        out
    }

    /// `None` when the length or a bound is not kept. Costs below today's are accepted: a record
    /// with a forged cost leads to another root key, and so to a wrong seal id.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (memory_kib, rest) = bytes.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (lanes, salt) = rest.split_first_chunk()?;
        let parameters = Self {
            memory_kib: u32::from_be_bytes(*memory_kib),
            passes: u32::from_be_bytes(*passes),
            lanes: u32::from_be_bytes(*lanes),
            salt: salt.try_into().ok()?,
        };
        let within = parameters.memory_kib <= MEMORY_KIB_MAX
            && parameters.passes <= PASSES_MAX
            && parameters.lanes <= LANES_MAX
            && parameters.argon2().is_some();
        within.then_some(parameters)
    }

    fn argon2(&self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES)).ok()
    }

    /// The working memory holds what the root key is made from, so it is ours and is wiped; and
    /// running out of it is an error here, not the end of the process.
    fn fill(
        &self,
        passphrase: &Passphrase,
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), ModuleFailure> {
        let parameters = self.argon2().ok_or(ModuleFailure)?;
        let mut memory = Zeroizing::new(Vec::new());
        memory.try_reserve_exact(parameters.block_count()).map_err(|_| ModuleFailure)?;
        memory.resize(parameters.block_count(), Block::new());
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into_with_memory(passphrase.expose(), salt, out, memory.as_mut_slice())
            .map_err(|_| ModuleFailure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl PassphraseParameters {
        /// Weak and without randomness, for the known answers.
        pub(crate) fn fixed(salt: [u8; SALT_BYTES]) -> Self {
            Self { memory_kib: Params::MIN_M_COST, passes: 1, lanes: 1, salt }
        }
    }

    #[test]
    fn a_new_seal_costs_256_mib_and_three_passes() {
        let parameters = PassphraseParameters::generate().unwrap();
        assert_eq!((parameters.memory_kib, parameters.passes, parameters.lanes), (262_144, 3, 1));
        assert_ne!(parameters.salt, PassphraseParameters::generate().unwrap().salt);
    }

    /// From the tests of the reference implementation, Argon2id v=19.
    #[test]
    fn argon2id_gives_the_published_answer() {
        let parameters =
            PassphraseParameters { memory_kib: 256, passes: 2, lanes: 1, salt: [0; SALT_BYTES] };
        let mut out = [0; KEY_BYTES];
        parameters.fill(&Passphrase::new(b"password".to_vec()), b"somesalt", &mut out).unwrap();
        let expected = "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe";
        assert_eq!(hex::encode(out), expected);
    }

    #[test]
    fn parameters_out_of_bounds_are_refused_before_memory_is_taken() {
        let good = PassphraseParameters::fixed([1; SALT_BYTES]);
        assert_eq!(PassphraseParameters::parse(&good.encode()), Some(good));
        for wrong in [
            PassphraseParameters { memory_kib: MEMORY_KIB_MAX + 1, ..good },
            PassphraseParameters { memory_kib: Params::MIN_M_COST - 1, ..good },
            PassphraseParameters { passes: PASSES_MAX + 1, ..good },
            PassphraseParameters { passes: 0, ..good },
            PassphraseParameters { lanes: LANES_MAX + 1, memory_kib: MEMORY_KIB, ..good },
            PassphraseParameters { lanes: 0, ..good },
        ] {
            assert_eq!(PassphraseParameters::parse(&wrong.encode()), None, "{wrong:?}");
        }
        assert_eq!(PassphraseParameters::parse(&good.encode()[..27]), None);
    }
}
