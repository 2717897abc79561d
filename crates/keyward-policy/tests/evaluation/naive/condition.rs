//! Conditions, literally as the tables of the language have them.

use std::cmp::Ordering;
use std::net::IpAddr;

use keyward_policy::{Comparison, ConditionTest, Operator, SetQualifier, Version};

use super::Input;
use super::glob::{self, Piece};

pub(crate) fn holds(
    operator: Operator,
    test: &ConditionTest,
    version: Version,
    input: &Input,
) -> bool {
    let values = input.values(&test.key);
    let is_absent = values.is_empty();
    let is_empty_set = is_absent || values == [String::new()];
    if operator.comparison == Comparison::Null {
        return match operator.set {
            Some(SetQualifier::ForAllValues) => true,
            Some(SetQualifier::ForAnyValue) => false,
            None => null(test, is_absent),
        };
    }
    let of_one = |value: &String| value_holds(operator.comparison, value, test, version, input);
    match operator.set {
        None if operator.if_exists && is_absent => true,
        None if test.values.is_empty() => !operator.if_exists,
        None if is_absent => is_negated(operator.comparison),
        None if is_negated(operator.comparison) => values.iter().all(of_one),
        None => values.iter().any(of_one),
        Some(_) if operator.if_exists && is_empty_set => true,
        Some(SetQualifier::ForAllValues) if is_empty_set => true,
        Some(SetQualifier::ForAllValues) => !test.values.is_empty() && values.iter().all(of_one),
        Some(SetQualifier::ForAnyValue) if is_empty_set => false,
        Some(SetQualifier::ForAnyValue) => !test.values.is_empty() && values.iter().any(of_one),
    }
}

/// Several values are alternatives; none at all do not constrain.
fn null(test: &ConditionTest, is_absent: bool) -> bool {
    test.values.is_empty()
        || test.values.iter().any(|value| match value.to_lowercase().as_str() {
            "true" => is_absent,
            "false" => !is_absent,
            _ => false,
        })
}

fn is_negated(comparison: Comparison) -> bool {
    comparison.name().contains("Not")
}

/// One context value against all the policy's values.
fn value_holds(
    comparison: Comparison,
    value: &str,
    test: &ConditionTest,
    version: Version,
    input: &Input,
) -> bool {
    let answers: Vec<Option<bool>> = test
        .values
        .iter()
        .map(|policy| matches(comparison, value, policy, version, input))
        .collect();
    if is_negated(comparison) {
        // A value of the policy that cannot be read satisfies nothing, negated or not.
        answers.iter().all(|answer| *answer == Some(false))
    } else {
        answers.contains(&Some(true))
    }
}

/// The positive comparison of one with one; `None` when the policy's value cannot be read.
fn matches(
    comparison: Comparison,
    value: &str,
    policy: &str,
    version: Version,
    input: &Input,
) -> Option<bool> {
    use Comparison as C;
    let pieces = |has_wildcards| {
        glob::substituted(policy, version, &|key| input.variable(key), has_wildcards)
    };
    // A variable without a value is a value that nothing equals.
    let text = |test: &dyn Fn(Vec<Piece>) -> bool, wild| Some(pieces(wild).is_some_and(test));
    match comparison {
        C::StringEquals | C::StringNotEquals => text(&|p| spelled(&p) == value, false),
        C::StringEqualsIgnoreCase | C::StringNotEqualsIgnoreCase => {
            text(&|p| spelled(&p).to_lowercase() == value.to_lowercase(), false)
        }
        C::StringLike | C::StringNotLike => text(&|p| glob::matches(&p, &glob::chars(value)), true),
        C::ArnEquals | C::ArnLike | C::ArnNotEquals | C::ArnNotLike => {
            text(&|p| glob::arn(&p, value), true)
        }
        C::NumericEquals | C::NumericNotEquals => numeric(value, policy, &[Ordering::Equal]),
        C::NumericLessThan => numeric(value, policy, &[Ordering::Less]),
        C::NumericLessThanEquals => numeric(value, policy, &[Ordering::Less, Ordering::Equal]),
        C::NumericGreaterThan => numeric(value, policy, &[Ordering::Greater]),
        C::NumericGreaterThanEquals => {
            numeric(value, policy, &[Ordering::Greater, Ordering::Equal])
        }
        C::DateEquals | C::DateNotEquals => date(value, policy, &[Ordering::Equal]),
        C::DateLessThan => date(value, policy, &[Ordering::Less]),
        C::DateLessThanEquals => date(value, policy, &[Ordering::Less, Ordering::Equal]),
        C::DateGreaterThan => date(value, policy, &[Ordering::Greater]),
        C::DateGreaterThanEquals => date(value, policy, &[Ordering::Greater, Ordering::Equal]),
        C::Bool => {
            let policy = policy.to_lowercase();
            (policy == "true" || policy == "false").then(|| policy == value.to_lowercase())
        }
        C::BinaryEquals => {
            let bytes = base64(policy)?;
            Some(bytes == value.as_bytes() || Some(bytes) == base64(value))
        }
        C::IpAddress | C::NotIpAddress => {
            let (network, bits) = cidr(policy)?;
            let address: Option<IpAddr> = value.parse().ok();
            // An IPv4 address in IPv6 clothes is an IPv4 address.
            Some(address.is_some_and(|it| is_within(it.to_canonical(), network, bits)))
        }
        C::Null => None,
    }
}

