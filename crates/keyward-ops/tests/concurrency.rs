//! Callers that meet: nobody waits for another's slow work, and nobody's change is lost.

use std::sync::Arc;

use keyward_engine::Quotas;
use keyward_testkit::{Client, HeldGenerator, Refused, TestApp, TestOptions, blob};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Calls one operation with each of the inputs at once.
async fn at_once(
    root: &Client,
    operation: &'static str,
    inputs: impl IntoIterator<Item = Value>,
) -> Vec<Result<Value, Refused>> {
    let mut calls = JoinSet::new();
    for input in inputs {
        let root = root.clone();
        calls.spawn(async move { root.call(operation, input).await });
    }
    calls.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn others_work_while_one_waits_for_its_key_material() {
    let generator = Arc::new(HeldGenerator::default());
    let options = TestOptions { generator: generator.clone(), ..TestOptions::default() };
    let app = TestApp::with(options).await;
    let root = app.root();
    generator.release();
    let key = root.create_key().await;
    generator.someone_waits().await;

    let held = tokio::spawn({
        let root = root.clone();
        async move { root.create_key().await }
    });
    generator.someone_waits().await;
    root.create_alias("alias/app", &key).await;
    let tags = json!([{ "TagKey": "a", "TagValue": "b" }]);
    root.ok("TagResource", json!({ "KeyId": key, "Tags": tags })).await;
    root.encrypt("alias/app", b"secret").await;
    let inputs = (0..50).map(|_| json!({ "KeyId": key, "Plaintext": blob("secret") }));
    assert!(at_once(&root, "Encrypt", inputs).await.iter().all(Result::is_ok));
    root.disable(&key).await;
    let keys = root.ok("ListKeys", json!({})).await;
    assert_eq!(keys.pointer("/Keys").and_then(Value::as_array).map(Vec::len), Some(1));
    assert!(!held.is_finished());

    generator.release();
    let made = held.await.unwrap();
    assert_eq!(root.describe(&made).await.get("KeyState"), Some(&json!("Enabled")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_one_alias_one_gets_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let keys = [root.create_key().await, root.create_key().await];
    for round in 0..20 {
        let name = format!("alias/{round}");
        let input = |key| json!({ "AliasName": name, "TargetKeyId": key });
        let results = at_once(&root, "CreateAlias", keys.iter().map(input)).await;
        let refused: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        let names: Vec<_> = refused.iter().map(|refused| refused.name.as_str()).collect();
        assert_eq!(names, ["AlreadyExistsException"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_one_key_that_meet_all_take_effect() {
    let app = TestApp::new().await;
    let root = app.root();
    for round in 0..20 {
        let key = root.create_key().await;
        let description = format!("round {round}");
        let describe = json!({ "KeyId": key, "Description": description });
        let (described, disabled) = tokio::join!(
            at_once(&root, "UpdateKeyDescription", [describe]),
            at_once(&root, "DisableKey", [json!({ "KeyId": key })]),
        );
        assert!(described.iter().chain(&disabled).all(Result::is_ok));
        let metadata = root.describe(&key).await;
        assert_eq!(metadata.get("Description"), Some(&json!(description)));
        assert_eq!(metadata.get("KeyState"), Some(&json!("Disabled")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_who_change_one_key_at_once_all_succeed() {
    let app = TestApp::new().await;
    let root = app.root();
    for _ in 0..4 {
        let key = root.create_key().await;
        let input = |number| json!({ "KeyId": key, "Description": format!("by {number}") });
        let results = at_once(&root, "UpdateKeyDescription", (0..50).map(input)).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_use_of_a_key_succeeds_once_it_is_disabled() {
    let app = TestApp::new().await;
    let root = app.root();
    for _ in 0..10 {
        let key = root.create_key().await;
        let using = tokio::spawn({
            let (root, key) = (root.clone(), key.clone());
            let input = json!({ "KeyId": key, "Plaintext": blob("secret") });
            async move { while root.call("Encrypt", input.clone()).await.is_ok() {} }
        });
        root.disable(&key).await;
        let refused = root.refused("Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).await;
        assert_eq!(refused.name, "DisabledException");
        using.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quota_holds_though_everyone_looked_before() {
    let app = TestApp::new().await;
    let root = app.root();
    let tag = |number: u32| json!({ "TagKey": format!("tag {number}"), "TagValue": "" });
    let tags: Vec<_> = (0..45).map(tag).collect();
    let key = root.create_key_with(json!({ "Tags": tags })).await;
    let input = |number| json!({ "KeyId": key, "Tags": [tag(number)] });
    let results = at_once(&root, "TagResource", (100..120).map(input)).await;
    let refused: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(refused.len(), 15);
    assert!(refused.iter().all(|refused| refused.name == "LimitExceededException"));
    let listed = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
    assert_eq!(listed.pointer("/Tags").and_then(Value::as_array).map(Vec::len), Some(50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn quotas_of_keys_and_aliases_hold_as_well() {
    let quotas = Quotas { keys: 6, aliases_per_key: 5, ..Quotas::default() };
    let app = TestApp::with(TestOptions { quotas, ..TestOptions::default() }).await;
    let root = app.root();
    let key = root.create_key().await;
    let input = |number: u32| json!({ "AliasName": format!("alias/{number}"), "TargetKeyId": key });
    let aliases = at_once(&root, "CreateAlias", (0..20).map(input)).await;
    let keys = at_once(&root, "CreateKey", (0..20).map(|_| json!({}))).await;
    for results in [aliases, keys] {
        let refused: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert_eq!(refused.len(), 15);
        assert!(refused.iter().all(|refused| refused.name == "LimitExceededException"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_alias_that_is_moved_and_deleted_at_once_is_gone() {
    let app = TestApp::new().await;
    let root = app.root();
    let (old, new) = (root.create_key().await, root.create_key().await);
    for _ in 0..20 {
        root.create_alias("alias/app", &old).await;
        let (moved, deleted) = tokio::join!(
            at_once(
                &root,
                "UpdateAlias",
                [json!({ "AliasName": "alias/app", "TargetKeyId": new })]
            ),
            at_once(&root, "DeleteAlias", [json!({ "AliasName": "alias/app" })]),
        );
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
        let refused = moved.first().and_then(|result| result.as_ref().err());
        assert!(refused.is_none_or(|refused| refused.name == "NotFoundException"), "{refused:?}");
        let refused = root.refused("DescribeKey", json!({ "KeyId": "alias/app" })).await;
        assert_eq!(refused.name, "NotFoundException");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_aws_managed_key_is_made_once_however_many_describe_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let inputs = (0..10).map(|_| json!({ "KeyId": "alias/aws/s3" }));
    let results = at_once(&root, "DescribeKey", inputs).await;
    let first = results.first().unwrap();
    assert!(first.is_ok() && results.iter().all(|result| result == first), "{results:?}");
    let keys = root.ok("ListKeys", json!({})).await;
    assert_eq!(keys.pointer("/Keys").and_then(Value::as_array).map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_is_deleted_or_kept_whole_when_its_deletion_is_cancelled_at_the_last_moment() {
    let app = TestApp::new().await;
    let root = app.root();
    for _ in 0..10 {
        let key = root.create_key().await;
        root.schedule_deletion(&key).await;
        app.clock().advance_days(30);
        let (cancelled, deleted) = tokio::join!(
            at_once(&root, "CancelKeyDeletion", [json!({ "KeyId": key })]),
            app.delete_due_keys(),
        );
        let is_there = root.call("DescribeKey", json!({ "KeyId": key })).await.is_ok();
        assert_eq!(cancelled.iter().all(Result::is_ok), is_there);
        assert_eq!(deleted, u32::from(!is_there));
    }
}
