//! Health checks and metrics.

use std::sync::Arc;

use keyward_server::{Limits, Listener, Server, serve_metrics};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpStream;

use crate::backend::{SERVICES, TestBackend};
use crate::client::{Client, TestServer};
use crate::requests::{SIGNER, peer, request};

#[tokio::test]
async fn health_is_answered_unsigned_on_the_main_listener() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    let live = client.ask("GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!((live.status, live.body.as_str()), (200, "live\n"));
    let ready = client.ask("GET /health/ready HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    let posted = client.ask("POST /health/live HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(posted.status, 404);
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_503_and_says_why_but_lives() {
    let server = TestServer::start().await;
    server.readiness.block("the store is away");
    server.readiness.block("the clock leapt");
    let mut client = server.connect().await;
    let ready = client.ask("GET /health/ready HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "the clock leapt\nthe store is away\n"));
    let live = client.ask("GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(live.status, 200);
}

#[tokio::test]
async fn metrics_have_a_listener_of_their_own() {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let page = || std::future::ready("keyward_up 1\n".to_owned());
    tokio::spawn(serve_metrics(vec![listener], Limits::default(), page, std::future::pending()));
    let mut client = Client::new(TcpStream::connect(address).await.unwrap());
    let answer = client.ask("GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "keyward_up 1\n"));
    let answer = client.ask("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(answer.status, 404);
}

#[test]
fn calls_and_failures_to_authenticate_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let backend = TestBackend::new();
            let server = Server::builder(Arc::clone(&backend), SERVICES).build();
            for operation in ["Echo", "Echo", "Deny", "Nothing"] {
                server.handle(request(&SIGNER, operation, b"{}"), &peer()).await;
            }
            backend.put_secret("another");
            server.handle(request(&SIGNER, "Echo", b"{}"), &peer()).await;
        });
    });
    let page = handle.render();
    for line in [
        r#"keyward_requests_total{operation="Echo",code="Success"} 2"#,
        r#"keyward_requests_total{operation="Deny",code="AccessDeniedException"} 1"#,
        r#"keyward_requests_total{operation="none",code="UnknownOperationException"} 1"#,
        r#"keyward_requests_total{operation="Echo",code="InvalidSignatureException"} 1"#,
        r#"keyward_authentication_failures_total{reason="InvalidSignatureException"} 1"#,
        r#"keyward_authentication_failures_total{reason="Busy"} 0"#,
        r#"keyward_authentication_failures_total{reason="LookupFailed"} 0"#,
        r#"keyward_authentication_failures_total{reason="UnrecognizedClientException"} 0"#,
        r#"keyward_request_duration_seconds_count{operation="Echo"} 3"#,
        "keyward_requests_in_flight 0",
    ] {
        assert!(page.contains(line), "{line} is missing in\n{page}");
    }
    // An operation nobody asked for has a counter and no histogram.
    let idle: Vec<_> = page.lines().filter(|line| line.contains("operation=\"Panic\"")).collect();
    assert_eq!(idle, [r#"keyward_requests_total{operation="Panic",code="Success"} 0"#]);
}
