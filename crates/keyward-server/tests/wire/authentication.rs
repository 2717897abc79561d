//! Who may call: rows 4 to 18, as far as the server decides them.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use keyward_server::Server;
use keyward_sigv4::RequestParts;
use keyward_sigv4::sign::Signer;

use crate::backend::{NOW, SERVICES, TestBackend};
use crate::requests::{CONTENT_TYPE, HOST, SIGNER, peer, request};

struct App {
    backend: Arc<TestBackend>,
    server: Server<TestBackend>,
}

impl App {
    fn new() -> Self {
        let backend = TestBackend::new();
        let server = Server::builder(Arc::clone(&backend), SERVICES).build();
        Self { backend, server }
    }

    async fn ask(&self, request: Request<Bytes>) -> (u16, String) {
        let response = self.server.handle(request, &peer()).await;
        (response.status().as_u16(), text(&response))
    }

    async fn ask_as(&self, signer: &Signer<'_>) -> (u16, String) {
        self.ask(request(signer, "Echo", b"{}")).await
    }
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn error(name: &str, message: &str) -> (u16, String) {
    (400, format!(r#"{{"__type":"{name}","message":"{message}"}}"#))
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
                        provided. Check your AWS Secret Access Key and signing method. Consult \
                        the service documentation for details.";

#[tokio::test]
async fn a_genuine_signature_is_let_through_again_and_again() {
    let app = App::new();
    for _ in 0..3 {
        assert_eq!(app.ask_as(&SIGNER).await, (200, "{}".to_owned()));
    }
    assert_eq!(app.backend.calls().len(), 3);
}

#[tokio::test]
async fn an_unsigned_request_is_told_so() {
    let app = App::new();
    let mut unsigned = request(&SIGNER, "Echo", b"{}");
    unsigned.headers_mut().remove("authorization");
    let expected = error("MissingAuthenticationTokenException", "Missing Authentication Token");
    assert_eq!(app.ask(unsigned).await, expected);
}

#[tokio::test]
async fn an_unknown_access_key_is_told_before_its_signature_is_wrong() {
    let app = App::new();
    let message = "The security token included in the request is invalid.";
    for access_key_id in ["AKIDEXAMPLE00000", "ASIAEXAMPLE00000", "lower"] {
        let stranger = Signer { access_key_id, ..SIGNER };
        assert_eq!(app.ask_as(&stranger).await, error("UnrecognizedClientException", message));
    }
    assert!(app.backend.calls().is_empty());
}

#[tokio::test]
async fn a_wrong_secret_and_a_changed_body_are_told_the_same() {
    let app = App::new();
    let expected = error("InvalidSignatureException", MISMATCH);
    assert_eq!(app.ask_as(&Signer { secret: b"another", ..SIGNER }).await, expected);
    let changed = request(&SIGNER, "Echo", b"{}").map(|_| Bytes::from_static(b"[]"));
    assert_eq!(app.ask(changed).await, expected);
    assert!(app.backend.calls().is_empty());
}

#[tokio::test]
async fn a_request_cannot_be_pointed_at_another_operation() {
    let app = App::new();
    let mut retargeted = request(&SIGNER, "Echo", b"{}");
    let target = HeaderValue::from_static("TrentService.Silence");
    retargeted.headers_mut().insert("x-amz-target", target);
    assert_eq!(app.ask(retargeted).await, error("InvalidSignatureException", MISMATCH));
}

#[tokio::test]
async fn a_replaced_secret_is_in_force_at_once() {
    let app = App::new();
    assert_eq!(app.ask_as(&SIGNER).await.0, 200);
    app.backend.put_secret("the new one");
    assert_eq!(app.ask_as(&SIGNER).await, error("InvalidSignatureException", MISMATCH));
    assert_eq!(app.ask_as(&Signer { secret: b"the new one", ..SIGNER }).await.0, 200);
}

#[tokio::test]
async fn a_session_token_belongs_to_no_long_term_access_key() {
    let app = App::new();
    let message = "The security token included in the request is invalid";
    let with_token = Signer { session_token: Some("token"), ..SIGNER };
    assert_eq!(app.ask_as(&with_token).await, error("UnrecognizedClientException", message));
    let wrong_as_well = Signer { secret: b"another", ..with_token };
    assert_eq!(app.ask_as(&wrong_as_well).await, error("InvalidSignatureException", MISMATCH));
}

#[tokio::test]
async fn the_scope_names_a_region_that_is_served_and_this_service() {
    let app = App::new();
    let message = "Credential should be scoped to a valid region. ";
    let elsewhere = Signer { region: "eu-west-1", ..SIGNER };
    assert_eq!(app.ask_as(&elsewhere).await, error("InvalidSignatureException", message));
    let message = "Credential should be scoped to correct service: 'kms'. ";
    let other = Signer { service: "sts", ..SIGNER };
    assert_eq!(app.ask_as(&other).await, error("InvalidSignatureException", message));
}

#[tokio::test]
async fn signatures_are_good_for_five_minutes_either_way() {
    let app = App::new();
    for (now, status) in [(NOW - 300, 200), (NOW + 300, 200), (NOW - 301, 400), (NOW + 301, 400)] {
        assert_eq!(app.ask_as(&Signer { now, ..SIGNER }).await.0, status, "{now}");
    }
}

#[tokio::test]
async fn a_refused_signature_is_answered_with_the_time_it_was_compared_with() {
    let app = App::new();
    let late = request(&Signer { now: NOW - 1000, ..SIGNER }, "Echo", b"{}");
    let response = app.server.handle(late, &peer()).await;
    assert!(text(&response).contains("Signature expired"), "{}", text(&response));
    assert_eq!(response.headers()["date"], "Sun, 18 Oct 2026 12:00:00 GMT");
}

fn presigned(signer: &Signer<'_>, expires_s: u32) -> Request<Bytes> {
    let headers = [
        ("host", HOST.as_bytes()),
        ("content-type", CONTENT_TYPE.as_bytes()),
        ("x-amz-target", b"TrentService.Echo"),
    ];
    let parts = RequestParts { method: "POST", path: "/", query: "", headers: &headers };
    let query = signer.presign(&parts, b"{}", Some(expires_s));
    let mut presigned = Request::post(format!("/?{query}"));
    for (name, value) in headers {
        presigned = presigned.header(name, value);
    }
    presigned.body(Bytes::from_static(b"{}")).unwrap()
}

#[tokio::test]
async fn a_presigned_post_is_accepted() {
    assert_eq!(App::new().ask(presigned(&SIGNER, 60)).await, (200, "{}".to_owned()));
}

#[tokio::test]
async fn a_presigned_post_is_good_for_five_minutes_at_most() {
    let app = App::new();
    let signed_at = |now| presigned(&Signer { now, ..SIGNER }, 604_800);
    assert_eq!(app.ask(signed_at(NOW - 300)).await.0, 200);
    let message = "Signature expired: 20261018T115459Z is now earlier than 20261018T115500Z \
                   (20261018T120000Z - 5 min.)";
    let refused = app.ask(signed_at(NOW - 301)).await;
    assert_eq!(refused, error("InvalidSignatureException", message));
    let shorter = presigned(&Signer { now: NOW - 61, ..SIGNER }, 60);
    assert_eq!(app.ask(shorter).await.0, 400);
}

#[tokio::test]
async fn too_many_unknown_callers_at_once_are_503() {
    let app = App::new();
    let (status, body) = app.ask_as(&Signer { access_key_id: "AKIABUSY00000000", ..SIGNER }).await;
    assert_eq!(status, 503);
    assert!(body.starts_with(r#"{"__type":"ServiceUnavailable","#), "{body}");
}
