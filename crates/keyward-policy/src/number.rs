//! Exact decimal numbers of policies.

/// Decimal places kept.
const PLACES: u32 = 18;

/// Digits before the point that fit beside [`PLACES`] in 127 bits.
const DIGITS_MAX: usize = 19;

/// A decimal number with at most 19 digits before the point and 18 behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(i128);

impl Number {
    const ONE: i128 = 10_i128.pow(PLACES);

    pub(crate) fn of_integer(value: i64) -> Self {
        Self(i128::from(value) * Self::ONE)
    }

    pub(crate) fn of_thousandths(value: i64) -> Self {
        Self(i128::from(value) * (Self::ONE / 1000))
    }

    /// This and a fraction of one, given by the digits behind its point.
    pub(crate) fn plus_fraction(self, digits: &str) -> Option<Self> {
        Some(Self(self.0.checked_add(fraction(digits)?)?))
    }

    /// Reads `[+-]digits[.digits]`. Text beyond the range or precision is no number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, behind) = match unsigned.split_once('.') {
            Some((whole, behind)) => (whole, Some(behind)),
            None => (unsigned, None),
        };
        let is_written = |digits: &str| !digits.is_empty();
        if !is_written(whole) || !behind.is_none_or(is_written) {
            return None;
        }
        let value = integer(whole)? * Self::ONE + behind.map_or(Some(0), fraction)?;
        Some(Self(if is_negative { -value } else { value }))
    }
}

fn integer(digits: &str) -> Option<i128> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    match significant.len() {
        0 => Some(0),
        1..=DIGITS_MAX => significant.parse().ok(),
        _ => None,
    }
}

fn fraction(digits: &str) -> Option<i128> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_end_matches('0');
    let places = u32::try_from(significant.len()).ok()?;
    let missing = PLACES.checked_sub(places)?;
    if places == 0 {
        return Some(0);
    }
    Some(significant.parse::<i128>().ok()? * 10_i128.pow(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value_and_exactly() {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number("7"), number("007.000"));
        assert_eq!(number("-0"), number("0"));
        assert_eq!(number("+1.5"), number("1.50"));
        assert!(number("-2") < number("-1.999"));
        assert!(number("0.1") < number("0.100000000000000001"));
        assert_eq!(number("90"), Number::of_integer(90));
        assert_eq!(number("-1.5"), Number::of_thousandths(-1500));
        assert!(number("9999999999999999999") > Number::of_integer(i64::MAX));
    }

    #[test]
    fn what_is_no_number_or_out_of_range_is_none() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "1.",
            ".5",
            "1e3",
            "0x1",
            " 1",
            "1 ",
            "1,5",
            "--1",
            "1.2.3",
            "NaN",
            "\u{0661}",
            "10000000000000000000",
            "0.1234567890123456789",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert!(Number::parse(&format!("1.{}", "0".repeat(100))).is_some());
    }
}
