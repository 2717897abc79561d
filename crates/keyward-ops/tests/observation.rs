//! What whoever counts calls is told of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex};

use keyward_engine::{ErrorCode, Key, Observer, RequestQuotas};
use keyward_ops::REQUEST_GROUPS;
use keyward_store::UserBody;
use keyward_testkit::{TestApp, TestOptions, blob};
use serde_json::json;

/// Writes down what it is told.
#[derive(Default)]
struct Notebook(Mutex<Vec<String>>);

impl Notebook {
    /// What was written since it was last asked.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Observer for Notebook {
    fn counted(&self, group: usize, requests: u32, is_let_through: bool) {
        let name = REQUEST_GROUPS.get(group).unwrap().resource;
        let word = if is_let_through { "through" } else { "throttled" };
        self.note(format!("{name} {requests} {word}"));
    }

    fn succeeded(&self, operation: &'static str, keys: &[Arc<Key>]) {
        let ids: Vec<_> = keys.iter().map(|key| key.record.key.key_id.to_string()).collect();
        self.note(format!("{operation} with [{}]", ids.join(", ")));
    }

    fn refused(&self, operation: &'static str, code: ErrorCode) {
        self.note(format!("{operation} refused: {code:?}"));
    }
}

/// A service that is observed, with this quota of its own.
async fn observed(rates: &'static [(&'static str, u32)]) -> (TestApp, Arc<Notebook>) {
    let own = |name: &str| rates.iter().find(|(group, _)| *group == name).map(|(_, rate)| *rate);
    let notebook = Arc::new(Notebook::default());
    let app = TestApp::with(TestOptions {
        request_quotas: Some(RequestQuotas::new(REQUEST_GROUPS, false, own)),
        observer: Some(notebook.clone()),
        ..TestOptions::default()
    })
    .await;
    (app, notebook)
}

const SYMMETRIC: &str = "CryptographicOperationsSymmetric 1 through";

#[tokio::test]
async fn a_success_is_told_with_the_keys_that_worked_for_it() {
    let (app, notebook) = observed(&[]).await;
    let root = app.root();
    let (old, new) = (root.create_key().await, root.create_key().await);
    let sealed = root.encrypt(&old, b"secret").await;
    notebook.take();
    root.ok("ReEncrypt", json!({ "CiphertextBlob": sealed, "DestinationKeyId": new })).await;
    assert_eq!(notebook.take(), [SYMMETRIC, &format!("ReEncrypt with [{old}, {new}]")]);
    root.ok("DescribeKey", json!({ "KeyId": old })).await;
    assert_eq!(notebook.take(), ["DescribeKey 1 through", "DescribeKey with []"]);
}

#[tokio::test]
async fn a_dry_run_and_a_refusal_are_no_success() {
    let (app, notebook) = observed(&[]).await;
    let (root, stranger) = (app.root(), app.user("stranger", UserBody::default()).await);
    let key = root.create_key().await;
    notebook.take();
    let encrypt = json!({ "KeyId": key, "Plaintext": blob("p"), "DryRun": true });
    root.refused("Encrypt", encrypt.clone()).await;
    assert_eq!(notebook.take(), [SYMMETRIC, "Encrypt refused: DryRunOperation"]);
    // Strangers are told nothing of a key, so their requests do not count by its spec.
    stranger.refused("Encrypt", encrypt).await;
    assert_eq!(notebook.take(), ["Encrypt refused: AccessDenied"]);
}

#[tokio::test]
async fn a_throttled_request_is_told_with_its_quota() {
    let (app, notebook) = observed(&[("ListKeys", 1)]).await;
    let root = app.root();
    root.ok("ListKeys", json!({})).await;
    notebook.take();
    root.refused("ListKeys", json!({})).await;
    assert_eq!(notebook.take(), ["ListKeys 1 throttled", "ListKeys refused: Throttling"]);
}
