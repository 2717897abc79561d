//! What requests and replies share.

use keyward_audit::JsonObject;
use keyward_model::Timestamp;
use serde::{Serialize, Serializer};

/// Text, of any length: most members have no limit.
pub(crate) type AnyText<'a> = keyward_shape::Text<'a, crate::constraints::String>;

/// A date in a reply: a number of seconds.
#[derive(Clone, Copy)]
pub(crate) struct Date(pub(crate) Timestamp);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        keyward_shape::as_epoch_seconds(&self.0.unix_ms(), serializer)
    }
}

/// Writes a text if it was sent.
pub(crate) fn record_text(
    to: &mut JsonObject<'_>,
    name: &'static str,
    value: Option<&AnyText<'_>>,
) {
    if let Some(value) = value {
        to.text(name, value);
    }
}

/// Writes a boolean if it was sent.
pub(crate) fn record_flag(to: &mut JsonObject<'_>, name: &'static str, value: Option<bool>) {
    if let Some(value) = value {
        to.boolean(name, value);
    }
}
