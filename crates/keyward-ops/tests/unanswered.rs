//! Calls that no reply tells of leave their record all the same: whose client went away, that
//! panicked, and for which there was no room.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "an operation here must panic, and a call that cannot be made up fails the test"
)]

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Call, Client, Cx, Entry, ErrorCode, Kind, OpError, Operation, entry};
use keyward_model::RequestId;
use keyward_shape::{Member, Shape, Structure, TextShape};
use keyward_testkit::{HeldGenerator, TestApp, TestOptions, blob};
use serde::Deserialize;
use serde_json::{Value, json};

const KEY_ID: &TextShape = &TextShape { min: 1, max: 99, pattern: None, sensitive: false };

static MODEL: keyward_shape::Operation = keyward_shape::Operation {
    name: "Stumble",
    input: &Structure {
        name: "StumbleRequest",
        members: &[Member::required("KeyId", Shape::Text(KEY_ID))],
    },
    output: None,
    errors: &[],
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    key_id: String,
}

impl Recorded for Input {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

/// An operation that panics.
enum Stumble {}

impl Operation for Stumble {
    const NAME: &'static str = "Stumble";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &MODEL;
    type Input<'a> = Input;
    type Output = ();

    async fn run(cx: &mut Cx, input: Input) -> Result<(), OpError> {
        cx.resolve(&input.key_id).await?;
        panic!("as it must");
    }
}

static STUMBLE: Entry = entry::<Stumble>();

fn call(app: &TestApp) -> Call {
    Call {
        caller: Arc::new(app.root().caller().clone()),
        request_id: RequestId::from_u128(7),
        region: "us-east-1".parse().unwrap(),
        client: Client {
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            host: "localhost".to_owned(),
            tls: None,
        },
    }
}

fn recorded(app: &TestApp, event_name: &str) -> Option<Value> {
    app.audit().into_iter().find(|record| record["eventName"] == event_name)
}

/// The record that a task still has to write.
async fn awaited(app: &TestApp, event_name: &str) -> Value {
    loop {
        if let Some(record) = recorded(app, event_name) {
            return record;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_key_is_made_and_recorded_though_its_client_went_away() {
    let generator = Arc::new(HeldGenerator::default());
    let options = TestOptions { generator: generator.clone(), ..TestOptions::default() };
    let app = TestApp::with(options).await;
    let root = app.root();
    let asking = tokio::spawn(async move { root.ok("CreateKey", json!({})).await });
    generator.someone_waits().await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    assert_eq!(recorded(&app, "CreateKey"), None);
    generator.release();
    let record = awaited(&app, "CreateKey").await;
    let key = record["responseElements"]["keyMetadata"]["keyId"].as_str().unwrap();
    assert_eq!(app.root().describe(key).await["KeyState"], "Enabled");
}

#[tokio::test]
async fn a_decryption_is_recorded_though_its_client_went_away() {
    let app = TestApp::new().await;
    let root = app.root();
    let asked = json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" });
    let key = root.create_key_with(asked).await;
    let same = json!({ "KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    let with = |member: &str, value: &Value| {
        let mut input = same.clone();
        input[member] = value.clone();
        input
    };
    let sealed = root.ok("Encrypt", with("Plaintext", &blob("secret").into())).await;
    {
        let mut asking =
            pin!(root.call("Decrypt", with("CiphertextBlob", &sealed["CiphertextBlob"])));
        // The private key works on another thread; a quick one may be done already.
        poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx).is_pending())).await;
    }
    let record = awaited(&app, "Decrypt").await;
    assert_eq!(record["requestParameters"]["keyId"], key);
    assert!(record.get("errorCode").is_none(), "{record}");
}

#[tokio::test]
async fn a_panic_is_on_record_with_what_was_asked() {
    let app = TestApp::new().await;
    let key = app.root().create_key().await;
    let body = json!({ "KeyId": key }).to_string();
    let refusal = app.engine().dispatch(&STUMBLE, call(&app), body).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::KmsInternal);
    let record = app.last_record();
    assert_eq!(record["eventName"], "Stumble");
    assert_eq!(record["errorCode"], "KMSInternalException");
    assert_eq!(record["errorMessage"], refusal.message.as_deref().unwrap());
    assert_eq!(record["requestID"], RequestId::from_u128(7).to_string());
    assert_eq!(record["requestParameters"], json!({ "keyId": key }));
    assert_eq!(record["responseElements"], Value::Null);
}

#[tokio::test]
async fn who_finds_no_room_finds_that_in_its_log() {
    let app = TestApp::new().await;
    let entry = keyward_ops::find("CreateKey").unwrap();
    let refusal = app.engine().refuse_busy(entry, call(&app)).await;
    assert_eq!(refusal.code, ErrorCode::ServiceUnavailable);
    let record = app.last_record();
    assert_eq!(record["eventName"], "CreateKey");
    assert_eq!(record["errorCode"], "ServiceUnavailable");
    assert_eq!(record["errorMessage"], refusal.message.as_deref().unwrap());
    assert_eq!(record["requestParameters"], Value::Null);
    assert_eq!(record["responseElements"], Value::Null);
}
