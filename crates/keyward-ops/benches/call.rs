//! A whole call without HTTP: decode, resolve, authorize, seal or open, record, journal, encode.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keyward_model::{Clock, GrantId, GrantOperation};
use keyward_store::{Change, GrantConstraints, GrantRecord, Scope, UserBody, Write};
use keyward_testkit::{Client, TestApp, blob};
use serde_json::json;
use tokio::runtime::Runtime;

fn calls(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::new());
    let root = app.root();
    let key = runtime.block_on(root.create_key());
    let sealed = runtime.block_on(root.encrypt(&key, &[7; 32]));

    let encrypt = json!({ "KeyId": key, "Plaintext": blob([7; 32]) }).to_string();
    let decrypt = json!({ "CiphertextBlob": sealed }).to_string();
    let data_key = json!({ "KeyId": key, "KeySpec": "AES_256" }).to_string();
    for (operation, body) in
        [("Encrypt", encrypt), ("Decrypt", decrypt), ("GenerateDataKey", data_key)]
    {
        criterion.bench_function(&format!("call/{operation}, 32 bytes"), |b| {
            b.iter(|| runtime.block_on(call(&root, operation, black_box(body.as_bytes()))));
        });
    }
}

/// The user, whom nothing but one of the key's grants lets encrypt.
async fn grantee_among_many(app: &TestApp) -> (Client, String) {
    let (root, user) = (app.root(), app.user("app", UserBody::default()).await);
    let key = root.create_key().await;
    let scope = Scope { account: root.caller().account, region: "us-east-1".parse().unwrap() };
    let scoped = scope.key(key.parse().unwrap());
    let grant = |number: usize| {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        Write::PutGrant(Box::new(GrantRecord {
            key: scoped.clone(),
            grant_id: GrantId::new(id),
            name: None,
            grantee_principal: Some(format!("arn:aws:iam::111122223333:role/r{number}")),
            grantee_service_principal: None,
            retiring_principal: None,
            retiring_service_principal: None,
            issuing_account: scope.account,
            operations: vec![GrantOperation::Encrypt, GrantOperation::Decrypt],
            constraints: GrantConstraints::default(),
            fingerprint: None,
            created_at: app.clock().now(),
            grantee_id: None,
            retiring_id: None,
            created_by_service: None,
        }))
    };
    for batch in 0..GRANTS / 1_000 - 1 {
        let writes = (0..1_000).map(|number| grant(batch * 1_000 + number)).collect();
        app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();
    }
    let input = json!({
        "KeyId": key,
        "GranteePrincipal": user.caller().arn(),
        "Operations": ["Encrypt"],
    });
    root.ok("CreateGrant", input).await;
    (user, key)
}

/// As many as a key can have, but for a thousand that are left free.
const GRANTS: usize = 50_000;

fn grants(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::new());
    let (user, key) = runtime.block_on(grantee_among_many(&app));
    let body = json!({ "KeyId": key, "Plaintext": blob([7; 32]) }).to_string();
    criterion.bench_function("call/Encrypt by a grant among 49,000", |b| {
        b.iter(|| runtime.block_on(call(&user, "Encrypt", black_box(body.as_bytes()))));
    });
}

async fn call(root: &Client, operation: &str, body: &[u8]) -> usize {
    root.reply_bytes(operation, body).await
}

criterion_group!(benches, calls, grants);
criterion_main!(benches);
