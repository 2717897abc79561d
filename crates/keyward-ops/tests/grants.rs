//! Grants where callers meet and where time passes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::HashSet;

use keyward_engine::Quotas;
use keyward_testkit::{Client, Refused, TestApp, TestOptions};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const ROOT: &str = "arn:aws:iam::111122223333:root";

fn request(key: &str) -> Value {
    json!({
        "KeyId": key,
        "GranteePrincipal": ROOT,
        "RetiringPrincipal": ROOT,
        "Operations": ["Decrypt"],
    })
}

async fn grant(root: &Client, key: &str) -> Value {
    root.ok("CreateGrant", request(key)).await
}

async fn count(root: &Client, key: &str) -> usize {
    let page = root.ok("ListGrants", json!({ "KeyId": key, "Limit": 100 })).await;
    page["Grants"].as_array().unwrap().len()
}

/// Makes the calls at once.
async fn at_once(
    root: &Client,
    calls: impl IntoIterator<Item = (&'static str, Value)>,
) -> Vec<Result<Value, Refused>> {
    let mut running = JoinSet::new();
    for (operation, input) in calls {
        let root = root.clone();
        running.spawn(async move { root.call(operation, input).await });
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_make_one_named_grant_at_once_get_the_same_with_tokens_of_their_own() {
    let app = TestApp::new().await;
    let root = app.root();
    for _ in 0..5 {
        let key = root.create_key().await;
        let mut named = request(&key);
        named["Name"] = json!("n");
        let calls = (0..20).map(|_| ("CreateGrant", named.clone()));
        let made: Vec<_> = at_once(&root, calls).await.into_iter().map(Result::unwrap).collect();
        let distinct =
            |member| made.iter().map(|it| it[member].clone()).collect::<HashSet<_>>().len();
        assert_eq!((distinct("GrantId"), distinct("GrantToken")), (1, 20));
        assert_eq!(count(&root, &key).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_end_a_grant_at_once_one_does_and_the_others_find_none() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for _ in 0..10 {
        let made = grant(&root, &key).await;
        let named = json!({ "KeyId": key, "GrantId": made["GrantId"] });
        let by_token = json!({ "GrantToken": made["GrantToken"] });
        let calls = [
            ("RevokeGrant", named.clone()),
            ("RevokeGrant", named.clone()),
            ("RetireGrant", named),
            ("RetireGrant", by_token),
        ];
        let results = at_once(&root, calls).await;
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 3);
        for refused in refused {
            let expected = ["NotFoundException", "InvalidGrantTokenException"];
            assert!(expected.contains(&refused.name.as_str()), "{refused:?}");
        }
        assert_eq!(count(&root, &key).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_quota_of_grants_holds_though_everyone_looked_before() {
    let quotas = Quotas { grants_per_key: 5, ..Quotas::default() };
    let app = TestApp::with(TestOptions { quotas, ..TestOptions::default() }).await;
    let root = app.root();
    let key = root.create_key().await;
    let results = at_once(&root, (0..20).map(|_| ("CreateGrant", request(&key)))).await;
    let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 15);
    assert!(refused.iter().all(|refused| refused.name == "LimitExceededException"));
    assert_eq!(count(&root, &key).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_is_disabled_meanwhile_gets_no_grant() {
    let app = TestApp::new().await;
    let root = app.root();
    for _ in 0..10 {
        let key = root.create_key().await;
        let (granted, ()) =
            tokio::join!(root.call("CreateGrant", request(&key)), root.disable(&key));
        assert_eq!(count(&root, &key).await, usize::from(granted.is_ok()));
        let refused = root.refused("CreateGrant", request(&key)).await;
        assert_eq!(refused.name, "DisabledException");
    }
}

#[tokio::test]
async fn the_grants_of_a_key_go_with_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, other) = (root.create_key().await, root.create_key().await);
    let token = grant(&root, &key).await["GrantToken"].clone();
    root.schedule_deletion(&key).await;
    let with_token = json!({ "KeyId": other, "GrantTokens": [token] });
    root.ok("DescribeKey", with_token.clone()).await;
    app.clock().advance_days(30);
    assert_eq!(app.delete_due_keys().await, 1);
    for (operation, input) in
        [("DescribeKey", with_token), ("RetireGrant", json!({ "GrantToken": token }))]
    {
        let refused = root.refused(operation, input).await;
        assert_eq!(refused.name, "InvalidGrantTokenException", "{operation}");
    }
    let page = root.ok("ListRetirableGrants", json!({ "RetiringPrincipal": ROOT })).await;
    assert_eq!(page["Grants"], json!([]));
}

#[tokio::test]
async fn a_token_lasts_as_long_as_its_grant_whatever_becomes_of_the_domain_keys() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let token = grant(&root, &key).await["GrantToken"].clone();
    for _ in 0..2 {
        app.engine().rotate_domain_keys(app.seal()).await.unwrap();
    }
    drop(root);
    let app = app.restarted().await;
    let root = app.root();
    root.ok("DescribeKey", json!({ "KeyId": key, "GrantTokens": [token] })).await;
    root.ok("RetireGrant", json!({ "GrantToken": token })).await;
}
