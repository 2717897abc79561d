//! The audit record of every operation, whole, against golden records written from CloudTrail's
//! documentation, and both against a table of what the documentation lets records show.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where a table or a record is not as it must be"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use keyward_engine::Kind;
use keyward_ops::OPERATIONS;
use keyward_testkit::{Proven, play_all};
use serde_json::Value;

/// The operations that nobody sees succeed, for want of a custom key store.
const NEVER_SUCCEED: [&str; 5] = [
    "ConnectCustomKeyStore",
    "CreateCustomKeyStore",
    "DeleteCustomKeyStore",
    "DisconnectCustomKeyStore",
    "UpdateCustomKeyStore",
];

/// The members of requests that no record shows.
const HIDDEN: [&str; 17] = [
    "CiphertextBlob",
    "EncryptedKeyMaterial",
    "GrantToken",
    "GrantTokens",
    "ImportToken",
    "KeyStorePassword",
    "Mac",
    "Message",
    "Plaintext",
    "PublicKey",
    "Recipient",
    "SharedSecretCiphertextBlob",
    "Signature",
    "TrustAnchorCertificate",
    "XksProxyAuthenticationCredential",
    "DryRun",
    "DryRunModifiers",
];

/// What a record of an operation may show.
struct Row {
    is_read_only: bool,
    request: BTreeSet<String>,
    response: BTreeSet<String>,
    resources: Vec<Option<usize>>,
    additional: BTreeSet<String>,
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/records")
}

fn table() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(vectors().join("kms.txt")).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).chain(["", ""]).collect();
        let names = |cell: &str| cell.split_whitespace().map(str::to_owned).collect();
        let row = Row {
            is_read_only: cells[1].parse().unwrap(),
            request: names(cells[2]),
            response: names(cells[3].trim_matches(|_| cells[3] == "null")),
            resources: cells[4].split(" or ").map(|count| count.parse().ok()).collect(),
            additional: names(cells[5]),
        };
        (cells[0].to_owned(), row)
    })
    .collect()
}

/// What the goldens of the KMS prove, once they hold.
async fn proven() -> Proven {
    let proven = play_all(&vectors().join("kms")).await;
    assert!(proven.problems.is_empty(), "{}", proven.problems.join("\n"));
    proven
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The name of a member in a record.
fn recorded(member: &str) -> String {
    if member == "CloudHsmClusterId" {
        return "clusterId".to_owned();
    }
    let (first, rest) = member.split_at(1);
    first.to_lowercase() + rest
}

#[tokio::test]
async fn every_operation_has_golden_records_and_leaves_them() {
    let proven = proven().await;
    let names = |wanted: fn(&str) -> bool| -> BTreeSet<String> {
        let names = OPERATIONS.iter().map(|entry| entry.name);
        names.filter(|name| wanted(name)).map(str::to_owned).collect()
    };
    assert_eq!(proven.denied, names(|_| true));
    assert_eq!(proven.done, names(|name| !NEVER_SUCCEED.contains(&name)));
    let takes_dry_run = |name: &str| {
        let model = keyward_ops::find(name).unwrap().model;
        model.input.members.iter().any(|member| member.name == "DryRun")
    };
    assert_eq!(proven.dry_run, names(takes_dry_run));
}

#[tokio::test]
async fn callers_of_every_kind_leave_records_for_each_account_that_may_know() {
    let proven = play_all(&vectors().join("scenes")).await;
    assert!(proven.problems.is_empty(), "{}", proven.problems.join("\n"));
}

#[tokio::test]
async fn records_show_what_the_table_lets_them_and_the_goldens_show_all_of_it() {
    let (table, proven) = (table(), proven().await);
    let mut shown: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for record in &proven.records {
        let name = record["eventName"].as_str().unwrap();
        // What is no operation is an event of the service.
        let Some(row) = table.get(name) else { continue };
        assert_eq!(record["readOnly"], row.is_read_only, "{record}");
        let request = members(&record["requestParameters"]);
        assert!(row.request.is_superset(&without_dry_run(&request)), "{record}");
        shown.entry(name).or_default().extend(request);
        assert!(row.additional.is_superset(&members(&record["additionalEventData"])), "{record}");
        let count = record.get("resources").map(|all| all.as_array().unwrap().len());
        if record.get("errorCode").is_none() {
            assert_eq!(members(&record["responseElements"]), row.response, "{record}");
            assert!(row.resources.contains(&count), "{record}");
        } else {
            assert_eq!(record["responseElements"], Value::Null, "{record}");
        }
    }
    for (name, row) in &table {
        assert_eq!(without_dry_run(&shown[name.as_str()]), row.request, "{name}");
    }
}

fn without_dry_run(members: &BTreeSet<String>) -> BTreeSet<String> {
    members.iter().filter(|name| !name.starts_with("dryRun")).cloned().collect()
}

#[test]
fn the_table_knows_every_operation_and_every_member_of_the_model() {
    let table = table();
    let names: Vec<_> = OPERATIONS.iter().map(|entry| entry.name).collect();
    assert_eq!(table.keys().collect::<Vec<_>>(), names);
    for entry in OPERATIONS {
        let row = &table[entry.name];
        assert_eq!(row.is_read_only, entry.kind != Kind::Write, "{}", entry.name);
        let members = entry.model.input.members.iter().map(|member| member.name);
        let open = members.filter(|name| !HIDDEN.contains(name)).map(recorded).collect();
        assert_eq!(row.request, open, "{}", entry.name);
    }
}
