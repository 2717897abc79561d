//! No record, no reply: what happens to calls while the audit journal cannot be written.

use std::collections::HashSet;
use std::fs;

use keyward_audit::{Hold, JournalOptions};
use keyward_testkit::{Refused, TestApp, TestOptions, blob};
use serde_json::{Value, json};

/// A journal with a segment for every record, so that it notices when its directory is gone.
async fn app() -> TestApp {
    let journal = JournalOptions { segment_bytes_max: 1, ..JournalOptions::default() };
    TestApp::with(TestOptions { journal, ..TestOptions::default() }).await
}

fn unrecorded() -> Refused {
    let text =
        "The audit trail cannot be written, so the request was refused. Retry the request later.";
    Refused::new("KMSInternalException", text)
}

fn event_names(app: &TestApp) -> Vec<String> {
    let name = |record: Value| record.get("eventName").and_then(Value::as_str).map(str::to_owned);
    app.audit().into_iter().filter_map(name).collect()
}

#[tokio::test]
async fn a_call_that_changes_nothing_fails_without_its_record() {
    let app = app().await;
    let root = app.root();
    let key = root.create_key().await;
    let ciphertext = root.encrypt(&key, b"secret").await;
    fs::remove_dir_all(app.journal_directory()).unwrap();
    for (operation, input) in [
        ("Encrypt", json!({ "KeyId": key, "Plaintext": blob("secret") })),
        ("Decrypt", json!({ "CiphertextBlob": ciphertext })),
        ("GenerateRandom", json!({ "NumberOfBytes": 1 })),
        ("ListKeys", json!({})),
        // A refusal is told only once it is on record, too.
        ("DescribeKey", json!({ "KeyId": "alias/none" })),
    ] {
        assert_eq!(root.refused(operation, input).await, unrecorded(), "{operation}");
    }
}

#[tokio::test]
async fn nothing_is_changed_while_the_journal_is_known_to_fail() {
    let app = app().await;
    let root = app.root();
    let key = root.create_key().await;
    fs::remove_dir_all(app.journal_directory()).unwrap();
    root.refused("ListKeys", json!({})).await;
    for (operation, input) in [
        ("CreateKey", json!({})),
        ("CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": key })),
        ("DisableKey", json!({ "KeyId": key })),
        ("ScheduleKeyDeletion", json!({ "KeyId": key })),
    ] {
        assert_eq!(root.refused(operation, input).await, unrecorded(), "{operation}");
    }
    fs::create_dir(app.journal_directory()).unwrap();
    assert_eq!(root.describe(&key).await.get("KeyState"), Some(&json!("Enabled")));
    let keys = root.ok("ListKeys", json!({})).await;
    assert_eq!(keys.pointer("/Keys").and_then(Value::as_array).map(Vec::len), Some(1));
    let aliases = root.ok("ListAliases", json!({ "KeyId": key })).await;
    assert_eq!(aliases.get("Aliases"), Some(&json!([])));
    assert_eq!(event_names(&app), ["DescribeKey", "ListKeys", "ListAliases"]);
}

#[tokio::test]
async fn a_change_that_met_a_failing_journal_has_its_record_in_the_database() {
    let app = app().await;
    let root = app.root();
    let key = root.create_key().await;
    fs::remove_dir_all(app.journal_directory()).unwrap();
    // The journal has not failed yet, so the change commits together with its record.
    root.disable(&key).await;
    fs::create_dir(app.journal_directory()).unwrap();
    assert_eq!(event_names(&app), [""; 0]);
    app.engine().deliver_outbox().await.unwrap();
    assert!(event_names(&app).contains(&"DisableKey".to_owned()));
    assert_eq!(app.engine().deliver_outbox().await.unwrap(), 0);
    let ids: Vec<_> = app.audit().iter().map(|record| record.get("eventID").cloned()).collect();
    let distinct: HashSet<_> = ids.iter().map(|id| format!("{id:?}")).collect();
    assert_eq!(distinct.len(), ids.len(), "no record is delivered twice");
}

#[tokio::test]
async fn every_authenticated_call_leaves_one_record_with_its_request_id() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    root.encrypt(&key, b"secret").await;
    root.refused("Encrypt", json!({ "KeyId": key })).await;
    root.call_with_body("DescribeKey", b"not json").await.unwrap_err();
    root.disable(&key).await;
    assert_eq!(event_names(&app), ["CreateKey", "Encrypt", "Encrypt", "DescribeKey", "DisableKey"]);
    let ids: HashSet<_> =
        app.audit().iter().map(|record| format!("{:?}", record.get("requestID"))).collect();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn while_the_journal_is_held_nothing_is_done_and_nothing_recorded() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let before = event_names(&app);
    let journal = app.engine().journal();
    journal.hold(Hold::Sink("syslog".to_owned()));
    for (operation, input) in [
        ("Encrypt", json!({ "KeyId": key, "Plaintext": blob("secret") })),
        ("ListKeys", json!({})),
        ("DisableKey", json!({ "KeyId": key })),
        ("CreateKey", json!({})),
        ("DescribeKey", json!({ "KeyId": "alias/none" })),
    ] {
        assert_eq!(root.refused(operation, input).await, unrecorded(), "{operation}");
    }
    let refused = app.engine().create_account(None, "uid 0").await;
    assert!(refused.is_err_and(|error| error.to_string().contains("nothing was done")));
    assert_eq!(event_names(&app), before);
    journal.release(&Hold::Sink("syslog".to_owned()));
    assert_eq!(root.describe(&key).await.get("KeyState"), Some(&json!("Enabled")));
}
