//! Audit records, as far as operations differ in them.

use serde_json::{Value, json};

/// What the record of every call has, whatever the operation.
const ENVELOPE: [&str; 14] = [
    "awsRegion",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "managementEvent",
    "recipientAccountId",
    "requestID",
    "sourceIPAddress",
    "userAgent",
    "userIdentity",
];

/// What a record says of its call alone: parameters, result, resources and the like.
pub(crate) fn without_envelope(mut record: Value) -> Value {
    let members = record.as_object_mut().unwrap();
    members.retain(|name, _| !ENVELOPE.contains(&name.as_str()));
    record
}

/// The entry in `resources` of a key or an alias.
pub fn resource(arn: &str) -> Value {
    let kind = if arn.contains(":alias/") { "AWS::KMS::Alias" } else { "AWS::KMS::Key" };
    json!({ "accountId": arn.split(':').nth(4), "type": kind, "ARN": arn })
}
