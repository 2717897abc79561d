//! A whole call without HTTP: decode, resolve, authorize, seal or open, record, journal, encode.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
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

async fn call(root: &Client, operation: &str, body: &[u8]) -> usize {
    root.reply_bytes(operation, body).await
}

criterion_group!(benches, calls);
criterion_main!(benches);
