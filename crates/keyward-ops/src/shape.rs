//! Shapes that several operations share.

use keyward_audit::{JsonObject, Recorded};
use keyward_crypto::Plaintext;
use keyward_model::EncryptionContext;
use keyward_shape::{Context, List, Text, as_secret_base64};
use serde::{Deserialize, Serialize, Serializer};

use crate::constraints::{GrantTokenList, GrantTokenType, TagKeyType, TagList, TagValueType};

/// `GrantTokens`.
pub(crate) type GrantTokens<'a> = List<Text<'a, GrantTokenType>, GrantTokenList>;

/// `Tags`.
pub(crate) type Tags<'a> = List<Tag<'a>, TagList>;

/// A tag as sent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag<'a> {
    #[serde(borrow)]
    pub(crate) tag_key: Text<'a, TagKeyType>,
    #[serde(borrow)]
    pub(crate) tag_value: Text<'a, TagValueType>,
}

/// A plaintext that the API defines as output: the one place where a secret becomes text.
pub(crate) struct SecretOutput(pub(crate) Plaintext);

impl Serialize for SecretOutput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_secret_base64(self.0.expose(), serializer)
    }
}

/// The encryption context of a request.
pub(crate) fn encryption_context(context: Context<'_>) -> EncryptionContext<'_> {
    EncryptionContext::of_unique(context.into_pairs())
}

/// Writes an encryption context as it was sent, unless there is none.
pub(crate) fn record_context(to: &mut JsonObject<'_>, name: &'static str, context: &Context<'_>) {
    if !context.is_empty() {
        to.text_map(name, context.pairs().iter().map(|(key, value)| (&**key, &**value)));
    }
}

/// Writes a member that was sent.
pub(crate) fn record_text<C>(
    to: &mut JsonObject<'_>,
    name: &'static str,
    text: Option<&Text<'_, C>>,
) {
    if let Some(text) = text {
        to.text(name, text.as_str());
    }
}

/// Writes `dryRun` if it was sent.
pub(crate) fn record_dry_run(to: &mut JsonObject<'_>, dry_run: Option<bool>) {
    if let Some(dry_run) = dry_run {
        to.boolean("dryRun", dry_run);
    }
}

/// A reply with an empty body whose audit record names the key.
#[derive(Serialize)]
pub(crate) struct KeyChanged {
    #[serde(skip)]
    pub(crate) key_arn: String,
}

impl Recorded for KeyChanged {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_arn);
    }
}
