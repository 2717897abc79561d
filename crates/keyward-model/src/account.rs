//! Account ids.

use std::fmt;
use std::str::FromStr;

/// Twelve decimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

/// Text that is not twelve decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account id is twelve decimal digits")]
pub struct NotAnAccountId;

impl AccountId {
    /// Stands where there is no account yet.
    pub const NONE: Self = Self([b'0'; 12]);

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits get in, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits as ASCII bytes.
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// An account id made of random bytes; never starts with `0`.
    pub fn random(rng: &dyn crate::Rng) -> Self {
        let mut digits = [0_u8; 12];
        rng.fill(&mut digits);
        let mut first = true;
        for digit in &mut digits {
            *digit = if first { b'1' + *digit % 9 } else { b'0' + *digit % 10 };
            first = false;
        }
        Self(digits)
    }
}

impl FromStr for AccountId {
    type Err = NotAnAccountId;

    fn from_str(text: &str) -> Result<Self, NotAnAccountId> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| NotAnAccountId)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(NotAnAccountId) }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for AccountId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_and_nothing_else_are_an_account_id() {
        assert_eq!("111122223333".parse::<AccountId>().unwrap().as_str(), "111122223333");
        for text in ["", "11112222333", "1111222233334", "11112222333a", "１１"] {
            assert_eq!(text.parse::<AccountId>(), Err(NotAnAccountId), "{text}");
        }
    }
}
