//! Temporary credentials in replies and records.

use keyward_audit::{JsonObject, java_date};
use keyward_crypto::SigningSecret;
use keyward_engine::IssuedSession;
use keyward_model::Timestamp;
use serde::{Serialize, Serializer};

use crate::shape::Date;

/// `Credentials`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Credentials {
    access_key_id: String,
    secret_access_key: ShownSecret,
    session_token: String,
    expiration: Date,
}

/// A secret access key that the API defines as output: the one place where it becomes text.
struct ShownSecret(SigningSecret);

/// The room that credentials take in a reply, beside the token.
const REPLY_BYTES: usize = 2048;

impl Credentials {
    /// The credentials of a session, and who has them.
    pub(crate) fn of(issued: IssuedSession) -> Self {
        let expires_at = issued.caller.session.map(|session| session.expires_at);
        Self {
            access_key_id: issued.caller.access_key_id.to_string(),
            secret_access_key: ShownSecret(issued.secret),
            session_token: issued.token,
            expiration: Date(expires_at.unwrap_or(Timestamp::from_unix_ms(0))),
        }
    }

    /// An upper bound for a reply with these credentials.
    pub(crate) const fn reply_bytes_max(&self) -> usize {
        self.session_token.len().saturating_add(REPLY_BYTES)
    }

    /// What the audit record shows: neither the secret nor the token.
    pub(crate) fn record(&self, to: &mut JsonObject<'_>) {
        to.object("credentials", |to| {
            to.text("accessKeyId", &self.access_key_id);
            to.display("expiration", java_date(self.expiration.0));
        });
    }
}

impl Serialize for ShownSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Made of base64 characters, so always text.
        let text = std::str::from_utf8(self.0.expose()).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(text)
    }
}
