//! Dates as names and digests have them. UTC, whole seconds.

use keyward_audit::iso_date;
use keyward_model::Timestamp;
use time::PrimitiveDateTime;
use time::macros::format_description;

/// Reads `2026-03-04T10:15:02Z` and nothing else.
pub fn parse_iso_date(text: &str) -> Option<Timestamp> {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let at = PrimitiveDateTime::parse(text, &form).ok()?.assume_utc();
    let at = Timestamp::from_unix_ms(at.unix_timestamp().checked_mul(1000)?);
    // The parser is kinder than the form: what it would not write, it may not read.
    (iso_date(at).to_string() == text).then_some(at)
}

/// `20260304T101502Z`: the stamp of a digest's name.
pub fn compact_second(at: Timestamp) -> String {
    iso_date(at).to_string().replace(['-', ':'], "")
}

/// `20260304T1015Z`: the stamp of a log file's name, its seconds dropped.
pub fn compact_minute(at: Timestamp) -> String {
    let minute: String = compact_second(at).chars().take(MINUTE_CHARS).collect();
    minute + "Z"
}

/// The reverse of [`compact_second`].
pub(super) fn parse_compact_second(text: &str) -> Option<Timestamp> {
    let at = |from, to| text.get(from..to);
    let iso = format!(
        "{}-{}-{}{}:{}:{}",
        at(0, 4)?,
        at(4, 6)?,
        at(6, 8)?,
        at(8, 11)?,
        at(11, 13)?,
        text.get(13..)?
    );
    parse_iso_date(&iso)
}

/// The reverse of [`compact_minute`].
pub(super) fn parse_compact_minute(text: &str) -> Option<Timestamp> {
    let minute = text.strip_suffix('Z').filter(|minute| minute.len() == MINUTE_CHARS)?;
    parse_compact_second(&format!("{minute}00Z"))
}

/// The directories a file of this instant lies in: `2026/03/04`.
pub(crate) fn day_path(at: Timestamp) -> String {
    let day: String = iso_date(at).to_string().chars().take(DAY_CHARS).collect();
    day.replace('-', "/")
}

/// `20260304T1015`.
const MINUTE_CHARS: usize = 13;
/// `2026-03-04`.
const DAY_CHARS: usize = 10;

/// Serde of an ISO date.
pub(super) mod iso {
    use keyward_audit::iso_date;
    use keyward_model::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&iso_date(*at))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        super::parse_iso_date(&text).ok_or_else(|| de::Error::custom("not a date"))
    }
}

/// Serde of an ISO date or `null`.
pub(super) mod iso_or_null {
    use keyward_audit::iso_date;
    use keyward_model::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    #[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => to.collect_str(&iso_date(*at)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        super::parse_iso_date(&text).map(Some).ok_or_else(|| de::Error::custom("not a date"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_one_form_of_a_date_is_read() {
        let at = parse_iso_date("2026-03-04T10:15:02Z").unwrap();
        assert_eq!(at.unix_s(), 1_772_619_302);
        for text in [
            "",
            "2026-03-04T10:15:02",
            "2026-03-04T10:15:02z",
            "2026-03-04 10:15:02Z",
            "2026-3-04T10:15:02Z",
            "+2026-03-04T10:15:02Z",
            "2026-02-30T10:15:02Z",
            "2026-03-04T24:00:00Z",
            "2026-03-04T10:15:60Z",
            "2026-03-04T10:15:02.000Z",
            "2026-03-04T10:15:02Z ",
        ] {
            assert_eq!(parse_iso_date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn stamps_are_read_back(unix_s in 0_i64..4_000_000_000) {
            let at = Timestamp::from_unix_ms(unix_s * 1000);
            prop_assert_eq!(parse_iso_date(&iso_date(at).to_string()), Some(at));
            prop_assert_eq!(parse_compact_second(&compact_second(at)), Some(at));
            let minute = Timestamp::from_unix_ms(unix_s / 60 * 60_000);
            prop_assert_eq!(parse_compact_minute(&compact_minute(at)), Some(minute));
        }
    }
}
