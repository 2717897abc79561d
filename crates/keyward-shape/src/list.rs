//! Lists within the limits of the table.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use crate::table::{Constraint, ListShape};

/// A list within the limits of `C`. Its default is empty, for members that may be absent.
pub struct List<T, C> {
    elements: Vec<T>,
    constraint: PhantomData<C>,
}

impl<T, C> List<T, C> {
    /// The elements, on their own.
    pub fn into_vec(self) -> Vec<T> {
        self.elements
    }
}

impl<'de, T: Deserialize<'de>, C: Constraint<Shape = ListShape>> Deserialize<'de> for List<T, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T, C>(PhantomData<(T, C)>);

impl<'de, T: Deserialize<'de>, C: Constraint<Shape = ListShape>> Visitor<'de>
    for ListVisitor<T, C>
{
    type Value = List<T, C>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            if elements.len() == C::SHAPE.max {
                return Err(de::Error::custom("list outside its constraint"));
            }
            elements.push(element);
        }
        if elements.len() < C::SHAPE.min {
            return Err(de::Error::custom("list outside its constraint"));
        }
        Ok(List { elements, constraint: PhantomData })
    }
}

impl<T, C> Default for List<T, C> {
    fn default() -> Self {
        Self { elements: Vec::new(), constraint: PhantomData }
    }
}

impl<T, C> Deref for List<T, C> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.elements
    }
}

impl<T: fmt::Debug, C> fmt::Debug for List<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.elements.fmt(f)
    }
}
