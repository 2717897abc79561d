//! The request: records in the form of log records, with the names of OpenTelemetry's conventions.

use keyward_model::Timestamp;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Record;

/// Severity numbers of the log data model.
const INFO: (u8, &str) = (9, "INFO");
const WARN: (u8, &str) = (13, "WARN");

/// An `ExportLogsServiceRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    resource_logs: [ResourceLogs<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceLogs<'a> {
    resource: Resource<'a>,
    scope_logs: [ScopeLogs<'a>; 1],
}

#[derive(Serialize)]
struct Resource<'a> {
    attributes: [Attribute<'a>; 2],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeLogs<'a> {
    scope: Scope<'a>,
    log_records: Vec<LogRecord<'a>>,
}

#[derive(Serialize)]
struct Scope<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogRecord<'a> {
    /// Nanoseconds since the epoch, as text: JSON's numbers do not hold them.
    time_unix_nano: String,
    observed_time_unix_nano: String,
    severity_number: u8,
    severity_text: &'a str,
    event_name: &'a str,
    body: Text<'a>,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'a str,
    value: Text<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Text<'a> {
    string_value: &'a str,
}

impl<'a> Request<'a> {
    pub(super) fn of(records: &'a [Record], version: &'a str, now: Timestamp) -> Self {
        let log_records = records.iter().map(|record| LogRecord::of(record, now)).collect();
        let scope = Scope { name: "keyward.audit", version };
        let resource = Resource {
            attributes: [
                attribute("service.name", "keyward"),
                attribute("service.version", version),
            ],
        };
        let scope_logs = [ScopeLogs { scope, log_records }];
        Self { resource_logs: [ResourceLogs { resource, scope_logs }] }
    }
}

impl<'a> LogRecord<'a> {
    fn of(record: &'a Record, now: Timestamp) -> Self {
        let members = &record.members;
        let observed = i128::from(now.unix_ms()) * 1_000_000;
        let time = OffsetDateTime::parse(&members.event_time, &Rfc3339);
        let time = time.map_or(observed, OffsetDateTime::unix_timestamp_nanos);
        let (severity_number, severity_text) = if record.is_refusal() { WARN } else { INFO };
        Self {
            time_unix_nano: time.max(0).to_string(),
            observed_time_unix_nano: observed.max(0).to_string(),
            severity_number,
            severity_text,
            event_name: &members.event_name,
            body: Text { string_value: record.text() },
            attributes: attributes(record),
        }
    }
}

/// What collectors sort by; a member that is absent has no attribute.
fn attributes(record: &Record) -> Vec<Attribute<'_>> {
    let members = &record.members;
    let is_call = members.event_type == "AwsApiCall";
    let of_call = |text: &'static str| if is_call { text } else { "" };
    let resource = members.resources.first().map_or("", |resource| &resource.arn);
    let named = [
        ("log.record.uid", &*members.event_id),
        ("event.name", &members.event_name),
        ("rpc.system", of_call("aws-api")),
        ("rpc.service", if is_call { service(&members.event_source) } else { "" }),
        ("rpc.method", if is_call { &members.event_name } else { "" }),
        ("cloud.account.id", &members.recipient_account_id),
        ("cloud.region", &members.aws_region),
        ("cloud.resource_id", resource),
        ("client.address", &members.source_ip_address),
        ("user_agent.original", &members.user_agent),
        ("error.type", &members.error_code),
        ("aws.request_id", &members.request_id),
    ];
    let named = named.into_iter().filter(|(_, value)| !value.is_empty());
    named.map(|(key, value)| attribute(key, value)).collect()
}

/// The service as its clients call it.
fn service(event_source: &str) -> &str {
    match event_source {
        "cloudtrail.amazonaws.com" => "CloudTrail",
        "iam.amazonaws.com" => "IAM",
        "kms.amazonaws.com" => "KMS",
        "sts.amazonaws.com" => "STS",
        other => other,
    }
}

const fn attribute<'a>(key: &'a str, value: &'a str) -> Attribute<'a> {
    Attribute { key, value: Text { string_value: value } }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::record::tests::{REFUSAL, ROTATION, record};

    fn request(line: &str) -> Value {
        let now = Timestamp::from_unix_ms(1_772_622_200_001);
        serde_json::to_value(Request::of(&[record(line)], "0.1.0", now)).unwrap()
    }

    fn text(key: &str, value: &str) -> Value {
        json!({ "key": key, "value": { "stringValue": value } })
    }

    #[test]
    fn a_refused_call_is_a_warning_with_the_names_of_the_conventions() {
        let expected = json!({ "resourceLogs": [{
            "resource": { "attributes": [
                text("service.name", "keyward"), text("service.version", "0.1.0"),
            ] },
            "scopeLogs": [{
                "scope": { "name": "keyward.audit", "version": "0.1.0" },
                "logRecords": [{
                    "timeUnixNano": "1772619302000000000",
                    "observedTimeUnixNano": "1772622200001000000",
                    "severityNumber": 13,
                    "severityText": "WARN",
                    "eventName": "Decrypt",
                    "body": { "stringValue": record(REFUSAL).text() },
                    "attributes": [
                        text("log.record.uid", "6c1d"),
                        text("event.name", "Decrypt"),
                        text("rpc.system", "aws-api"),
                        text("rpc.service", "KMS"),
                        text("rpc.method", "Decrypt"),
                        text("cloud.account.id", "111122223333"),
                        text("cloud.region", "us-west-2"),
                        text("client.address", "192.0.2.7"),
                        text("user_agent.original", "aws-cli/2 \"x\""),
                        text("error.type", "AccessDenied"),
                        text("aws.request_id", "9a4b"),
                    ],
                }],
            }],
        }] });
        assert_eq!(request(REFUSAL), expected);
    }

    #[test]
    fn a_service_event_is_no_call() {
        let request = request(ROTATION);
        let log = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!((&log["severityNumber"], &log["severityText"]), (&json!(9), &json!("INFO")));
        let attributes = log["attributes"].as_array().unwrap();
        assert!(attributes.iter().all(|it| !it["key"].as_str().unwrap().starts_with("rpc.")));
    }

    #[test]
    fn a_damaged_line_has_the_time_it_was_seen() {
        let request = request("damaged");
        let log = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!(log["timeUnixNano"], "1772622200001000000");
        assert_eq!(log["body"], json!({ "stringValue": "damaged" }));
        assert_eq!(log["attributes"], json!([]));
    }
}
