//! Forms in, XML out: the AWS Query protocol.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use keyward_model::{Partition, Principal};
use keyward_server::Server;
use keyward_sigv4::RequestParts;
use keyward_sigv4::sign::Signer;

use crate::backend::{NOW, QUERY_SERVICES, SERVICES, TestBackend};
use crate::requests::{SIGNER, header_map, peer, request};

const STS: Signer<'static> = Signer { service: "sts", ..SIGNER };
const IAM: Signer<'static> = Signer { service: "iam", ..SIGNER };

const ECHO: &str = "Action=Echo&Version=2011-06-15";
const IAM_ECHO: &str = "Action=Echo&Version=2010-05-08";
const HOST: (&str, &[u8]) = ("host", b"sts.test");
const FORM: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded; charset=utf-8");

struct App {
    backend: Arc<TestBackend>,
    server: Server<TestBackend>,
}

impl App {
    fn new() -> Self {
        Self::of(Partition::Aws)
    }

    fn of(partition: Partition) -> Self {
        let backend = TestBackend::of(partition);
        let services = [SERVICES, QUERY_SERVICES].concat();
        let server = Server::builder(Arc::clone(&backend), &services).build();
        Self { backend, server }
    }

    async fn ask(&self, request: Request<Bytes>) -> (u16, String) {
        let response = self.server.handle(request, &peer()).await;
        assert_eq!(response.headers()["content-type"], "text/xml");
        (response.status().as_u16(), without_id(&response))
    }

    async fn post(&self, signer: &Signer<'_>, form: &str) -> (u16, String) {
        self.ask(post(signer, form)).await
    }
}

/// The body, its request id made sure of and left out.
fn without_id(response: &Response<Bytes>) -> String {
    let id = response.headers()["x-amzn-requestid"].to_str().unwrap();
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    let element = format!("<RequestId>{id}</RequestId>");
    assert!(body.contains(&element), "{body}");
    body.replace(&element, "")
}

fn signed(method: Method, query: &str, signer: &Signer<'_>, form: &str) -> Request<Bytes> {
    let headers = [HOST, FORM];
    let parts = RequestParts { method: method.as_str(), path: "/", query, headers: &headers };
    let added = signer.sign(&parts, form.as_bytes());
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    let sent = headers.iter().map(|(name, value)| ((*name).to_owned(), text(value)));
    let all = sent.chain(added.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let uri = format!("/?{query}");
    let body = Bytes::copy_from_slice(form.as_bytes());
    let mut request = Request::builder().method(method).uri(uri).body(body).unwrap();
    *request.headers_mut() = header_map(all.collect());
    request
}

fn post(signer: &Signer<'_>, form: &str) -> Request<Bytes> {
    signed(Method::POST, "", signer, form)
}

/// A request that its address alone authenticates.
fn presigned(method: Method, signer: &Signer<'_>, expires_s: Option<u32>) -> Request<Bytes> {
    let headers = [HOST, ("x-k8s-aws-id", b"cluster".as_slice())];
    let parts = RequestParts { method: method.as_str(), path: "/", query: ECHO, headers: &headers };
    let query = signer.presign(&parts, b"", expires_s);
    let request = Request::builder().method(method).uri(format!("/?{query}"));
    let request = request.header("host", "sts.test").header("x-k8s-aws-id", "cluster");
    request.body(Bytes::new()).unwrap()
}

fn reply(operation: &str, namespace: &str, result: &str) -> (u16, String) {
    let body = format!(
        "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata></ResponseMetadata>\
         </{operation}Response>"
    );
    (200, body)
}

fn refused(namespace: &str, status: u16, code: &str, message: &str) -> (u16, String) {
    let kind = if status >= 500 { "Receiver" } else { "Sender" };
    let body = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error></ErrorResponse>"
    );
    (status, body)
}

fn unrouted(code: &str, message: &str) -> (u16, String) {
    refused("http://webservices.amazon.com/AWSFault/2005-15-09", 400, code, message)
}

fn sts_refused(status: u16, code: &str, message: &str) -> (u16, String) {
    refused("https://sts.test/", status, code, message)
}

#[tokio::test]
async fn version_and_action_name_the_operation_of_a_service() {
    let app = App::new();
    assert_eq!(app.post(&STS, ECHO).await, reply("Echo", "https://sts.test/", ECHO));
    assert_eq!(app.post(&IAM, IAM_ECHO).await, reply("Echo", "https://iam.test/", IAM_ECHO));
    let silence = "Action=Silence&Version=2011-06-15";
    assert_eq!(app.post(&STS, silence).await, reply("Silence", "https://sts.test/", ""));
    // Both protocols stand at the same address.
    let json = app.server.handle(request(&SIGNER, "Echo", b"{}"), &peer()).await;
    assert_eq!((json.status().as_u16(), &**json.body()), (200, b"{}".as_slice()));
}

