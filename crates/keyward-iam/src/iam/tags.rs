//! Tags of what IAM names.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>

use std::collections::HashSet;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError, op_error};
use keyward_shape::{List, Text};
use serde::{Deserialize, Serialize};

use super::constraints::{TagKeyListType, TagKeyType, TagListType, TagValueType};
use super::paging::PageRequest;

/// The most tags an entity has.
const TAGS_MAX: usize = 50;

/// `Tags`.
pub(crate) type Tags<'a> = List<Tag<'a>, TagListType>;

/// `TagKeys`.
pub(crate) type TagKeys<'a> = List<Text<'a, TagKeyType>, TagKeyListType>;

/// A tag as sent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag<'a> {
    #[serde(borrow)]
    key: Text<'a, TagKeyType>,
    #[serde(borrow)]
    value: Text<'a, TagValueType>,
}

/// A tag in a reply.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagOutput {
    key: String,
    value: String,
}

/// A page of tags in a reply.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagPage {
    tags: Vec<TagOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// The tags as records hold them; an error for a set that breaks a rule.
pub(crate) fn sound(tags: &Tags<'_>) -> Result<Vec<(String, String)>, OpError> {
    let mut keys = HashSet::new();
    for tag in tags.iter() {
        require_unreserved(&tag.key)?;
        if !keys.insert(tag.key.to_lowercase()) {
            return Err(op_error!(
                InvalidInput,
                "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            ));
        }
    }
    Ok(tags.iter().map(|tag| (tag.key.to_string(), tag.value.to_string())).collect())
}

/// The keys; an error for one that is reserved.
pub(crate) fn sound_keys(keys: &TagKeys<'_>) -> Result<Vec<String>, OpError> {
    keys.iter().try_for_each(|key| require_unreserved(key))?;
    Ok(keys.iter().map(|key| key.to_string()).collect())
}

// WIRE: "IAM: tags".
fn require_unreserved(key: &str) -> Result<(), OpError> {
    if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        return Err(op_error!(
            InvalidInput,
            "aws: prefixed tag key names are not allowed for external use."
        ));
    }
    Ok(())
}

/// Puts tags on an entity. A key that it has, in any case, gets the new value and spelling.
pub(crate) fn put(
    tags: &mut Vec<(String, String)>,
    added: Vec<(String, String)>,
) -> Result<(), OpError> {
    for (key, value) in added {
        tags.retain(|(old, _)| old.to_lowercase() != key.to_lowercase());
        tags.push((key, value));
    }
    if tags.len() > TAGS_MAX {
        // WIRE: "IAM: tags".
        return Err(op_error!(
            LimitExceeded,
            "Cannot exceed quota for TagsPerResource: {TAGS_MAX}"
        ));
    }
    Ok(())
}

/// Takes tags off an entity; keys that it has not are as good as gone.
pub(crate) fn remove(tags: &mut Vec<(String, String)>, keys: &[String]) {
    let is_named = |tag: &str| keys.iter().any(|key| key.to_lowercase() == tag.to_lowercase());
    tags.retain(|(key, _)| !is_named(key));
}

/// The tags of a reply that shows them beside other things; `None` leaves the member out.
pub(crate) fn shown(tags: &[(String, String)]) -> Option<Vec<TagOutput>> {
    (!tags.is_empty()).then(|| tags.iter().cloned().map(TagOutput::from).collect())
}

/// A page of tags, in the order of keys.
pub(crate) fn page(
    cx: &Cx,
    request: &PageRequest<'_>,
    mut tags: Vec<(String, String)>,
) -> Result<TagPage, OpError> {
    tags.sort_unstable();
    let page = request.page_of_all(cx, tags, |(key, _)| key.clone())?;
    let is_truncated = page.is_truncated();
    let tags = page.entries.into_iter().map(TagOutput::from).collect();
    Ok(TagPage { tags, is_truncated, marker: page.marker })
}

/// Writes the tags into an audit record.
pub(crate) fn record(to: &mut JsonObject<'_>, tags: &Tags<'_>) {
    to.objects("tags", tags.iter(), |to, tag| {
        to.text("key", &tag.key);
        to.text("value", &tag.value);
    });
}

/// Writes the tags into an audit record if any were sent.
pub(crate) fn record_sent(to: &mut JsonObject<'_>, tags: &Tags<'_>) {
    if !tags.is_empty() {
        record(to, tags);
    }
}

/// Writes the keys into an audit record.
pub(crate) fn record_keys(to: &mut JsonObject<'_>, keys: &TagKeys<'_>) {
    to.texts("tagKeys", keys.iter().map(Text::as_str));
}

impl From<(String, String)> for TagOutput {
    fn from((key, value): (String, String)) -> Self {
        Self { key, value }
    }
}

impl Recorded for TagPage {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

impl Recorded for TagOutput {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("key", &self.key);
        to.text("value", &self.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_tag_of_the_same_key_in_another_case_is_replaced() {
        let mut held = tags(&[("Team", "a"), ("Cost", "1")]);
        put(&mut held, tags(&[("team", "b")])).unwrap();
        assert_eq!(held, tags(&[("Cost", "1"), ("team", "b")]));
        remove(&mut held, &["COST".to_owned(), "none".to_owned()]);
        assert_eq!(held, tags(&[("team", "b")]));
    }

    #[test]
    fn fifty_tags_fit_and_no_more() {
        let many = |count: usize| (0..count).map(|n| (format!("k{n}"), String::new())).collect();
        let mut held = Vec::new();
        put(&mut held, many(50)).unwrap();
        put(&mut held, tags(&[("K0", "again")])).unwrap();
        assert!(put(&mut held, tags(&[("one more", "")])).is_err());
    }
}
