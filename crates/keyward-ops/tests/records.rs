//! The audit record of every operation, whole, against golden records written from CloudTrail's
//! documentation, and both against a table of what the documentation lets records show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keyward_ops::OPERATIONS;
use keyward_testkit::{Proven, RecordTable, play_all};

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

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/records")
}

fn table() -> RecordTable {
    RecordTable::read(&vectors().join("kms.txt"))
}

/// What the goldens of the KMS prove, once they hold.
async fn proven() -> Proven {
    let proven = play_all(&vectors().join("kms")).await;
    assert!(proven.problems.is_empty(), "{}", proven.problems.join("\n"));
    proven
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
    let mut proven = proven().await;
    proven.extend(play_all(&vectors().join("scenes")).await);
    let problems = table().problems(&proven.records, &NEVER_SUCCEED);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_table_knows_every_operation_and_every_member_of_the_model() {
    let problems = table().problems_with_model(OPERATIONS, &HIDDEN, &[]);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
