//! Whole numbers within the limits of the table.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::table::{Constraint, IntegerShape};

/// A whole number within the limits of `C`.
///
/// A fraction is cut off, as the service's own reader does.
pub struct Int<C> {
    value: i32,
    constraint: PhantomData<C>,
}

impl<C> Int<C> {
    /// The number.
    pub const fn value(&self) -> i32 {
        self.value
    }
}

impl<'de, C: Constraint<Shape = IntegerShape>> Deserialize<'de> for Int<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Whole(number) = Whole::deserialize(deserializer)?;
        let value = i32::try_from(number).ok().filter(|_| C::SHAPE.accepts(number));
        let value = value.ok_or_else(|| de::Error::custom("number outside its constraint"))?;
        Ok(Self { value, constraint: PhantomData })
    }
}

impl<C> Clone for Int<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Int<C> {}

impl<C> fmt::Debug for Int<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// Any JSON number, cut to a whole one and held within 64 bits.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
        Ok(Whole(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
        Ok(Whole(truncated(number)))
    }
}

/// `number` without its fraction, held within 64 bits.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the cast is the rule: it drops the fraction and stops at the ends of the range"
)]
pub(crate) fn truncated(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Ten {}
    impl Constraint for Ten {
        type Shape = IntegerShape;
        const SHAPE: &'static IntegerShape = &IntegerShape { min: 1, max: 10 };
    }

    #[test]
    fn a_number_is_cut_to_a_whole_one_and_held_to_its_limits() {
        let read = |text| serde_json::from_str::<Int<Ten>>(text).ok().map(|int| int.value());
        assert_eq!(read("10"), Some(10));
        assert_eq!(read("10.9"), Some(10));
        assert_eq!(read("1e1"), Some(10));
        for refused in ["0", "0.9", "11", "-1", "4294967297", "1e300", "\"1\"", "null", "true"] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }
}
