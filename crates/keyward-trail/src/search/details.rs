//! What a record says beyond the members it is filed by.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

type Text<'r> = Option<Cow<'r, str>>;

/// The members that filters and summaries look at, beside those of [`keyward_audit::Event`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details<'r> {
    #[serde(borrow)]
    pub(super) user_identity: Identity<'r>,
    #[serde(rename = "sourceIPAddress", borrow)]
    pub(super) source_ip_address: Text<'r>,
    #[serde(borrow)]
    pub(super) error_code: Text<'r>,
    #[serde(rename = "requestID", borrow)]
    pub(super) request_id: Text<'r>,
    #[serde(borrow)]
    request_parameters: Option<&'r RawValue>,
}

/// `userIdentity`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity<'r> {
    #[serde(borrow)]
    pub(super) arn: Text<'r>,
    #[serde(borrow)]
    pub(super) principal_id: Text<'r>,
    #[serde(borrow)]
    pub(super) account_id: Text<'r>,
    #[serde(borrow)]
    pub(super) user_name: Text<'r>,
    #[serde(borrow)]
    pub(super) invoked_by: Text<'r>,
    #[serde(borrow)]
    session_context: Option<SessionContext<'r>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'r> {
    #[serde(borrow)]
    session_issuer: Option<SessionIssuer<'r>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'r> {
    #[serde(borrow)]
    arn: Text<'r>,
}

/// The parameters that name what a request is about.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Names<'r> {
    #[serde(borrow)]
    key_id: Text<'r>,
    #[serde(borrow)]
    source_key_id: Text<'r>,
    #[serde(borrow)]
    destination_key_id: Text<'r>,
    #[serde(borrow)]
    target_key_id: Text<'r>,
    #[serde(borrow)]
    alias_name: Text<'r>,
    #[serde(borrow)]
    user_name: Text<'r>,
    #[serde(borrow)]
    role_name: Text<'r>,
    #[serde(borrow)]
    group_name: Text<'r>,
    #[serde(borrow)]
    policy_name: Text<'r>,
    #[serde(borrow)]
    policy_arn: Text<'r>,
    #[serde(borrow)]
    role_arn: Text<'r>,
}

impl<'r> Details<'r> {
    pub(super) fn read(record: &'r [u8]) -> Option<Self> {
        serde_json::from_slice(record).ok()
    }

    /// How the request named its keys, in its own words.
    pub(super) fn named_keys(&self) -> impl Iterator<Item = Cow<'r, str>> {
        let Names { key_id, source_key_id, destination_key_id, target_key_id, alias_name, .. } =
            self.names();
        let names = [alias_name, key_id, source_key_id, destination_key_id, target_key_id];
        names.into_iter().flatten()
    }

    /// The first thing the request named, of any kind.
    pub(super) fn first_named(&self) -> Text<'r> {
        let names = self.names();
        let of_iam = [
            names.user_name,
            names.role_name,
            names.group_name,
            names.policy_name,
            names.policy_arn,
            names.role_arn,
        ];
        self.named_keys().next().or_else(|| of_iam.into_iter().flatten().next())
    }

    fn names(&self) -> Names<'r> {
        let parameters = self.request_parameters.map(RawValue::get);
        parameters.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }
}

impl Identity<'_> {
    /// The ARN of the role behind a session.
    pub(super) fn issuer_arn(&self) -> Option<&str> {
        self.session_context.as_ref()?.session_issuer.as_ref()?.arn.as_deref()
    }
}
