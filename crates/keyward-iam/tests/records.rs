//! The audit record of every operation of IAM and STS, whole, against golden records written from
//! CloudTrail's documentation and the API models.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keyward_engine::Entry;
use keyward_iam::{IAM_OPERATIONS, STS_OPERATIONS};
use keyward_testkit::{Proven, RecordTable, play_all};

/// Nobody has a password.
const NEVER_SUCCEED: [&str; 2] = ["DeleteLoginProfile", "GetLoginProfile"];

/// The members of requests to IAM that no record shows, or that none is let in with.
const HIDDEN_OF_IAM: [&str; 10] = [
    "AuthenticationCode1",
    "AuthenticationCode2",
    "CallerArn",
    "ContextEntries",
    "OrderedOrganizationPolicyInputList",
    "PermissionsBoundaryPolicyInputList",
    "PolicyExclusionList",
    "ResourceHandlingOption",
    "ResourceOwner",
    "ResourcePolicy",
];

/// The members of requests to STS that no record shows, or that none is let in with.
const HIDDEN: [&str; 5] =
    ["MinimumSessionTokenSize", "ProvidedContexts", "ProviderId", "TokenCode", "WebIdentityToken"];

/// What records show of tokens and sessions as if the request had sent it.
const ADDED: [(&str, &str); 4] = [
    ("AssumeRole", "incomingTransitiveTags"),
    ("AssumeRoleWithWebIdentity", "principalTags"),
    ("AssumeRoleWithWebIdentity", "sourceIdentity"),
    ("AssumeRoleWithWebIdentity", "transitiveTagKeys"),
];

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/records")
}

async fn proven(directory: &str) -> Proven {
    let proven = play_all(&vectors().join(directory)).await;
    assert!(proven.problems.is_empty(), "{}", proven.problems.join("\n"));
    proven
}

fn names(operations: &[Entry]) -> BTreeSet<String> {
    operations.iter().map(|entry| entry.name.to_owned()).collect()
}

#[tokio::test]
async fn every_operation_of_iam_has_golden_records_and_leaves_them() {
    let proven = proven("iam").await;
    assert_eq!(proven.denied, names(IAM_OPERATIONS));
    let mut done = names(IAM_OPERATIONS);
    done.retain(|name| !NEVER_SUCCEED.contains(&&**name));
    assert_eq!(proven.done, done);
    for record in &proven.records {
        assert_eq!(record["awsRegion"], "us-east-1");
        assert_eq!(record["eventSource"], "iam.amazonaws.com");
    }
}

#[tokio::test]
async fn every_operation_of_sts_has_golden_records_and_leaves_them() {
    let proven = proven("sts").await;
    assert_eq!(proven.done, names(STS_OPERATIONS));
    let mut denied = names(STS_OPERATIONS);
    // Everybody may know who it is.
    denied.remove("GetCallerIdentity");
    assert_eq!(proven.denied, denied);
}

#[tokio::test]
async fn records_of_sts_show_what_the_table_lets_them_and_the_goldens_show_all_of_it() {
    let table = RecordTable::read(&vectors().join("sts.txt"));
    let mut problems = table.problems_with_model(STS_OPERATIONS, &HIDDEN, &ADDED);
    problems.extend(table.problems(&proven("sts").await.records, &[]));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn records_of_iam_show_what_the_table_lets_them_and_the_goldens_show_all_of_it() {
    let table = RecordTable::read(&vectors().join("iam.txt"));
    let mut problems = table.problems_with_model(IAM_OPERATIONS, &HIDDEN_OF_IAM, &[]);
    problems.extend(table.problems(&proven("iam").await.records, &NEVER_SUCCEED));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