#[tokio::test]
async fn what_names_no_operation_is_told_so_before_anybody_is_known() {
    let app = App::new();
    let stranger = Signer { access_key_id: "AKIDEXAMPLE00000", ..STS };
    for (form, version) in [
        ("Action=No%3CSuch&Version=2011-06-15", "2011-06-15"),
        ("Action=No%3CSuch", "NO_VERSION_SPECIFIED"),
        ("Version=2010-05-08&Action=No%3CSuch", "2010-05-08"),
    ] {
        let message = format!("Could not find operation No&lt;Such for version {version}");
        assert_eq!(app.post(&stranger, form).await, unrouted("InvalidAction", &message));
    }
    for form in ["", "Version=2011-06-15", "Action=&Version=2011-06-15"] {
        let expected = unrouted("MissingAction", "Missing Action");
        assert_eq!(app.post(&stranger, form).await, expected, "{form}");
    }
    let long = format!("Action={}&Version=1", "a".repeat(10_000));
    assert!(app.post(&stranger, &long).await.1.len() < 500);
    assert!(app.backend.calls().is_empty());
}

#[tokio::test]
async fn failures_have_the_names_and_statuses_of_query_services() {
    let app = App::new();
    let denied = sts_refused(403, "AccessDenied", "You may not.");
    assert_eq!(app.post(&STS, "Action=Deny&Version=2011-06-15").await, denied);
    let (status, body) = app.post(&STS, "Action=Panic&Version=2011-06-15").await;
    assert_eq!(status, 500);
    assert!(body.contains("<Type>Receiver</Type><Code>InternalFailure</Code>"), "{body}");
}

#[tokio::test]
async fn errors_of_authentication_have_the_second_names() {
    let app = App::new();
    let mut unsigned = post(&STS, ECHO);
    unsigned.headers_mut().remove("authorization");
    let message = "Request is missing Authentication Token";
    let expected = sts_refused(403, "MissingAuthenticationToken", message);
    assert_eq!(app.ask(unsigned).await, expected);
    let message = "The security token included in the request is invalid.";
    let expected = sts_refused(403, "InvalidClientTokenId", message);
    let stranger = Signer { access_key_id: "AKIDEXAMPLE00000", ..STS };
    assert_eq!(app.post(&stranger, ECHO).await, expected);
    assert_eq!(app.post(&Signer { session_token: Some("x"), ..STS }, ECHO).await, expected);
    let (status, body) = app.post(&Signer { secret: b"another", ..STS }, ECHO).await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>SignatureDoesNotMatch</Code>"), "{body}");
    let mut half = post(&STS, ECHO);
    let authorization = "AWS4-HMAC-SHA256 Credential".parse().unwrap();
    half.headers_mut().insert("authorization", authorization);
    let (status, body) = app.ask(half).await;
    assert_eq!(status, 400);
    assert!(body.contains("<Code>IncompleteSignature</Code>"), "{body}");
    assert!(app.backend.calls().is_empty());
}

#[tokio::test]
async fn a_form_cannot_be_changed_on_its_way() {
    let app = App::new();
    let changed =
        post(&STS, ECHO).map(|_| Bytes::from_static(b"Action=Silence&Version=2011-06-15"));
    assert!(app.ask(changed).await.1.contains("<Code>SignatureDoesNotMatch</Code>"));
    // Nor does another service, another version or the key service take it.
    let (_, body) = app.post(&IAM, ECHO).await;
    assert!(body.contains("scoped to correct service: &apos;sts&apos;"), "{body}");
    let (_, body) = app.post(&SIGNER, IAM_ECHO).await;
    assert!(body.contains("scoped to correct service: &apos;iam&apos;"), "{body}");
}

#[tokio::test]
async fn a_global_service_may_be_signed_for_any_region_and_is_in_one() {
    let app = App::of(Partition::AwsCn);
    let global = "cn-north-1";
    for (signer, form) in [(IAM, IAM_ECHO), (STS, ECHO)] {
        assert_eq!(app.post(&signer, form).await.0, 200);
        assert_eq!(app.post(&Signer { region: global, ..signer }, form).await.0, 200);
        let (_, body) = app.post(&Signer { region: "eu-west-1", ..signer }, form).await;
        assert!(body.contains("Credential should be scoped to a valid region. "), "{body}");
    }
    let regions: Vec<_> = app.backend.calls().iter().map(|call| call.region.to_string()).collect();
    assert_eq!(regions, [global, global, "us-east-1", global]);
}

