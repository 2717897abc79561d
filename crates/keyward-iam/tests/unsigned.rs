//! Operations that take no signature: nothing is done for, or recorded of, somebody unknown.
#![expect(clippy::unwrap_used, reason = "these are tests; a failed step fails the test")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use keyward_engine::{
    Api, Call, Client, Cx, Entry, ErrorCode, Kind, OpError, Operation, Protocol, Reply,
    unsigned_query_entry,
};
use keyward_model::{Caller, Partition, RequestId};
use keyward_shape::NO_MEMBERS;
use keyward_testkit::{ACCOUNT, TestApp};

static API: Api = Api {
    event_source: "sts.amazonaws.com",
    protocol: Protocol::AwsQuery,
    hidden: &[],
    renamed: &[],
};

static MODEL: keyward_shape::Operation =
    keyward_shape::Operation { name: "Greet", input: &NO_MEMBERS, output: None, errors: &[] };

/// An operation that knows its caller or does not, and then refuses or does not.
enum Greet<const KNOWS: bool, const REFUSES: bool> {}

#[derive(serde::Deserialize)]
struct Input {}

impl keyward_audit::Recorded for Input {
    fn record(&self, _to: &mut keyward_audit::JsonObject<'_>) {}
}

impl<const KNOWS: bool, const REFUSES: bool> Operation for Greet<KNOWS, REFUSES> {
    const NAME: &'static str = "Greet";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &MODEL;
    type Input<'a> = Input;
    type Output = ();

    async fn run(cx: &mut Cx, _input: Input) -> Result<(), OpError> {
        if KNOWS {
            cx.identify(Caller { account: ACCOUNT.parse().unwrap(), ..cx.caller().clone() });
        }
        if REFUSES { Err(OpError::new(ErrorCode::InvalidIdentityToken, "no")) } else { Ok(()) }
    }
}

async fn greet(app: &TestApp, entry: &'static Entry) -> Result<Reply, OpError> {
    let call = Call {
        caller: Arc::new(Caller::stranger(Partition::Aws)),
        request_id: RequestId::nil(),
        region: "us-east-1".parse().unwrap(),
        client: Client {
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            host: "localhost".to_owned(),
            tls: None,
        },
    };
    app.engine().dispatch(entry, call, Vec::new()).await
}

#[tokio::test]
async fn a_stranger_is_refused_without_a_record() {
    static ENTRY: Entry = unsigned_query_entry::<Greet<false, true>>(&API);
    let app = TestApp::new().await;
    let refusal = greet(&app, &ENTRY).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::InvalidIdentityToken);
    assert!(app.audit().iter().all(|record| record["eventName"] != "Greet"));
}

#[tokio::test]
async fn nothing_succeeds_for_a_stranger() {
    static ENTRY: Entry = unsigned_query_entry::<Greet<false, false>>(&API);
    let app = TestApp::new().await;
    let refusal = greet(&app, &ENTRY).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::KmsInternal);
}

#[tokio::test]
async fn who_was_identified_has_the_record_of_success_and_refusal() {
    static GREETED: Entry = unsigned_query_entry::<Greet<true, false>>(&API);
    static REFUSED: Entry = unsigned_query_entry::<Greet<true, true>>(&API);
    let app = TestApp::new().await;
    assert!(greet(&app, &GREETED).await.unwrap().is_empty());
    assert_eq!(app.last_record()["recipientAccountId"], ACCOUNT);
    greet(&app, &REFUSED).await.unwrap_err();
    assert_eq!(app.last_record()["errorCode"], "InvalidIdentityTokenException");
    assert_eq!(app.last_record()["recipientAccountId"], ACCOUNT);
}
