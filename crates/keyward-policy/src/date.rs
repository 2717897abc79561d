//! Dates of policies: the W3C profile of ISO 8601, or seconds since 1970. Read as exact seconds.

use std::fmt;

use crate::number::Number;

const SECONDS_PER_DAY: i64 = 86_400;

/// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `YYYY-MM-DDThh:mm[:ss[.f]]TZD` with `Z` or `±hh:mm` as the
/// zone, or seconds since 1970. Four digits are a year.
pub(crate) fn parse(text: &str) -> Option<Number> {
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_year || (text.is_char_boundary(4) && text.get(4..5) == Some("-")) {
        iso(text)
    } else {
        Number::parse(text)
    }
}

fn iso(text: &str) -> Option<Number> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let (month, day) = (parts.next(), parts.next());
    let is_complete = day.is_some();
    let month = month.map_or(Some(1), |month| digits(month, 2))?;
    let day = day.map_or(Some(1), |day| digits(day, 2))?;
    if parts.next().is_some() || !(1..=12).contains(&month) {
        return None;
    }
    if !(1..=days_of_month(year, month)).contains(&day) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * SECONDS_PER_DAY;
    match time {
        None => Some(Number::of_integer(midnight)),
        Some(time) if is_complete => time_of_day(time, midnight),
        Some(_) => None,
    }
}

fn time_of_day(text: &str, midnight: i64) -> Option<Number> {
    let zone_at = text.find(['Z', '+', '-'])?;
    let (clock, zone) = text.split_at_checked(zone_at)?;
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, fraction) = match parts.next() {
        None => (0, "0"),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, "0"),
            Some((_, "")) => return None,
            Some((whole, fraction)) => (digits(whole, 2)?, fraction),
        },
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = midnight + hour * 3600 + minute * 60 + second;
    Number::of_integer(local - zone_seconds(zone)?).plus_fraction(fraction)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, offset) = zone.split_at_checked(1)?;
    let (hours, minutes) = offset.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Some(if sign == "-" { -seconds } else { seconds })
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The civil calendar counted from March, so that the leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Writes milliseconds since 1970 as `2026-10-18T12:00:00Z`.
pub(crate) fn write_iso(unix_ms: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let seconds = unix_ms.div_euclid(1000);
    let (days, of_day) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ContextValue;

    #[test]
    fn every_form_of_the_profile_is_read() {
        for (text, seconds) in [
            ("1970", 0),
            ("2026", 1_767_225_600),
            ("2026-10", 1_790_812_800),
            ("2026-10-18", 1_792_281_600),
            ("2026-10-18T12:00Z", 1_792_324_800),
            ("2026-10-18T12:00:01Z", 1_792_324_801),
            ("2026-10-18T12:00:00+02:00", 1_792_317_600),
            ("2026-10-18T12:00:00-00:30", 1_792_326_600),
            ("2024-02-29", 1_709_164_800),
            ("1969-12-31T23:59:59Z", -1),
            ("1792324800", 1_792_324_800),
            ("-5", -5),
        ] {
            assert_eq!(parse(text), Some(Number::of_integer(seconds)), "{text}");
        }
        assert_eq!(parse("1970-01-01T00:00:00.25Z"), Some(Number::of_thousandths(250)));
        assert_eq!(parse("0.250"), Some(Number::of_thousandths(250)));
    }

    #[test]
    fn what_is_not_of_the_profile_is_none() {
        for text in [
            "",
            "2026-",
            "2026-13",
            "2026-1",
            "2026-02-29",
            "2026-10-18-01",
            "2026-10-18T",
            "2026-10-18T12Z",
            "2026-10-18T12:00",
            "2026-10-18T12:00:00",
            "2026-10-18T24:00:00Z",
            "2026-10-18T12:60:00Z",
            "2026-10-18T12:00:60Z",
            "2026-10-18T12:00:00.Z",
            "2026-10-18T12:00:00z",
            "2026-10-18T12:00:00+0200",
            "2026-10-18 12:00:00Z",
            "2026-10T12:00:00Z",
            "2026-*",
            "20261018T120000Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_instant_is_written_as_it_is_read() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_792_324_800_999, "2026-10-18T12:00:00Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(ContextValue::Instant(ms).to_string(), text);
        }
        for day in (-700_000..2_900_000_i64).step_by(997) {
            let ms = day * SECONDS_PER_DAY * 1000;
            let read = parse(&ContextValue::Instant(ms).to_string());
            assert_eq!(read, Some(Number::of_thousandths(ms)), "{day}");
        }
    }
}
