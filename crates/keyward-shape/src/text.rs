//! Strings within the limits of the table.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{self, Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::raw::Str;
use crate::table::{Constraint, TextShape};

/// A string within the limits of `C`, borrowed from the body when it holds no escape.
pub struct Text<'a, C> {
    text: Cow<'a, str>,
    constraint: PhantomData<C>,
}

impl<'a, C> Text<'a, C> {
    /// The string.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The string, still borrowed if it was.
    pub fn into_cow(self) -> Cow<'a, str> {
        self.text
    }

    /// The string, on its own.
    pub fn into_string(self) -> String {
        self.text.into_owned()
    }
}

impl<'de: 'a, 'a, C: Constraint<Shape = TextShape>> Deserialize<'de> for Text<'a, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const { assert!(!C::SHAPE.sensitive, "a sensitive string is a SecretText") };
        let Str(text) = Str::deserialize(deserializer)?;
        if C::SHAPE.accepts(&text) {
            Ok(Self { text, constraint: PhantomData })
        } else {
            Err(de::Error::custom("text outside its constraint"))
        }
    }
}

impl<C> Deref for Text<'_, C> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl<C> Clone for Text<'_, C> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), constraint: PhantomData }
    }
}

impl<C> fmt::Debug for Text<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// A sensitive string within the limits of `C`, such as a password. It is zeroed when dropped.
///
/// Deliberately absent: `Clone`, `Serialize`, `Display`, `PartialEq`, `Deref`.
pub struct SecretText<C> {
    text: Zeroizing<String>,
    constraint: PhantomData<C>,
}

impl<C> SecretText<C> {
    /// The one way in.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The string, for a secret type of another crate to take over.
    pub fn into_zeroizing(self) -> Zeroizing<String> {
        self.text
    }
}

impl<'de, C: Constraint<Shape = TextShape>> Deserialize<'de> for SecretText<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Str(text) = Str::deserialize(deserializer)?;
        let text = Zeroizing::new(text.into_owned());
        if C::SHAPE.accepts(&text) {
            Ok(Self { text, constraint: PhantomData })
        } else {
            Err(de::Error::custom("text outside its constraint"))
        }
    }
}

impl<C> fmt::Debug for SecretText<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}
