//! A record read back: the members by which it is filed and found again.

mod named;

use std::borrow::Cow;

use keyward_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::date::read_iso_date;

/// What a record is filed and found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'r> {
    /// `eventID`.
    pub id: Uuid,
    /// `eventTime`: whole seconds.
    pub time: Timestamp,
    /// `recipientAccountId`: the account whose log it belongs to.
    pub account: Cow<'r, str>,
    /// `awsRegion`.
    pub region: Cow<'r, str>,
    /// `eventName`.
    pub name: Cow<'r, str>,
    /// `eventSource`.
    pub source: Cow<'r, str>,
    /// `readOnly`.
    pub is_read_only: Option<bool>,
    /// `userIdentity.accessKeyId`.
    pub access_key_id: Option<Cow<'r, str>>,
    /// The user's name, the name of a role's session or of a federated user, or `root`.
    pub username: Option<Cow<'r, str>>,
    /// `resources`.
    pub resources: Vec<EventResource<'r>>,
    /// What lookups find it by besides: events of IAM and STS name things and have no `resources`.
    pub named: Vec<EventResource<'r>>,
}

/// One of `resources`, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventResource<'r> {
    /// `type`.
    #[serde(rename = "type", borrow)]
    pub kind: Option<Cow<'r, str>>,
    /// `ARN`, or a name.
    #[serde(rename = "ARN", borrow)]
    pub arn: Option<Cow<'r, str>>,
}

impl<'r> Event<'r> {
    /// Reads a record, with or without the note for operators. `None` if it is no record.
    pub fn read(record: &'r [u8]) -> Option<Self> {
        let record: Record<'r> = serde_json::from_slice(record).ok()?;
        let identity = record.user_identity;
        Some(Self {
            named: named::named(
                &record.event_source,
                record.request_parameters,
                record.response_elements,
            ),
            id: Uuid::parse_str(&record.event_id).ok()?,
            time: read_iso_date(&record.event_time)?,
            account: record.recipient_account_id,
            region: record.aws_region,
            name: record.event_name,
            source: record.event_source,
            is_read_only: record.read_only,
            username: identity.username(),
            access_key_id: identity.access_key_id,
            resources: record.resources.unwrap_or_default(),
        })
    }

    /// What lookups find it by and tell of it.
    pub fn looked_up_resources(&self) -> impl Iterator<Item = &EventResource<'r>> {
        self.resources.iter().chain(&self.named)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'r> {
    #[serde(borrow)]
    user_identity: Identity<'r>,
    #[serde(borrow)]
    event_time: Cow<'r, str>,
    #[serde(borrow)]
    event_source: Cow<'r, str>,
    #[serde(borrow)]
    event_name: Cow<'r, str>,
    #[serde(borrow)]
    aws_region: Cow<'r, str>,
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'r, str>,
    read_only: Option<bool>,
    #[serde(borrow)]
    request_parameters: Option<&'r RawValue>,
    #[serde(borrow)]
    response_elements: Option<&'r RawValue>,
    #[serde(borrow)]
    resources: Option<Vec<EventResource<'r>>>,
    #[serde(borrow)]
    recipient_account_id: Cow<'r, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'r> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'r, str>>,
    #[serde(borrow)]
    principal_id: Option<Cow<'r, str>>,
    #[serde(borrow)]
    access_key_id: Option<Cow<'r, str>>,
    #[serde(borrow)]
    user_name: Option<Cow<'r, str>>,
}

impl<'r> Identity<'r> {
    /// What LookupEvents calls `Username`. Services and callers of other accounts have none.
    fn username(&self) -> Option<Cow<'r, str>> {
        match self.kind.as_deref() {
            Some("Root") => Some(Cow::Borrowed("root")),
            Some("AssumedRole" | "FederatedUser") => behind_colon(self.principal_id.as_ref()?),
            _ => self.user_name.clone(),
        }
    }
}

/// The name of the session in `AROA…:session`, of the user in `111122223333:user`.
fn behind_colon<'r>(principal_id: &Cow<'r, str>) -> Option<Cow<'r, str>> {
    match principal_id {
        Cow::Borrowed(id) => id.split_once(':').map(|(_, name)| Cow::Borrowed(name)),
        Cow::Owned(id) => id.split_once(':').map(|(_, name)| Cow::Owned(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(identity: &str, rest: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"2026-03-04T10:15:02Z","eventSource":"kms.amazonaws.com","eventName":"Encrypt","awsRegion":"us-west-2","requestParameters":{{"encryptionContext":{{"eventID":"x","readOnly":"y"}}}},"eventID":"6f3b2c1d-0000-4000-8000-000000000001",{rest}"recipientAccountId":"111122223333","eventCategory":"Management"}}"#
        )
    }

    fn username(identity: &str) -> Option<String> {
        let record = record(identity, "");
        Event::read(record.as_bytes()).unwrap().username.map(Cow::into_owned)
    }

    #[test]
    fn a_record_is_read_by_its_own_members_alone() {
        let resources = r#""readOnly":true,"resources":[{"accountId":"1","type":"AWS::KMS::Key","ARN":"arn:k"},{"ARN":"arn:other"}],"#;
        let text = record(r#"{"type":"IAMUser","accessKeyId":"AKIA1","userName":"a"}"#, resources);
        let event = Event::read(text.as_bytes()).unwrap();
        assert_eq!(event.id.to_string(), "6f3b2c1d-0000-4000-8000-000000000001");
        assert_eq!(event.time.unix_ms(), 1_772_619_302_000);
        assert_eq!((&*event.account, &*event.region), ("111122223333", "us-west-2"));
        assert_eq!((&*event.name, &*event.source), ("Encrypt", "kms.amazonaws.com"));
        assert_eq!(event.is_read_only, Some(true));
        assert_eq!(event.access_key_id.as_deref(), Some("AKIA1"));
        let resources: Vec<_> =
            event.resources.iter().map(|it| (it.kind.as_deref(), it.arn.as_deref())).collect();
        assert_eq!(resources, [(Some("AWS::KMS::Key"), Some("arn:k")), (None, Some("arn:other"))]);
    }

    #[test]
    fn the_username_is_that_of_the_user_the_session_or_root() {
        let session = r#"{"type":"AssumedRole","principalId":"AROA1:se\u0073sion"}"#;
        let federated = r#"{"type":"FederatedUser","principalId":"111122223333:fed"}"#;
        for (identity, expected) in [
            (r#"{"type":"Root","principalId":"111122223333"}"#, Some("root")),
            (r#"{"type":"IAMUser","userName":"alice"}"#, Some("alice")),
            (session, Some("session")),
            (federated, Some("fed")),
            (r#"{"type":"WebIdentityUser","userName":"subject"}"#, Some("subject")),
            (r#"{"type":"AWSAccount","principalId":"AROA1:session"}"#, None),
            (r#"{"type":"AWSService","invokedBy":"s3.amazonaws.com"}"#, None),
            (r#"{"accountId":"111122223333","invokedBy":"AWS Internal"}"#, None),
        ] {
            assert_eq!(username(identity).as_deref(), expected, "{identity}");
        }
    }

    #[test]
    fn what_is_no_record_is_not_read() {
        for text in ["", "{}", "[]", "{\"eventID\":1}"] {
            assert_eq!(Event::read(text.as_bytes()), None, "{text}");
        }
        let text = record("{}", "").replace("2026-03-04T10", "2026-13-04T10");
        assert_eq!(Event::read(text.as_bytes()), None);
    }
}
