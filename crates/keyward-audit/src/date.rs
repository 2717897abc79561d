//! The two forms of a date in a record. UTC throughout; no time zone, no leap second.

use std::fmt;

use keyward_model::Timestamp;

/// `2026-03-04T10:15:02Z`: the form of `eventTime`.
pub fn iso_date(at: Timestamp) -> impl fmt::Display {
    let Civil { year, month, day, hour, minute, second } = Civil::from(at);
    fmt::from_fn(move |f| {
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    })
}

/// Reads what [`iso_date`] writes, of the years 0 to 9999.
pub fn read_iso_date(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits =
            text.get(from..to).filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse().ok()
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_of(year, month, day);
    let unix_s = days * DAY_S + hour * 3600 + minute * 60 + second;
    let at = Timestamp::from_unix_ms(unix_s * 1000);
    // Whatever is no date, or is written in another way, reads as a different one.
    (iso_date(at).to_string() == text).then_some(at)
}

/// `Aug 10, 2022, 10:38:27 PM`: the form of a date inside parameters and response elements, as
/// Java's default style writes it.
pub fn java_date(at: Timestamp) -> impl fmt::Display {
    let Civil { year, month, day, hour, minute, second } = Civil::from(at);
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    let month = month_name(month);
    fmt::from_fn(move |f| write!(f, "{month} {day}, {year}, {hour}:{minute:02}:{second:02} {half}"))
}

/// A date and time of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

const DAY_S: i64 = 86_400;
/// 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

impl From<Timestamp> for Civil {
    fn from(at: Timestamp) -> Self {
        let (days, second_of_day) = (at.unix_s().div_euclid(DAY_S), at.unix_s().rem_euclid(DAY_S));
        let (year, month, day) = date_of(days);
        Self {
            year,
            month,
            day,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        }
    }
}

/// The date `days` days after 1970-01-01.
///
/// Years start in March here, so that the leap day is the last of its year and the lengths of the
/// months before it follow one line: month `m` starts on day `(153 m + 2) / 5`.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / (ERA_DAYS - 1);
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (400 * era + year_of_era + i64::from(month <= 2), month, day)
}

/// The days from 1970-01-01 to a date: the other way round.
const fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

const fn month_name(month: i64) -> &'static str {
    match month {
        1 => "Jan",
        2 => "Feb",
        3 => "Mar",
        4 => "Apr",
        5 => "May",
        6 => "Jun",
        7 => "Jul",
        8 => "Aug",
        9 => "Sep",
        10 => "Oct",
        11 => "Nov",
        _ => "Dec",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(unix_s: i64) -> Timestamp {
        Timestamp::from_unix_ms(unix_s * 1000)
    }

    #[test]
    fn known_instants_have_their_dates() {
        for (unix_s, iso, java) in [
            (0, "1970-01-01T00:00:00Z", "Jan 1, 1970, 12:00:00 AM"),
            (-1, "1969-12-31T23:59:59Z", "Dec 31, 1969, 11:59:59 PM"),
            (951_782_400, "2000-02-29T00:00:00Z", "Feb 29, 2000, 12:00:00 AM"),
            (1_660_171_107, "2022-08-10T22:38:27Z", "Aug 10, 2022, 10:38:27 PM"),
            (1_709_164_800, "2024-02-29T00:00:00Z", "Feb 29, 2024, 12:00:00 AM"),
            (1_709_251_199, "2024-02-29T23:59:59Z", "Feb 29, 2024, 11:59:59 PM"),
            (1_709_251_200, "2024-03-01T00:00:00Z", "Mar 1, 2024, 12:00:00 AM"),
            (1_772_618_281, "2026-03-04T09:58:01Z", "Mar 4, 2026, 9:58:01 AM"),
            (1_775_212_304, "2026-04-03T10:31:44Z", "Apr 3, 2026, 10:31:44 AM"),
            (4_107_542_400, "2100-03-01T00:00:00Z", "Mar 1, 2100, 12:00:00 AM"),
            (4_107_585_600, "2100-03-01T12:00:00Z", "Mar 1, 2100, 12:00:00 PM"),
            (253_402_300_799, "9999-12-31T23:59:59Z", "Dec 31, 9999, 11:59:59 PM"),
        ] {
            assert_eq!(iso_date(at(unix_s)).to_string(), iso);
            assert_eq!(read_iso_date(iso), Some(at(unix_s)));
            assert_eq!(java_date(at(unix_s)).to_string(), java);
        }
    }

    #[test]
    fn only_dates_in_their_one_form_are_read() {
        for text in [
            "",
            "2026-03-04T10:15:02",
            "2026-03-04T10:15:02.5Z",
            "2026-03-04 10:15:02Z",
            "2026-02-29T10:15:02Z",
            "2026-13-04T10:15:02Z",
            "2026-00-04T10:15:02Z",
            "2026-03-00T10:15:02Z",
            "2026-03-04T24:15:02Z",
            "2026-03-04T10:60:02Z",
            "2026-03-04T10:15:60Z",
            "+026-03-04T10:15:02Z",
            "2026-03-04T10:15:0éZ",
        ] {
            assert_eq!(read_iso_date(text), None, "{text}");
        }
    }

    #[test]
    fn parts_of_a_second_are_dropped() {
        assert_eq!(iso_date(Timestamp::from_unix_ms(1999)).to_string(), "1970-01-01T00:00:01Z");
        assert_eq!(iso_date(Timestamp::from_unix_ms(-1)).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn the_ends_of_time_have_dates() {
        for ms in [i64::MIN, i64::MAX] {
            assert!(iso_date(Timestamp::from_unix_ms(ms)).to_string().ends_with('Z'));
        }
    }

    /// The plain definition of the calendar, one year and one month at a time.
    fn counted(mut days: i64) -> (i64, i64, i64) {
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let mut year = 1970;
        while days < 0 {
            year -= 1;
            days += 365 + i64::from(is_leap(year));
        }
        while days >= 365 + i64::from(is_leap(year)) {
            days -= 365 + i64::from(is_leap(year));
            year += 1;
        }
        let february = 28 + i64::from(is_leap(year));
        let mut month = 1;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        (year, month, days + 1)
    }

    #[test]
    fn every_day_of_two_centuries_is_counted_right() {
        for days in -36_600..36_600 {
            assert_eq!(date_of(days), counted(days), "{days}");
        }
    }

    proptest! {
        #[test]
        fn a_date_is_read_as_it_was_written(unix_s in -62_167_219_200_i64..253_402_300_800) {
            prop_assert_eq!(read_iso_date(&iso_date(at(unix_s)).to_string()), Some(at(unix_s)));
        }

        #[test]
        fn any_day_is_counted_right(days in -800_000_i64..3_000_000) {
            prop_assert_eq!(date_of(days), counted(days));
        }

        #[test]
        fn the_time_of_day_adds_up(unix_s in 0_i64..4_000_000_000) {
            let civil = Civil::from(at(unix_s));
            prop_assert_eq!(civil.hour * 3600 + civil.minute * 60 + civil.second, unix_s % DAY_S);
            prop_assert!(civil.hour < 24 && civil.minute < 60 && civil.second < 60);
        }
    }
}
