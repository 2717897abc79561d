//! Instants as they are written in requests: ISO 8601 basic, and the three dates of HTTP.
//!
//! Does not know what time it is.

use std::fmt;

/// A second of the proleptic Gregorian calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
}

const SECONDS_PER_DAY: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Timestamp {
    /// `yyyymmddThhmmssZ`, exactly.
    pub(crate) fn parse_basic(text: &str) -> Option<Self> {
        let &[y1, y2, y3, y4, mo1, mo2, d1, d2, b'T', h1, h2, mi1, mi2, s1, s2, b'Z'] =
            text.as_bytes()
        else {
            return None;
        };
        let [year, month, day] = [number(&[y1, y2, y3, y4])?, pair(mo1, mo2)?, pair(d1, d2)?];
        Self::new(year, month, day, [pair(h1, h2)?, pair(mi1, mi2)?, pair(s1, s2)?])
    }

    /// A date of RFC 9110 section 5.6.7: the preferred form, the RFC 850 form, or asctime's.
    pub(crate) fn parse_http(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let mut word = || words.next().unwrap_or_default();
        match [word(), word(), word(), word(), word(), word(), word()] {
            [_, day, month, year, clock, zone, ""] if is_utc(zone) => {
                Self::from_words(four_digits(year)?, month, day, clock)
            }
            [_, date, clock, zone, "", "", ""] if is_utc(zone) => {
                let mut date = date.splitn(3, '-');
                let (day, month, year) = (date.next()?, date.next()?, date.next()?);
                Self::from_words(two_digit_year(year)?, month, day, clock)
            }
            [_, month, day, clock, year, "", ""] => {
                Self::from_words(four_digits(year)?, month, day, clock)
            }
            _ => None,
        }
    }

    pub(crate) const fn from_unix(unix: i64) -> Self {
        let (year, month, day) = civil_from_days(unix.div_euclid(SECONDS_PER_DAY));
        Self { year, month, day, second_of_day: unix.rem_euclid(SECONDS_PER_DAY) }
    }

    pub(crate) const fn unix(self) -> i64 {
        days_from_civil(self.year, self.month, self.day) * SECONDS_PER_DAY + self.second_of_day
    }

    fn from_words(year: i64, month: &str, day: &str, clock: &str) -> Option<Self> {
        let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
        let day = match *day.as_bytes() {
            [tens, ones] => pair(tens, ones)?,
            [ones] => number(&[ones])?,
            _ => return None,
        };
        let &[h1, h2, b':', m1, m2, b':', s1, s2] = clock.as_bytes() else { return None };
        Self::new(year, month, day, [pair(h1, h2)?, pair(m1, m2)?, pair(s1, s2)?])
    }

    fn new(year: i64, month: i64, day: i64, [hour, minute, second]: [i64; 3]) -> Option<Self> {
        let is_real = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        let second_of_day = (hour * 60 + minute) * 60 + second;
        is_real.then_some(Self { year, month, day, second_of_day })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, second_of_day: s } = self;
        let (hour, minute, second) = (s / 3600, s / 60 % 60, s % 60);
        write!(f, "{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "GMT" | "UTC" | "+0000")
}

fn four_digits(text: &str) -> Option<i64> {
    (text.len() == 4).then(|| number(text.as_bytes())).flatten()
}

/// RFC 850 years. Signatures are minutes old, so the century only has to be right for our time.
fn two_digit_year(text: &str) -> Option<i64> {
    let &[tens, ones] = text.as_bytes() else { return None };
    let year = pair(tens, ones)?;
    Some(if year < 70 { 2000 + year } else { 1900 + year })
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    number(&[tens, ones])
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day comes last.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_instants_are_read_and_written() {
        for (unix, text) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (1_792_324_800, "20261018T120000Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(Timestamp::parse_basic(text).unwrap().unix(), unix, "{text}");
            assert_eq!(Timestamp::from_unix(unix).to_string(), text);
        }
    }

    #[test]
    fn what_is_not_basic_format_is_not_a_timestamp() {
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830T123600z",
            "20150830t123600Z",
            "20150830T123600ZZ",
            "2015-08-30T12:36:00Z",
            "20151330T123600Z",
            "20150230T123600Z",
            "21000229T123600Z",
            "20150800T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "2015083+T123600Z",
            "２0150830T12360",
        ] {
            assert_eq!(Timestamp::parse_basic(text), None, "{text}");
        }
    }

    #[test]
    fn the_three_dates_of_http_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 08:49:37 +0000",
        ] {
            assert_eq!(Timestamp::parse_http(text).unwrap().unix(), 784_111_777, "{text}");
        }
        let recent = Timestamp::parse_http("Sunday, 18-Oct-26 12:00:00 GMT").unwrap();
        assert_eq!(recent.to_string(), "20261018T120000Z");
    }

    #[test]
    fn what_is_no_date_of_http_is_not_a_timestamp() {
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 006 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT more",
            "Sunday, 06-Nov 08:49:37 GMT",
        ] {
            assert_eq!(Timestamp::parse_http(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn writing_and_reading_an_instant_gives_it_back(unix in 0_i64..253_402_300_800) {
            let text = Timestamp::from_unix(unix).to_string();
            prop_assert_eq!(Timestamp::parse_basic(&text).unwrap().unix(), unix);
        }
    }
}
