//! Words of a closed set.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};

use crate::raw::Str;
use crate::table::{Constraint, EnumShape};

/// A word of the closed set `C`, read as a `T`.
///
/// `T` must read every word of `C`; it may know more. [`OneOf::unread`] tells a test.
pub struct OneOf<T, C> {
    value: T,
    constraint: PhantomData<C>,
}

impl<T, C> OneOf<T, C> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: FromStr, C: Constraint<Shape = EnumShape>> OneOf<T, C> {
    /// The words of `C` that `T` does not know, for a test to find none.
    pub fn unread() -> Vec<&'static str> {
        C::SHAPE.values.iter().copied().filter(|word| word.parse::<T>().is_err()).collect()
    }
}

impl<'de, T: FromStr, C: Constraint<Shape = EnumShape>> Deserialize<'de> for OneOf<T, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Str(word) = Str::deserialize(deserializer)?;
        if !C::SHAPE.accepts(&word) {
            return Err(de::Error::custom("word outside its closed set"));
        }
        let value = word.parse().map_err(|_| de::Error::custom("word outside its closed set"))?;
        Ok(Self { value, constraint: PhantomData })
    }
}

impl<T, C> Deref for OneOf<T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Clone, C> Clone for OneOf<T, C> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), constraint: PhantomData }
    }
}

impl<T: Copy, C> Copy for OneOf<T, C> {}

impl<T: fmt::Debug, C> fmt::Debug for OneOf<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Digits {}
    impl Constraint for Digits {
        type Shape = EnumShape;
        const SHAPE: &'static EnumShape = &EnumShape::of(&["1", "2", "two"]);
    }

    #[test]
    fn only_words_of_the_set_are_read() {
        let read = |text| serde_json::from_str::<OneOf<u8, Digits>>(text).ok().map(|one| *one);
        assert_eq!(read(r#""2""#), Some(2));
        assert_eq!(read(r#""3""#), None);
        assert_eq!(read("2"), None);
    }

    #[test]
    fn words_the_type_does_not_know_are_found() {
        assert_eq!(OneOf::<u8, Digits>::unread(), ["two"]);
    }
}
