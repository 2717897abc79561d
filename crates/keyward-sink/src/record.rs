//! A record as sinks see it: its text, and the members they sort it by.

use keyward_audit::{JournalPosition, read_iso_date, without_operator_note};
use keyward_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One audit record, without what is the operator's alone.
#[derive(Debug)]
pub struct Record {
    text: String,
    end: JournalPosition,
    pub(crate) members: Members,
}

/// What a record is sorted by. Members that are absent, and all of a line that is no record, are
/// empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Members {
    pub(crate) event_time: String,
    pub(crate) event_source: String,
    pub(crate) event_name: String,
    pub(crate) aws_region: String,
    #[serde(rename = "sourceIPAddress")]
    pub(crate) source_ip_address: String,
    pub(crate) user_agent: String,
    pub(crate) error_code: String,
    #[serde(rename = "requestID")]
    pub(crate) request_id: String,
    #[serde(rename = "eventID")]
    pub(crate) event_id: String,
    pub(crate) read_only: bool,
    pub(crate) event_type: String,
    pub(crate) recipient_account_id: String,
    pub(crate) resources: Vec<Resource>,
    pub(crate) service_event_details: Details,
}

/// What a record was about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resource {
    #[serde(rename = "ARN")]
    pub(crate) arn: String,
}

/// What a service event says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Details {
    pub(crate) key_id: Option<String>,
    pub(crate) key_origin: Option<String>,
    pub(crate) key_material_id: Option<String>,
    pub(crate) rotation_type: Option<String>,
    pub(crate) previous_key_material_id: Option<String>,
    pub(crate) current_key_material_id: Option<String>,
}

impl Record {
    /// Reads a line of the journal that ends before `end`. A damaged line stays a record: it is
    /// sent as it is rather than left out.
    pub fn read(line: &[u8], end: JournalPosition) -> Self {
        let text = String::from_utf8(without_operator_note(line));
        let text =
            text.unwrap_or_else(|damaged| String::from_utf8_lossy(damaged.as_bytes()).into_owned());
        let members = serde_json::from_str(&text).unwrap_or_default();
        Self { text, end, members }
    }

    /// The record as JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place behind it in the journal.
    pub const fn end(&self) -> JournalPosition {
        self.end
    }

    /// When what it tells of happened; `None` if it is damaged.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        read_iso_date(&self.members.event_time)
    }

    /// Whether it tells of a request that was refused or failed.
    pub(crate) fn is_refusal(&self) -> bool {
        !self.members.error_code.is_empty()
    }

    /// The record as a part of other JSON; `None` if it is damaged.
    pub(crate) fn json(&self) -> Option<&RawValue> {
        serde_json::from_str(&self.text).ok()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const ROTATION: &str = r#"{"eventVersion":"1.11","userIdentity":{"accountId":"111122223333","invokedBy":"AWS Internal"},"eventTime":"2026-03-04T11:02:33Z","eventSource":"kms.amazonaws.com","eventName":"RotateKey","awsRegion":"us-west-2","sourceIPAddress":"AWS Internal","userAgent":"AWS Internal","requestParameters":null,"responseElements":null,"eventID":"27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012","readOnly":false,"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:us-west-2:111122223333:key/0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60"}],"eventType":"AwsServiceEvent","managementEvent":true,"recipientAccountId":"111122223333","serviceEventDetails":{"rotationType":"AUTOMATIC","keyOrigin":"AWS_KMS","previousKeyMaterialId":"3f0a","currentKeyMaterialId":"b81e","keyId":"0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60"},"eventCategory":"Management"}"#;

    pub(crate) const REFUSAL: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser"},"eventTime":"2026-03-04T10:15:02Z","eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"us-west-2","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2 \"x\"","errorCode":"AccessDenied","errorMessage":"no","requestParameters":null,"responseElements":null,"requestID":"9a4b","eventID":"6c1d","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","operatorNote":{"why":"secret reason"}}"#;

    pub(crate) fn record(line: &str) -> Record {
        Record::read(line.as_bytes(), JournalPosition::default())
    }

    #[test]
    fn the_operators_note_goes_to_no_sink() {
        let record = record(REFUSAL);
        assert!(!record.text().contains("operatorNote"), "{}", record.text());
        assert!(record.is_refusal());
        assert_eq!(record.members.user_agent, "aws-cli/2 \"x\"");
    }

    #[test]
    fn every_line_ever_written_has_its_members() {
        let mut refusals = 0;
        let lines = include_str!("../../../vectors/journal/v1.jsonl").lines();
        for line in lines.clone() {
            let record = record(line);
            let Members { event_time, event_name, event_id, recipient_account_id, .. } =
                &record.members;
            for member in [event_time, event_name, event_id, recipient_account_id] {
                assert!(!member.is_empty(), "{line}");
            }
            refusals += usize::from(record.is_refusal());
            assert!(record.json().is_some());
        }
        assert!(refusals > 0 && refusals < lines.count());
    }

    #[test]
    fn a_damaged_line_is_still_a_record() {
        let damaged = Record::read(b"\xff{no", JournalPosition::default());
        assert_eq!(damaged.text(), "\u{fffd}{no");
        assert!(damaged.json().is_none() && damaged.members.event_id.is_empty());
    }
}
