//! What clients may cost, and what happens beyond it.

use std::time::Duration;

use keyward_server::Limits;

use crate::client::TestServer;
use crate::requests::{call, head};

const SHORT: Duration = Duration::from_millis(200);
/// Where something has to come about within it, on however busy a machine.
const ROOMY: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_head_that_does_not_end_is_hung_up_on() {
    let server = TestServer::with_limits(Limits { head_timeout: SHORT, ..Limits::default() }).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    slow.send("POST / HTTP/1.1\r\nhost:").await;
    assert!(silent.is_closed().await);
    assert!(slow.is_closed().await);
}

#[tokio::test]
async fn the_head_of_a_later_request_is_held_to_the_same_time() {
    let server = TestServer::with_limits(Limits { head_timeout: ROOMY, ..Limits::default() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.ask(call("Echo", b"{}")).await.status, 200);
    client.send("POST / HTTP/1.1\r\nhost:").await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_connection_at_rest_is_closed_after_the_idle_timeout() {
    let server = TestServer::with_limits(Limits { idle_timeout: ROOMY, ..Limits::default() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.ask(call("Echo", b"{}")).await.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_call_that_takes_long_is_not_idle() {
    let limits = Limits { idle_timeout: ROOMY, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let mut waiting = server.connect().await;
    waiting.send(call("Wait", b"{}")).await;
    server.backend.begun.notified().await;
    let mut idle = server.connect().await;
    assert!(idle.is_closed().await, "by now the idle timeout has passed");
    server.backend.release.notify_one();
    assert_eq!(waiting.answer().await.status, 200);
}

#[tokio::test]
async fn a_head_over_its_limit_is_431() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    client.send("POST / HTTP/1.1\r\nhost: a\r\nlong: ").await;
    client.send("a".repeat((64 << 10) - 10)).await;
    assert_eq!(client.answer().await.status, 431);
}

#[tokio::test]
async fn more_than_100_header_lines_are_431() {
    let server = TestServer::start().await;
    for (lines, status) in [(100, 404), (101, 431)] {
        let head = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(lines));
        assert_eq!(server.connect().await.ask(head).await.status, status);
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_refused_and_the_connection_ends() {
    let server = TestServer::with_limits(Limits { body_timeout: SHORT, ..Limits::default() }).await;
    let mut client = server.connect().await;
    let answer = client.ask(head("Echo", b"{}", "content-length: 2\r\n") + "{").await;
    assert_eq!((answer.status, answer.header("connection")), (400, Some("close")));
    assert!(answer.body.starts_with(r#"{"__type":"RequestTimeout","#), "{}", answer.body);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn bodies_beyond_the_budget_of_unknown_callers_are_503() {
    let limits = Limits { unauthenticated_body_bytes_max: 12, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let answer = server.connect().await.ask(call("Echo", b"1234")).await;
    assert_eq!(answer.status, 503, "a quarter is for small bodies");
    assert!(answer.body.starts_with(r#"{"__type":"ServiceUnavailable","#), "{}", answer.body);
    // What a known caller sent does not count: two calls of three bytes run side by side.
    let mut first = server.connect().await;
    first.send(call("Wait", b"123")).await;
    server.backend.begun.notified().await;
    assert_eq!(server.connect().await.ask(call("Echo", b"123")).await.status, 200);
    server.backend.release.notify_one();
    assert_eq!(first.answer().await.status, 200);
}

#[tokio::test]
async fn calls_beyond_the_limit_are_503_until_one_ends() {
    let server = TestServer::with_limits(Limits { requests_max: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.send(call("Wait", b"{}")).await;
    server.backend.begun.notified().await;
    let mut second = server.connect().await;
    assert_eq!(second.ask(call("Echo", b"{}")).await.status, 503);
    assert_eq!(server.backend.turned_away().len(), 1, "it is put on record");
    server.backend.release.notify_one();
    assert_eq!(first.answer().await.status, 200);
    assert_eq!(second.ask(call("Echo", b"{}")).await.status, 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_one_to_end() {
    let server = TestServer::with_limits(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    assert_eq!(first.ask(call("Echo", b"{}")).await.status, 200);
    let mut second = server.connect().await;
    second.send(call("Wait", b"{}")).await;
    assert_eq!(first.ask(call("Echo", b"{}")).await.status, 200);
    assert_eq!(server.backend.calls().len(), 2, "the second connection is not served yet");
    drop(first);
    server.backend.begun.notified().await;
    server.backend.release.notify_one();
    assert_eq!(second.answer().await.status, 200);
}
