//! One value of a request against the values of a policy.
//!
//! What the policy's value cannot be read as (a number that is none) makes a pair that is neither
//! equal nor different: no operator holds for it, negated or not. A value of the request that cannot
//! be read matches nothing, as any other that does not match.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::arn::ArnGlob;
use super::environment::Environment;
use super::glob::{Glob, Token};
use super::network::Network;
use super::template::{Reading, Template, Written, text_of};
use crate::date;
use crate::document::{Comparison, Version};
use crate::number::Number;
use crate::request::ContextValue;
use crate::text::same_ignoring_case;

/// The values of a policy for one key, read for one comparison.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    /// Sorted; and those with variables.
    Equal(Box<[Box<str>]>, Box<[Template]>),
    EqualIgnoringCase(Box<[Value<Box<str>>]>),
    Like(Box<[Value<Glob>]>),
    Arn(Box<[Value<Option<ArnGlob>>]>),
    Number(Relation, Box<[Option<Number>]>),
    Date(Relation, Box<[Option<Number>]>),
    Bool(Box<[Option<bool>]>),
    Binary(Box<[Option<Binary>]>),
    Network(Box<[Option<Network>]>),
}

/// A value of bytes.
#[derive(Clone, Debug)]
pub(crate) struct Binary {
    bytes: Box<[u8]>,
    base64: Box<str>,
}

/// One value, read when the policy was compiled unless it has variables.
#[derive(Clone, Debug)]
pub(crate) enum Value<T> {
    Fixed(T),
    Template(Template),
}

/// How a value must stand to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What came of comparing one value with every value of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// It matches one of them.
    pub(crate) matches_any: bool,
    /// It can be compared with each of them and matches none.
    pub(crate) matches_none: bool,
}

impl Values {
    pub(crate) fn read(comparison: Comparison, values: &[String], version: Version) -> Self {
        use Comparison::{
            ArnEquals, ArnLike, ArnNotEquals, ArnNotLike, BinaryEquals, Bool, IpAddress,
            NotIpAddress, StringEquals, StringEqualsIgnoreCase, StringLike, StringNotEquals,
            StringNotEqualsIgnoreCase, StringNotLike,
        };
        let exact = Reading::of(version, false);
        let wild = Reading::of(version, true);
        if let Some((is_date, relation)) = relation_of(comparison) {
            return if is_date {
                Self::Date(relation, all(values, date::parse))
            } else {
                Self::Number(relation, all(values, Number::parse))
            };
        }
        match comparison {
            StringEquals | StringNotEquals => equal(values, exact),
            StringEqualsIgnoreCase | StringNotEqualsIgnoreCase => {
                let fixed = |tokens: Vec<Token>| text_of(&tokens).into_boxed_str();
                Self::EqualIgnoringCase(all(values, |text| value(text, exact, fixed)))
            }
            StringLike | StringNotLike => Self::Like(all(values, |text| {
                value(text, wild, |tokens| Glob::from_tokens(&tokens))
            })),
            ArnEquals | ArnLike | ArnNotEquals | ArnNotLike => Self::Arn(all(values, |text| {
                value(text, wild, |tokens| ArnGlob::from_tokens(&tokens))
            })),
            IpAddress | NotIpAddress => Self::Network(all(values, Network::parse)),
            BinaryEquals => Self::Binary(all(values, |text| {
                let bytes = BASE64_STANDARD.decode(text).ok()?.into_boxed_slice();
                Some(Binary { bytes, base64: text.into() })
            })),
            Bool => Self::Bool(all(values, truth)),
            // `Null` asks for no value, and the rest are relations.
            _ => Self::Bool(Box::default()),
        }
    }

