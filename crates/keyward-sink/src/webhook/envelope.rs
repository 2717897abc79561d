//! EventBridge's form of an event.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::Record;
use crate::record::Details;

/// Which API calls are events, besides what the service does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiCalls {
    /// None.
    #[default]
    None,
    /// Those that are not read-only.
    Writes,
    /// All.
    All,
}

/// An event. Its id is that of the record, which stays the same however often it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Envelope<'a> {
    version: &'static str,
    pub(super) id: &'a str,
    #[serde(rename = "detail-type")]
    detail_type: &'static str,
    source: String,
    account: &'a str,
    time: &'a str,
    region: &'a str,
    resources: Vec<&'a str>,
    detail: Detail<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Key(KeyDetail<'a>),
    Record(&'a RawValue),
}

/// What the key service says of a key.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct KeyDetail<'a> {
    key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_key_material_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_key_material_id: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// The event that a record is, if it is one.
    pub(super) fn of(record: &'a Record, api_calls: ApiCalls) -> Option<Self> {
        let members = &record.members;
        let (detail_type, detail) = match members.event_type.as_str() {
            "AwsServiceEvent" if members.event_source == "kms.amazonaws.com" => {
                let detail_type = match members.event_name.as_str() {
                    "RotateKey" => "KMS CMK Rotation",
                    "DeleteExpiredKeyMaterial" => "KMS Imported Key Material Expiration",
                    "DeleteKey" => "KMS CMK Deletion",
                    _ => return None,
                };
                (detail_type, Detail::Key(KeyDetail::of(record)))
            }
            "AwsApiCall" => {
                let is_wanted = match api_calls {
                    ApiCalls::None => false,
                    ApiCalls::Writes => !members.read_only,
                    ApiCalls::All => true,
                };
                let record = record.json().filter(|_| is_wanted)?;
                ("AWS API Call via CloudTrail", Detail::Record(record))
            }
            _ => return None,
        };
        let service = members.event_source.split('.').next().unwrap_or_default();
        let resources = match detail {
            Detail::Key(_) => members.resources.iter().map(|resource| &*resource.arn).collect(),
            // Those of a call stand in its record.
            Detail::Record(_) => Vec::new(),
        };
        Some(Self {
            version: "0",
            id: &members.event_id,
            detail_type,
            source: format!("aws.{service}"),
            account: &members.recipient_account_id,
            time: &members.event_time,
            region: &members.aws_region,
            resources,
            detail,
        })
    }
}

impl<'a> KeyDetail<'a> {
    fn of(record: &'a Record) -> Self {
        let Details {
            key_id,
            key_origin,
            key_material_id,
            rotation_type,
            previous_key_material_id,
            current_key_material_id,
        } = &record.members.service_event_details;
        let arn = record.members.resources.first().map_or("", |resource| &resource.arn);
        let id_of_arn = arn.rsplit_once('/').map_or("", |(_, id)| id);
        Self {
            key_id: key_id.as_deref().unwrap_or(id_of_arn),
            key_origin: key_origin.as_deref(),
            rotation_type: rotation_type.as_deref(),
            key_material_id: key_material_id.as_deref(),
            previous_key_material_id: previous_key_material_id.as_deref(),
            current_key_material_id: current_key_material_id.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::record::tests::{REFUSAL, ROTATION, record};

    fn event(line: &str, api_calls: ApiCalls) -> Option<Value> {
        Envelope::of(&record(line), api_calls).map(|event| serde_json::to_value(event).unwrap())
    }

    fn service_event(name: &str, details: &str) -> String {
        let (start, _) = ROTATION.split_once(r#","serviceEventDetails"#).unwrap();
        format!("{}{details}}}", start.replace("RotateKey", name))
    }

    #[test]
    fn a_rotation_is_the_documented_event() {
        let expected = json!({
            "version": "0",
            "id": "27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012",
            "detail-type": "KMS CMK Rotation",
            "source": "aws.kms",
            "account": "111122223333",
            "time": "2026-03-04T11:02:33Z",
            "region": "us-west-2",
            "resources": [
                "arn:aws:kms:us-west-2:111122223333:key/0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60"
            ],
            "detail": {
                "key-id": "0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60",
                "key-origin": "AWS_KMS",
                "rotation-type": "AUTOMATIC",
                "previous-key-material-id": "3f0a",
                "current-key-material-id": "b81e"
            }
        });
        assert_eq!(event(ROTATION, ApiCalls::None).unwrap(), expected);
    }

    #[test]
    fn a_deletion_and_an_expiry_name_the_key() {
        let id = "0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60";
        let deletion = event(&service_event("DeleteKey", ""), ApiCalls::None).unwrap();
        assert_eq!(deletion["detail-type"], "KMS CMK Deletion");
        assert_eq!(deletion["detail"], json!({ "key-id": id }));
        let details = format!(r#","serviceEventDetails":{{"keyId":"{id}","keyMaterialId":"9f"}}"#);
        let line = service_event("DeleteExpiredKeyMaterial", &details);
        let expiry = event(&line, ApiCalls::None).unwrap();
        assert_eq!(expiry["detail-type"], "KMS Imported Key Material Expiration");
        assert_eq!(expiry["detail"], json!({ "key-id": id, "key-material-id": "9f" }));
    }

    #[test]
    fn calls_are_events_only_when_asked_for() {
        let write = REFUSAL.replace(r#""readOnly":true"#, r#""readOnly":false"#);
        for (line, api_calls, is_event) in [
            (REFUSAL, ApiCalls::None, false),
            (&write, ApiCalls::None, false),
            (REFUSAL, ApiCalls::Writes, false),
            (&write, ApiCalls::Writes, true),
            (REFUSAL, ApiCalls::All, true),
            (&write, ApiCalls::All, true),
        ] {
            assert_eq!(event(line, api_calls).is_some(), is_event, "{api_calls:?}");
        }
        let call =
            event(&REFUSAL.replace("kms.amazonaws", "iam.amazonaws"), ApiCalls::All).unwrap();
        assert_eq!(call["detail-type"], "AWS API Call via CloudTrail");
        assert_eq!(call["source"], "aws.iam");
        assert_eq!(call["resources"], json!([]));
        assert_eq!(call["detail"]["errorCode"], "AccessDenied");
        assert_eq!(call["detail"].get("operatorNote"), None);
    }

    #[test]
    fn what_is_neither_is_no_event() {
        let operator = service_event("CreateAccount", "").replace("kms.amazonaws.com", "keyward");
        let other = service_event("SomethingNew", "");
        for line in [&*operator, &other, "damaged", "{}"] {
            assert!(event(line, ApiCalls::All).is_none(), "{line}");
        }
    }
}
