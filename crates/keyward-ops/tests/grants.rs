//! Grants where callers meet, where time passes, and where there are many.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use keyward_engine::Quotas;
use keyward_model::{Clock as _, GrantId, GrantOperation};
use keyward_store::{Change, GrantConstraints, GrantRecord, Scope, ScopedKey, Write};
use keyward_testkit::{ACCOUNT, Client, Refused, TestApp, TestOptions};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

const ROOT: &str = "arn:aws:iam::111122223333:root";
const MANY: u32 = 50_000;

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

fn record(key: &ScopedKey, number: u32, app: &TestApp) -> GrantRecord {
    let mut id = [0; 32];
    app.engine().rng().fill(&mut id);
    GrantRecord {
        key: key.clone(),
        grant_id: GrantId::new(id),
        name: Some(format!("grant {number}")),
        grantee_principal: Some(format!("arn:aws:iam::{ACCOUNT}:user/{}", number % 1000)),
        grantee_service_principal: None,
        retiring_principal: Some(ROOT.to_owned()),
        retiring_service_principal: None,
        issuing_account: key.scope.account,
        operations: vec![GrantOperation::Decrypt, GrantOperation::GenerateDataKey],
        constraints: GrantConstraints {
            encryption_context_subset: Some(vec![("tenant".to_owned(), number.to_string())]),
            ..GrantConstraints::default()
        },
        fingerprint: Some(id),
        created_at: app.clock().now(),
        grantee_id: None,
        retiring_id: None,
        created_by_service: None,
    }
}

/// The median time of calling `operation` with each input.
async fn median(root: &Client, operation: &str, inputs: Vec<Value>) -> Duration {
    let mut times = Vec::new();
    for input in inputs {
        let start = Instant::now();
        root.ok(operation, input).await;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// A scan of all the rows takes seconds here; what an index finds takes some milliseconds. The
/// bound leaves room for a busy machine.
#[tokio::test]
async fn a_key_with_as_many_grants_as_may_be_is_as_quick_as_any() {
    const TRIES: usize = 9;
    let app = TestApp::new().await;
    let root = app.root();
    let id = root.create_key().await;
    let scope = Scope { account: ACCOUNT.parse().unwrap(), region: "us-east-1".parse().unwrap() };
    let key = scope.key(id.parse().unwrap());
    let few = u32::try_from(TRIES).unwrap();
    let numbers: Vec<_> = (0..MANY - few).collect();
    for batch in numbers.chunks(2000) {
        let put = |number: &u32| Write::PutGrant(Box::new(record(&key, *number, &app)));
        let change = Change { writes: batch.iter().map(put).collect(), ..Change::default() };
        app.engine().store().commit(change).await.unwrap();
    }
    let mut figures = String::new();
    let mut tokens = Vec::new();
    let mut times = Vec::new();
    for _ in 0..TRIES {
        let start = Instant::now();
        tokens.push(grant(&root, &id).await["GrantToken"].clone());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    writeln!(figures, "CreateGrant {:?}", times[TRIES / 2]).unwrap();
    let refused = root.refused("CreateGrant", request(&id)).await;
    assert_eq!(refused.name, "LimitExceededException");

    let page = root.ok("ListGrants", json!({ "KeyId": id, "Limit": 100 })).await;
    let same = |input: Value| vec![input; TRIES];
    let grantee = format!("arn:aws:iam::{ACCOUNT}:user/500");
    let with_token = |token: &Value| json!({ "KeyId": id, "GrantTokens": [token] });
    let retire = |token: &Value| json!({ "GrantToken": token });
    for (operation, inputs) in [
        ("ListGrants", same(json!({ "KeyId": id, "Limit": 100 }))),
        ("ListGrants", same(json!({ "KeyId": id, "Marker": page["NextMarker"], "Limit": 100 }))),
        ("ListGrants", same(json!({ "KeyId": id, "GranteePrincipal": grantee, "Limit": 100 }))),
        ("ListGrants", same(json!({ "KeyId": id, "GrantId": page["Grants"][99]["GrantId"] }))),
        ("ListRetirableGrants", same(json!({ "RetiringPrincipal": ROOT, "Limit": 100 }))),
        ("DescribeKey", tokens.iter().map(with_token).collect()),
        ("RetireGrant", tokens.iter().map(retire).collect()),
    ] {
        let median = median(&root, operation, inputs).await;
        writeln!(figures, "{operation} {median:?}").unwrap();
        assert!(median < Duration::from_millis(300), "{figures}");
    }
}