#[tokio::test]
async fn a_signature_is_good_for_15_minutes_and_from_5_minutes_before() {
    let app = App::new();
    for (now, status) in [(NOW - 900, 200), (NOW - 901, 403), (NOW + 300, 200), (NOW + 301, 403)] {
        assert_eq!(app.post(&Signer { now, ..STS }, ECHO).await.0, status, "{now}");
    }
    let (_, body) = app.post(&Signer { now: NOW - 901, ..STS }, ECHO).await;
    assert!(body.contains("- 15 min.)"), "{body}");
    let (_, body) = app.post(&Signer { now: NOW + 301, ..STS }, ECHO).await;
    assert!(body.contains("+ 5 min.)"), "{body}");
}

#[tokio::test]
async fn an_address_alone_proves_who_signed_it_for_15_minutes_whatever_it_says() {
    let app = App::new();
    for method in [Method::GET, Method::POST] {
        for (age_s, expires_s) in [(0, None), (900, Some(60)), (0, Some(604_800))] {
            let signer = Signer { now: NOW - age_s, ..STS };
            let (status, body) = app.ask(presigned(method.clone(), &signer, expires_s)).await;
            assert_eq!(status, 200, "{body}");
        }
        let old = Signer { now: NOW - 901, ..STS };
        assert_eq!(app.ask(presigned(method.clone(), &old, Some(604_800))).await.0, 403);
        let mut other = presigned(method.clone(), &STS, Some(60));
        other.headers_mut().insert("x-k8s-aws-id", "other".parse().unwrap());
        assert_eq!(app.ask(other).await.0, 403);
    }
}

#[tokio::test]
async fn an_address_may_name_the_operation_of_a_signed_get() {
    let app = App::new();
    assert_eq!(app.ask(signed(Method::GET, ECHO, &STS, "")).await.0, 200);
    // What the body says counts before what the address says.
    let silence = "Action=Silence&Version=2011-06-15";
    let (_, body) = app.ask(signed(Method::POST, silence, &STS, ECHO)).await;
    assert!(body.starts_with("<EchoResponse"), "{body}");
}

#[tokio::test]
async fn what_is_no_form_is_answered_as_before() {
    let app = App::new();
    for (method, uri) in [
        (Method::GET, "/"),
        (Method::GET, "/?Version=2011-06-15"),
        (Method::GET, "/other?Action=Echo&Version=2011-06-15"),
        (Method::PUT, "/?Action=Echo&Version=2011-06-15"),
    ] {
        let request = Request::builder().method(method).uri(uri).body(Bytes::new()).unwrap();
        let response = app.server.handle(request, &peer()).await;
        assert_eq!(response.status().as_u16(), 404, "{uri}");
        assert_eq!(&**response.body(), b"<UnknownOperationException/>\n");
    }
}

#[tokio::test]
async fn an_operation_that_takes_no_signature_looks_at_none() {
    let app = App::new();
    app.backend.release.notify_one();
    let form = "Action=Wait&Version=2011-06-15";
    let mut unsigned = post(&STS, form);
    unsigned.headers_mut().remove("authorization");
    assert_eq!(app.ask(unsigned).await, reply("Wait", "https://sts.test/", form));
    app.backend.release.notify_one();
    assert_eq!(app.post(&Signer { secret: b"another", ..STS }, form).await.0, 200);
    for call in app.backend.calls() {
        assert!(matches!(call.caller.principal, Principal::WebIdentity(_)));
        assert_eq!(call.caller.account.as_str(), "000000000000");
        assert_eq!(call.region.as_str(), "us-east-1");
    }
}

#[tokio::test]
async fn a_form_is_bounded_before_it_is_read() {
    let app = App::new();
    let form = format!("{ECHO}&A={}", "a".repeat(256 << 10));
    let (status, body) = app.post(&STS, &form).await;
    assert_eq!(status, 413, "{body}");
    assert!(body.contains("<Code>RequestEntityTooLarge</Code>"), "{body}");
    let fits = format!("{ECHO}&A={}", "a".repeat((256 << 10) - ECHO.len() - 3));
    assert_eq!(app.post(&STS, &fits).await.0, 200);
}
