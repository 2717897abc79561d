//! Condition keys of a simulated request.

use keyward_policy::{ConditionKey, ContextValue, RequestContext};
use keyward_shape::{List, OneOf, Text};
use serde::Deserialize;

use super::super::constraints::{
    ContextEntryListType, ContextKeyNameType, ContextKeyTypeEnum, ContextKeyValueListType,
    ContextKeyValueType,
};

/// `ContextEntries`.
pub(crate) type ContextEntries<'a> = List<ContextEntry<'a>, ContextEntryListType>;

/// One condition key with its values.
#[derive(Deserialize)]
pub(crate) struct ContextEntry<'a> {
    #[serde(borrow, rename = "ContextKeyName")]
    name: Option<Text<'a, ContextKeyNameType>>,
    #[serde(borrow, default, rename = "ContextKeyValues")]
    values: List<Text<'a, ContextKeyValueType>, ContextKeyValueListType>,
    #[serde(rename = "ContextKeyType")]
    kind: Option<OneOf<String, ContextKeyTypeEnum>>,
}

/// The keys that were given. Operators of every type read text, so that values stay text but for
/// those whose text has more than one spelling.
pub(crate) struct SimulatedContext<'a> {
    entries: Vec<(ConditionKey, &'a ContextEntry<'a>)>,
}

impl<'a> SimulatedContext<'a> {
    /// Reads the entries. One without a name says nothing.
    pub(crate) fn new(entries: &'a ContextEntries<'a>) -> Self {
        let named = entries.iter().filter_map(|entry| {
            let name = entry.name.as_deref()?;
            Some((ConditionKey::parse(name), entry))
        });
        Self { entries: named.collect() }
    }

    /// How long the names and values are together.
    pub(super) fn bytes(&self) -> usize {
        let of_entry = |entry: &ContextEntry<'_>| {
            let name = entry.name.as_ref().map_or(0, |name| name.len());
            let values: usize = entry.values.iter().map(|value| value.len()).sum();
            name.saturating_add(values)
        };
        self.entries.iter().map(|(_, entry)| of_entry(entry)).sum()
    }

    /// Whether the key was given.
    pub(super) fn has(&self, name: &str) -> bool {
        let key = ConditionKey::parse(name);
        self.entries.iter().any(|(given, _)| *given == key)
    }
}

impl RequestContext for SimulatedContext<'_> {
    fn visit(&self, key: &ConditionKey, visit: &mut dyn FnMut(ContextValue<'_>)) -> bool {
        let mut is_present = false;
        for (_, entry) in self.entries.iter().filter(|(given, _)| given == key) {
            is_present = true;
            let is_truth = entry.kind.as_ref().is_some_and(|it| it.starts_with("bool"));
            for value in entry.values.iter() {
                match value.to_ascii_lowercase().parse() {
                    Ok(truth) if is_truth => visit(ContextValue::Bool(truth)),
                    _ => visit(ContextValue::Text(value)),
                }
            }
        }
        is_present
    }
}
