//! Timestamps, in and out.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::int::truncated;

/// An instant, in milliseconds since the Unix epoch; on the wire a JSON number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    ms: i64,
}

impl Timestamp {
    /// The last instant of the year 9999. Later ones are read as this one, and earlier ones than
    /// as far before the epoch as that one, so that no arithmetic on a client's number overflows.
    const MS_MAX: i64 = 253_402_300_799_999;

    /// The instant `ms` milliseconds after the epoch.
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self { ms }
    }

    /// Milliseconds since the epoch.
    pub const fn unix_ms(self) -> i64 {
        self.ms
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(SecondsVisitor)
    }
}

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Timestamp, E> {
        Ok(clamped(seconds.saturating_mul(1000)))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
        Ok(clamped(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
        Ok(clamped(truncated((seconds * 1000.0).round())))
    }
}

fn clamped(ms: i64) -> Timestamp {
    Timestamp { ms: ms.clamp(-Timestamp::MS_MAX, Timestamp::MS_MAX) }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_epoch_seconds(&self.ms, serializer)
    }
}

/// Writes milliseconds since the epoch as the API's timestamp, `1571767572.317`; for
/// `#[serde(serialize_with = "...")]`.
pub fn as_epoch_seconds<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "exact below 2^53, which milliseconds reach in 285,000 years"
    )]
    let ms = *ms as f64;
    serializer.serialize_f64(ms / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        serde_json::from_str::<Timestamp>(text).ok().map(Timestamp::unix_ms)
    }

    #[test]
    fn seconds_are_read_with_and_without_a_fraction() {
        assert_eq!(read("1571767572.317"), Some(1_571_767_572_317));
        assert_eq!(read("1568565290"), Some(1_568_565_290_000));
        assert_eq!(read("1.4E9"), Some(1_400_000_000_000));
        assert_eq!(read("-1"), Some(-1000));
        assert_eq!(read("\"1\""), None);
        assert_eq!(read("null"), None);
    }

    #[test]
    fn instants_beyond_the_calendar_stop_at_its_end() {
        for text in ["1e300", "253402300800", "18446744073709551615", "9223372036854775807"] {
            assert_eq!(read(text), Some(Timestamp::MS_MAX), "{text}");
        }
        assert_eq!(read("-1e300"), Some(-Timestamp::MS_MAX));
    }

    #[test]
    fn instants_are_written_in_seconds_with_a_fraction() {
        let written = |ms| serde_json::to_string(&Timestamp::from_unix_ms(ms)).unwrap();
        assert_eq!(written(1_571_767_572_317), "1571767572.317");
        assert_eq!(written(1_568_565_290_000), "1568565290.0");
        for ms in 1_700_000_000_000..1_700_000_001_000 {
            assert_eq!(read(&written(ms)), Some(ms));
            assert!(written(ms).len() <= "1700000000.999".len());
        }
    }
}