fn spelled(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(c) => *c,
            Piece::One => '?',
            Piece::Many => '*',
        })
        .collect()
}

fn numeric(value: &str, policy: &str, wanted: &[Ordering]) -> Option<bool> {
    let policy = number(policy)?;
    Some(number(value).is_some_and(|value| wanted.contains(&compare(&value, &policy))))
}

/// Sign, digits before the point, digits after it; no needless zeros.
type Number = (bool, String, String);

fn number(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || digits.ends_with('.') || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0').to_owned();
    let fraction = fraction.trim_end_matches('0').to_owned();
    let is_zero = whole.is_empty() && fraction.is_empty();
    Some((is_negative && !is_zero, whole, fraction))
}

fn compare(left: &Number, right: &Number) -> Ordering {
    let size = |(_, whole, fraction): &Number| (whole.len(), whole.clone(), fraction.clone());
    match (left.0, right.0) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => size(left).cmp(&size(right)),
        (true, true) => size(right).cmp(&size(left)),
    }
}

fn date(value: &str, policy: &str, wanted: &[Ordering]) -> Option<bool> {
    let policy = instant(policy)?;
    Some(instant(value).is_some_and(|value| wanted.contains(&value.cmp(&policy))))
}

/// Nanoseconds since 1970.
fn instant(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    if text.len() != 4
        && let Some((is_negative, whole, fraction)) = number(text)
    {
        let nanoseconds: i128 = format!("0{whole}{fraction:0<9}").parse().ok()?;
        return Some(if is_negative { -nanoseconds } else { nanoseconds });
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    if parts.next().is_some()
        || !(1..=12).contains(&month)
        || !(1..=days(year, month)).contains(&day)
    {
        return None;
    }
    let whole_date = date.len() == 10;
    let before: i64 = (1970..year).map(|y| if is_leap(y) { 366 } else { 365 }).sum::<i64>()
        - (year..1970).map(|y| if is_leap(y) { 366 } else { 365 }).sum::<i64>();
    let day_number = before + (1..month).map(|m| days(year, m)).sum::<i64>() + day - 1;
    let midnight = i128::from(day_number) * 86_400 * SECOND;
    match time {
        None => Some(midnight),
        Some(time) if whole_date => Some(midnight + nanoseconds(time)?),
        Some(_) => None,
    }
}

/// A time of day with its zone.
fn nanoseconds(time: &str) -> Option<i128> {
    let (clock, zone_minutes) = zoned(time)?;
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let seconds = parts.next();
    if parts.next().is_some() || (fraction.is_some() && seconds.is_none()) {
        return None;
    }
    let seconds = seconds.map_or(Some(0), |part| digits(part, 2))?;
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let fraction = match fraction {
        None => 0,
        Some(f) if (1..=9).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{f:0<9}").parse().ok()?
        }
        Some(_) => return None,
    };
    let whole = hours * 3600 + minutes * 60 + seconds - zone_minutes * 60;
    Some(i128::from(whole) * 1_000_000_000 + fraction)
}

/// The clock's reading, and how many minutes its zone is ahead.
fn zoned(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let (clock, zone) = time.split_at(time.rfind(['+', '-'])?);
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let ahead = hours * 60 + minutes;
    let is_zone = hours <= 23 && minutes <= 59;
    is_zone.then_some((clock, if zone.starts_with('-') { -ahead } else { ahead }))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Padded base64, bit by bit.
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let body = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - body.len() > 2 {
        return None;
    }
    let sextets: Option<Vec<String>> =
        body.chars().map(|c| Some(format!("{:06b}", ALPHABET.find(c)?))).collect();
    let bits = sextets?.concat();
    if bits.len() % 8 != (text.len() - body.len()) * 2 || bits[bits.len() / 8 * 8..].contains('1') {
        return None;
    }
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).ok()?, 2).ok())
        .collect()
}

fn cidr(text: &str) -> Option<(IpAddr, usize)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(b) if b.bytes().all(|b| b.is_ascii_digit()) => b.parse().ok()?,
        Some(_) => return None,
    };
    (bits <= most).then_some((address, bits))
}

fn is_within(address: IpAddr, network: IpAddr, bits: usize) -> bool {
    let spelled = |address: IpAddr| match address {
        IpAddr::V4(v4) => format!("{:032b}", v4.to_bits()),
        IpAddr::V6(v6) => format!("{:0128b}", v6.to_bits()),
    };
    address.is_ipv4() == network.is_ipv4() && spelled(address)[..bits] == spelled(network)[..bits]
}