    /// Compares one value of the request.
    pub(crate) fn compare(&self, value: ContextValue<'_>, at: &Environment<'_>) -> Outcome {
        match self {
            Self::Equal(exact, templates) => value.with_text(|text| {
                let is_listed = exact.binary_search_by(|it| (**it).cmp(text)).is_ok();
                Outcome::of_match(is_listed || templates.iter().any(|it| it.equals(text, at)))
            }),
            Self::EqualIgnoringCase(values) => value.with_text(|text| {
                any(
                    values,
                    at,
                    |it| same_ignoring_case(it, text),
                    |tokens| same_ignoring_case(&text_of(&tokens), text),
                )
            }),
            Self::Like(values) => value.with_text(|text| {
                any(
                    values,
                    at,
                    |it| it.matches(text),
                    |tokens| Glob::from_tokens(&tokens).matches(text),
                )
            }),
            Self::Arn(values) => value.with_text(|text| {
                let matches = |it: &Option<ArnGlob>| it.as_ref().is_some_and(|it| it.matches(text));
                any(values, at, matches, |tokens| matches(&ArnGlob::from_tokens(&tokens)))
            }),
            Self::Number(relation, values) => relation.compare(number_of(value), values),
            Self::Date(relation, values) => relation.compare(date_of(value), values),
            Self::Bool(values) => pairs(values, truth_of(value).as_ref(), |a, b| a == b),
            Self::Binary(values) => value.with_text(|text| {
                // A request may show its bytes as they are or in base64, as the policy does.
                pairs(values, Some(text), |it, text| {
                    *it.bytes == *text.as_bytes() || *it.base64 == *text
                })
            }),
            Self::Network(values) => {
                pairs(values, ip_of(value).as_ref(), |net, ip| net.contains(*ip))
            }
        }
    }

    /// Whether the policy lists no value.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Equal(exact, templates) => exact.is_empty() && templates.is_empty(),
            Self::EqualIgnoringCase(values) => values.is_empty(),
            Self::Like(values) => values.is_empty(),
            Self::Arn(values) => values.is_empty(),
            Self::Number(_, values) | Self::Date(_, values) => values.is_empty(),
            Self::Bool(values) => values.is_empty(),
            Self::Binary(values) => values.is_empty(),
            Self::Network(values) => values.is_empty(),
        }
    }
}

impl Outcome {
    fn of_match(is_match: bool) -> Self {
        Self { matches_any: is_match, matches_none: !is_match }
    }
}

