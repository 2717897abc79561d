//! Unique ids of IAM entities. A name can be given again; a unique id never is, so what was granted
//! to a deleted user stays ungranted.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>

use std::fmt;
use std::str::FromStr;

use crate::Rng;

/// Random characters behind the prefix.
const RANDOM_CHARS: usize = 17;

/// What a unique id names, told by its first four characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UniqueIdKind {
    /// `AGPA`.
    Group,
    /// `ANPA`.
    Policy,
    /// `AROA`.
    Role,
    /// `AIDA`.
    User,
}

impl UniqueIdKind {
    const ALL: [Self; 4] = [Self::Group, Self::Policy, Self::Role, Self::User];

    /// The first four characters.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Group => "AGPA",
            Self::Policy => "ANPA",
            Self::Role => "AROA",
            Self::User => "AIDA",
        }
    }
}

/// A unique id: a prefix of four characters and 17 of the base32 alphabet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueId {
    kind: UniqueIdKind,
    random: [u8; RANDOM_CHARS],
}

/// Text that is no unique id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a unique id is a prefix of four letters and 17 base32 characters")]
pub struct NotAUniqueId;

impl UniqueId {
    /// A new id: 85 random bits.
    pub fn new(kind: UniqueIdKind, rng: &dyn Rng) -> Self {
        let mut random = [0; RANDOM_CHARS];
        rng.fill(&mut random);
        Self { kind, random: random.map(base32) }
    }

    /// What it names.
    pub const fn kind(&self) -> UniqueIdKind {
        self.kind
    }
}

/// The character of the low five bits.
pub(crate) const fn base32(byte: u8) -> u8 {
    let low = byte % 32;
    if low < 26 { b'A' + low } else { b'2' + low - 26 }
}

impl FromStr for UniqueId {
    type Err = NotAUniqueId;

    fn from_str(text: &str) -> Result<Self, NotAUniqueId> {
        let (prefix, random) = text.split_at_checked(4).ok_or(NotAUniqueId)?;
        let kind = UniqueIdKind::ALL.into_iter().find(|kind| kind.prefix() == prefix);
        let random: [u8; RANDOM_CHARS] = random.as_bytes().try_into().map_err(|_| NotAUniqueId)?;
        if !random.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')) {
            return Err(NotAUniqueId);
        }
        Ok(Self { kind: kind.ok_or(NotAUniqueId)?, random })
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.prefix())?;
        // Base32 is ASCII, so nothing is lost.
        self.random.iter().try_for_each(|&byte| fmt::Write::write_char(f, char::from(byte)))
    }
}

impl fmt::Debug for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for UniqueId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for UniqueId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up from zero.
    struct Counting;

    impl Rng for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(10..).for_each(|(byte, n)| *byte = n);
        }
    }

    #[test]
    fn an_id_has_21_characters_and_reads_back() {
        for kind in UniqueIdKind::ALL {
            let id = UniqueId::new(kind, &Counting);
            let text = id.to_string();
            assert_eq!(text, format!("{}KLMNOPQRSTUVWXYZ2", kind.prefix()));
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(id.kind(), kind);
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<UniqueId>(&json).unwrap(), id);
        }
    }

    #[test]
    fn what_has_another_form_is_no_id() {
        for text in [
            "",
            "AIDA",
            "AIDAKLMNOPQRSTUVWXYZ",
            "AIDAKLMNOPQRSTUVWXYZ22",
            "AKIAKLMNOPQRSTUVWXYZ2",
            "AIDAKLMNOPQRSTUVWXYZ1",
            "aidaKLMNOPQRSTUVWXYZ2",
            "AIDAKLMNOPQRSTUVWXYé",
        ] {
            assert_eq!(text.parse::<UniqueId>(), Err(NotAUniqueId), "{text}");
        }
    }
}
