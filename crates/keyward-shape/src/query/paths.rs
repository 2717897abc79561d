//! The parameters of a form, by the parts of their names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Malformed;

/// The most parts of a name that any model has a use for. A name of more is left out.
const PARTS_MAX: usize = 12;

/// What the form says under one path.
#[derive(Default)]
pub(super) struct Node<'a> {
    pub(super) value: Option<Cow<'a, str>>,
    pub(super) children: BTreeMap<Box<str>, Node<'a>>,
}

impl<'a> Node<'a> {
    pub(super) fn insert(&mut self, name: &str, value: Cow<'a, str>) -> Result<(), Malformed> {
        if name.split('.').nth(PARTS_MAX).is_some() {
            return Ok(());
        }
        let place =
            name.split('.').fold(self, |node, part| node.children.entry(part.into()).or_default());
        match place.value.replace(value) {
            Some(_) => Err(Malformed::Repeated),
            None => Ok(()),
        }
    }

    /// The elements `word.1`, `word.2` and so on, in the order of their numbers. Some may be left
    /// out; other children make no list.
    pub(super) fn numbered(&self, word: &str) -> Result<Vec<&Self>, Malformed> {
        let only = self.children.get(word).filter(|_| self.children.len() == 1);
        let elements = &only.ok_or(Malformed::Numbering)?.children;
        let mut numbered = Vec::with_capacity(elements.len());
        for (number, element) in elements {
            let is_plain =
                number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
            let number = number.parse::<u32>().ok().filter(|_| is_plain);
            numbered.push((number.ok_or(Malformed::Numbering)?, element));
        }
        numbered.sort_unstable_by_key(|(number, _)| *number);
        Ok(numbered.into_iter().map(|(_, element)| element).collect())
    }
}