impl Relation {
    fn compare(self, found: Option<Number>, values: &[Option<Number>]) -> Outcome {
        pairs(values, found.as_ref(), |value, found| self.holds(found.cmp(value)))
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Whether a comparison that orders its values is of dates, and the relation it asks for.
fn relation_of(comparison: Comparison) -> Option<(bool, Relation)> {
    Some(match comparison {
        Comparison::NumericEquals | Comparison::NumericNotEquals => (false, Relation::Equal),
        Comparison::NumericLessThan => (false, Relation::Less),
        Comparison::NumericLessThanEquals => (false, Relation::LessOrEqual),
        Comparison::NumericGreaterThan => (false, Relation::Greater),
        Comparison::NumericGreaterThanEquals => (false, Relation::GreaterOrEqual),
        Comparison::DateEquals | Comparison::DateNotEquals => (true, Relation::Equal),
        Comparison::DateLessThan => (true, Relation::Less),
        Comparison::DateLessThanEquals => (true, Relation::LessOrEqual),
        Comparison::DateGreaterThan => (true, Relation::Greater),
        Comparison::DateGreaterThanEquals => (true, Relation::GreaterOrEqual),
        _ => return None,
    })
}

fn all<T>(values: &[String], read: impl Fn(&str) -> T) -> Box<[T]> {
    values.iter().map(|text| read(text)).collect()
}

fn value<T>(text: &str, reading: Reading, fixed: impl Fn(Vec<Token>) -> T) -> Value<T> {
    match reading.read(text) {
        Written::Plain(tokens) => Value::Fixed(fixed(tokens)),
        Written::Template(template) => Value::Template(template),
    }
}

fn equal(values: &[String], reading: Reading) -> Values {
    let (mut exact, mut templates) = (Vec::new(), Vec::new());
    for text in values {
        match reading.read(text) {
            Written::Plain(tokens) => exact.push(text_of(&tokens).into_boxed_str()),
            Written::Template(template) => templates.push(template),
        }
    }
    exact.sort_unstable();
    Values::Equal(exact.into(), templates.into())
}

/// A value whose variables have no value matches nothing.
fn any<T>(
    values: &[Value<T>],
    at: &Environment<'_>,
    fixed: impl Fn(&T) -> bool,
    resolved: impl Fn(Vec<Token>) -> bool,
) -> Outcome {
    Outcome::of_match(values.iter().any(|value| match value {
        Value::Fixed(value) => fixed(value),
        Value::Template(template) => template.resolve(at).is_some_and(&resolved),
    }))
}

fn pairs<T, U: ?Sized>(
    values: &[Option<T>],
    found: Option<&U>,
    matches: impl Fn(&T, &U) -> bool,
) -> Outcome {
    let mut outcome = Outcome { matches_any: false, matches_none: true };
    for value in values {
        match (value, found) {
            (Some(value), Some(found)) if !matches(value, found) => {}
            (Some(_), Some(_)) => {
                outcome = Outcome { matches_any: true, matches_none: false };
            }
            (Some(_), None) => {}
            (None, _) => outcome.matches_none = false,
        }
    }
    outcome
}

/// `true` or `false` in any case.
pub(crate) fn truth(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(name_of(*value)))
}

fn name_of(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn truth_of(value: ContextValue<'_>) -> Option<bool> {
    match value {
        ContextValue::Bool(value) => Some(value),
        ContextValue::Text(text) => truth(text),
        ContextValue::Integer(_) | ContextValue::Instant(_) | ContextValue::Ip(_) => None,
    }
}

fn number_of(value: ContextValue<'_>) -> Option<Number> {
    match value {
        ContextValue::Text(text) => Number::parse(text),
        ContextValue::Integer(value) => Some(Number::of_integer(value)),
        ContextValue::Instant(ms) => Some(Number::of_thousandths(ms)),
        ContextValue::Bool(_) | ContextValue::Ip(_) => None,
    }
}

fn date_of(value: ContextValue<'_>) -> Option<Number> {
    match value {
        ContextValue::Text(text) => date::parse(text),
        other => number_of(other),
    }
}

/// An IPv4 address that a listener reports in IPv6 form is an IPv4 address.
fn ip_of(value: ContextValue<'_>) -> Option<IpAddr> {
    let address = match value {
        ContextValue::Ip(address) => address,
        ContextValue::Text(text) => text.parse().ok()?,
        ContextValue::Bool(_) | ContextValue::Integer(_) | ContextValue::Instant(_) => return None,
    };
    Some(address.to_canonical())
}

/// Whether a policy's value can be compared with anything at all.
pub(crate) fn is_readable(comparison: Comparison, text: &str, version: Version) -> bool {
    if let Some((is_date, _)) = relation_of(comparison) {
        return if is_date { date::parse(text) } else { Number::parse(text) }.is_some();
    }
    match comparison {
        Comparison::ArnEquals
        | Comparison::ArnLike
        | Comparison::ArnNotEquals
        | Comparison::ArnNotLike => match Reading::of(version, true).read(text) {
            Written::Plain(tokens) => ArnGlob::from_tokens(&tokens).is_some(),
            Written::Template(_) => true,
        },
        Comparison::IpAddress | Comparison::NotIpAddress => Network::parse(text).is_some(),
        Comparison::BinaryEquals => BASE64_STANDARD.decode(text).is_ok(),
        Comparison::Bool | Comparison::Null => truth(text).is_some(),
        _ => true,
    }
}

/// Whether the comparison is the negation of another.
pub(crate) fn is_negated(comparison: Comparison) -> bool {
    matches!(
        comparison,
        Comparison::StringNotEquals
            | Comparison::StringNotEqualsIgnoreCase
            | Comparison::StringNotLike
            | Comparison::NumericNotEquals
            | Comparison::DateNotEquals
            | Comparison::NotIpAddress
            | Comparison::ArnNotEquals
            | Comparison::ArnNotLike
    )
}
