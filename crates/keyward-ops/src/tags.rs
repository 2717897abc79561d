//! Rules that tags follow wherever they are sent.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html>

use std::collections::HashSet;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{OpError, RequestTags, op_error};
use keyward_shape::Text;
use keyward_store::{ScopedKey, TagRecord, Write};
use serde::Serialize;

use crate::constraints::TagKeyType;
use crate::shape::{Tag, Tags};

/// The most tags one request may carry, and the most a key may.
pub(crate) const TAGS_MAX: usize = 50;

/// Refuses a tag set that breaks a rule.
pub(crate) fn check(tags: &Tags<'_>) -> Result<(), OpError> {
    let mut keys = HashSet::new();
    if tags.len() > TAGS_MAX {
        return Err(op_error!(Tag, "Too many tags"));
    }
    for tag in tags.iter() {
        check_text(&tag.tag_key)?;
        check_text(&tag.tag_value)?;
        if !keys.insert(tag.tag_key.as_str()) {
            return Err(op_error!(Tag, "Duplicate tag keys"));
        }
    }
    Ok(())
}

/// Refuses tag keys that break a rule. One named twice is as good as named once.
pub(crate) fn check_keys(keys: &[Text<'_, TagKeyType>]) -> Result<(), OpError> {
    if keys.len() > TAGS_MAX {
        return Err(op_error!(Tag, "Too many tags"));
    }
    keys.iter().try_for_each(|key| check_text(key))
}

/// Refuses a tag key or value that is reserved or holds a character tags may not.
fn check_text(text: &str) -> Result<(), OpError> {
    if text.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        return Err(op_error!(
            Tag,
            "aws: prefixed tag key names are not allowed for external use."
        ));
    }
    let is_allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    if text.chars().all(is_allowed) {
        return Ok(());
    }
    Err(op_error!(Tag, "Tags can only contain letters, numbers, white space and _ . : / = + - @"))
}

/// The tags as policies see them in a request that puts them on a key.
pub(crate) fn put<'a>(tags: &'a Tags<'_>) -> RequestTags<'a> {
    RequestTags::put(pairs(tags))
}

/// The same, of a key that the request makes.
pub(crate) fn put_on_new_key<'a>(tags: &'a Tags<'_>) -> RequestTags<'a> {
    RequestTags::put_on_new_key(pairs(tags))
}

/// The tags as keys and values.
pub(crate) fn pairs<'a>(tags: &'a Tags<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    tags.iter().map(|tag| (tag.tag_key.as_str(), tag.tag_value.as_str()))
}

/// The tags as a key has them.
pub(crate) fn of_key(tags: &Tags<'_>) -> Vec<(String, String)> {
    pairs(tags).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The writes that put the tags on a key.
pub(crate) fn writes(key: &ScopedKey, tags: &Tags<'_>) -> Vec<Write> {
    let write = |tag: &Tag<'_>| {
        Write::PutTag(TagRecord {
            key: key.clone(),
            tag_key: tag.tag_key.to_string(),
            tag_value: tag.tag_value.to_string(),
        })
    };
    tags.iter().map(write).collect()
}

/// Writes the tags into an audit record.
pub(crate) fn record(to: &mut JsonObject<'_>, tags: &Tags<'_>) {
    to.objects("tags", tags.iter(), |to, tag| tag.record(to));
}

/// A tag in a reply.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagOutput {
    tag_key: String,
    tag_value: String,
}

impl From<TagRecord> for TagOutput {
    fn from(tag: TagRecord) -> Self {
        Self { tag_key: tag.tag_key, tag_value: tag.tag_value }
    }
}

impl From<&Tag<'_>> for TagOutput {
    fn from(tag: &Tag<'_>) -> Self {
        Self { tag_key: tag.tag_key.to_string(), tag_value: tag.tag_value.to_string() }
    }
}

impl Recorded for TagOutput {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("tagKey", &self.tag_key);
        to.text("tagValue", &self.tag_value);
    }
}

impl Recorded for Tag<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("tagKey", &self.tag_key);
        to.text("tagValue", &self.tag_value);
    }
}
