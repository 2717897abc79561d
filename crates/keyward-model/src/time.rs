//! Time as an argument.

use std::time::Duration;

/// Milliseconds since the Unix epoch: the resolution of the API's timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `ms` milliseconds after the epoch.
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn unix_s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `days` days later; saturates at the end of time.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        // A day is 86,400,000 ms, so a u32 of days fits an i64 with room to spare.
        Self(self.0.saturating_add(86_400_000_i64.saturating_mul(widen(days))))
    }

    /// The instant `duration` later; saturates at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(ms))
    }
}

const fn widen(days: u32) -> i64 {
    let [a, b, c, d] = days.to_be_bytes();
    i64::from_be_bytes([0, 0, 0, 0, a, b, c, d])
}

/// What time it is. The real one is made once, where the program is wired; tests move theirs.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// A clock that never runs backwards, for measuring and for deadlines.
    fn monotonic(&self) -> Duration;
}

impl serde::Serialize for Timestamp {
    /// Epoch seconds with millisecond fraction, the API's form: `1571767572.317`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = format!("{}.{:03}", self.unix_s(), self.0.rem_euclid(1000));
        let number: f64 = text.parse().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_as_epoch_seconds_with_fraction() {
        let written = |ms| serde_json::to_string(&Timestamp::from_unix_ms(ms)).unwrap();
        assert_eq!(written(1_571_767_572_317), "1571767572.317");
        assert_eq!(written(1_568_565_290_000), "1568565290.0");
    }

    #[test]
    fn days_are_added_without_overflow() {
        assert_eq!(Timestamp::from_unix_ms(5).plus_days(1).unix_ms(), 86_400_005);
        assert_eq!(Timestamp::from_unix_ms(i64::MAX).plus_days(u32::MAX).unix_ms(), i64::MAX);
    }
}
