//! Codes of MFA devices: TOTP (RFC 6238) with HMAC-SHA-1, 30 seconds, six digits.
//!
//! Does not know the time, nor which code was used last: both are arguments.

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::ModuleFailure;
use crate::random;
use crate::secret::{MfaSeed, Secret};

/// How many digits a code has.
pub const MFA_CODE_CHARS: usize = 6;
/// How long a code is shown.
pub const MFA_STEP_S: i64 = 30;

/// A code is taken this many steps before and after its own: clocks differ, and people type.
const STEPS_AROUND: i64 = 1;
const SEED_BYTES: usize = 40;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl MfaSeed {
    /// A fresh seed: 64 characters of base32.
    pub fn generate() -> Result<Self, ModuleFailure> {
        random::secret(SEED_BYTES).map(Self::from)
    }

    /// The seed as devices are told it: base32, without padding.
    pub fn base32(&self) -> Secret {
        let mut text = Zeroizing::new(Vec::with_capacity(self.len().div_ceil(5) * 8));
        for group in self.expose().chunks(5) {
            let bytes = (0..5).map(|at| u64::from(group.get(at).copied().unwrap_or(0)));
            let bits = bytes.fold(0, |bits, byte| bits << 8 | byte);
            let digits = (group.len() * 8).div_ceil(5);
            let digit = |at: usize| (bits >> (35 - 5 * at)) & 31;
            text.extend((0..digits).map(|at| base32_char(digit(at))));
        }
        Secret::from(text)
    }

    /// The time step whose code this is: one near `now_unix_s`, and after `last_step`, so that no
    /// code counts twice. `None` when it is none of them.
    pub fn step_of(&self, code: &str, now_unix_s: i64, last_step: i64) -> Option<i64> {
        if code.len() != MFA_CODE_CHARS {
            return None;
        }
        let now = now_unix_s.div_euclid(MFA_STEP_S);
        let around = now.saturating_sub(STEPS_AROUND)..=now.saturating_add(STEPS_AROUND);
        // All are tried, whichever fits: the time taken says nothing.
        let fits = |step: &i64| bool::from(self.code(*step).as_bytes().ct_eq(code.as_bytes()));
        let found = around.filter(fits).fold(None, |found: Option<i64>, step| found.or(Some(step)));
        found.filter(|&step| step > last_step)
    }

    /// The code that a device shows in a time step.
    pub fn code(&self, step: i64) -> Zeroizing<String> {
        let value = truncated(self, step) % 1_000_000;
        Zeroizing::new(format!("{value:06}"))
    }
}

/// Dynamic truncation: RFC 4226, 5.3.
fn truncated(seed: &MfaSeed, step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed.expose());
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let offset = mac.as_ref().last().map_or(0, |last| usize::from(last & 0xf));
    let word = mac.as_ref().get(offset..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u32::from_be_bytes(*word) & 0x7fff_ffff)
}

fn base32_char(digit: u64) -> u8 {
    usize::try_from(digit).ok().and_then(|digit| BASE32.get(digit)).copied().unwrap_or(b'A')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> MfaSeed {
        MfaSeed::new(b"12345678901234567890".to_vec())
    }

    /// RFC 6238, appendix B, of whose eight digits six are shown here.
    const RFC_6238: [(i64, &str, u32); 6] = [
        (59, "287082", 94_287_082),
        (1_111_111_109, "081804", 7_081_804),
        (1_111_111_111, "050471", 14_050_471),
        (1_234_567_890, "005924", 89_005_924),
        (2_000_000_000, "279037", 69_279_037),
        (20_000_000_000, "353130", 65_353_130),
    ];

    #[test]
    fn the_published_codes_are_made() {
        for (unix_s, code, eight_digits) in RFC_6238 {
            let step = unix_s / MFA_STEP_S;
            assert_eq!(truncated(&seed(), step) % 100_000_000, eight_digits, "{unix_s}");
            assert_eq!(*seed().code(step), code, "{unix_s}");
            assert_eq!(seed().step_of(code, unix_s, 0), Some(step), "{unix_s}");
        }
    }

    #[test]
    fn a_code_counts_one_step_before_and_after_its_own() {
        let code = "005924";
        let at = 1_234_567_890;
        for (shift_s, counts) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(seed().step_of(code, at + shift_s, 0).is_some(), counts, "{shift_s}");
        }
    }

    #[test]
    fn a_code_counts_once_and_none_before_it_after_it() {
        let (at, step) = (1_234_567_890, 1_234_567_890 / MFA_STEP_S);
        assert_eq!(seed().step_of("005924", at, step - 1), Some(step));
        assert_eq!(seed().step_of("005924", at, step), None);
        let earlier = seed().code(step - 1);
        assert_eq!(seed().step_of(&earlier, at, step - 2), Some(step - 1));
        assert_eq!(seed().step_of(&earlier, at, step), None);
    }

    #[test]
    fn what_is_no_code_of_the_device_does_not_count() {
        let at = 1_234_567_890;
        for code in ["", "5924", "005925", "0059240", "00592٤", "      ", "-05924"] {
            assert_eq!(seed().step_of(code, at, 0), None, "{code}");
        }
        let other = MfaSeed::new(b"12345678901234567891".to_vec());
        assert_eq!(other.step_of("005924", at, 0), None);
        assert_eq!(seed().step_of("005924", i64::MAX, 0), None);
        assert_eq!(seed().step_of("005924", i64::MIN, 0), None);
    }

    /// RFC 4648, section 10.
    #[test]
    fn a_seed_is_told_in_base32() {
        for (seed, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            let seed = MfaSeed::new(seed.as_bytes().to_vec());
            assert_eq!(seed.base32().expose(), text.as_bytes());
        }
        let (one, other) = (MfaSeed::generate().unwrap(), MfaSeed::generate().unwrap());
        assert_eq!(one.base32().len(), 64);
        assert!(!one.ct_eq(&other));
    }
}
