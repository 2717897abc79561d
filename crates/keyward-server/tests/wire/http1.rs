//! AWS JSON 1.1 over HTTP/1.1.

use crate::backend::BODY_BYTES_MAX;
use crate::client::TestServer;
use crate::requests::{call, head};

const NOT_AWS_JSON: &str = "<UnknownOperationException/>\n";
const UNKNOWN_OPERATION: &str = r#"{"__type":"UnknownOperationException"}"#;
const NOT_SIGNED: &str =
    r#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#;

#[tokio::test]
async fn a_signed_call_is_dispatched_and_its_reply_comes_back() {
    let server = TestServer::start().await;
    let answer = server.connect().await.ask(call("Echo", br#"{"KeyId":"a"}"#)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"KeyId":"a"}"#));
    let [call] = server.backend.calls().try_into().unwrap();
    assert_eq!(call.client.source_ip.to_string(), "127.0.0.1");
    assert_eq!(call.client.host, "kms.test:8080");
    assert_eq!(call.region.as_str(), "us-east-1");
    assert_eq!(call.client.tls, None);
    assert_eq!(answer.header("x-amzn-RequestId"), Some(call.request_id.to_string().as_str()));
}

#[tokio::test]
async fn every_response_carries_the_headers_of_the_service() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    let mut ids = Vec::new();
    for (operation, status) in [("Echo", 200), ("Deny", 400), ("Nothing", 400)] {
        let answer = client.ask(call(operation, b"{}")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("Content-Type"), Some("application/x-amz-json-1.1"));
        assert_eq!(answer.header("Date"), Some("Sun, 18 Oct 2026 12:00:00 GMT"));
        let cache_control = "no-cache, no-store, must-revalidate, private";
        assert_eq!(answer.header("Cache-Control"), Some(cache_control));
        assert_eq!(answer.header("Expires"), Some("0"));
        assert_eq!(answer.header("Pragma"), Some("no-cache"));
        ids.push(answer.header("x-amzn-RequestId").unwrap().to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn header_names_have_capitals_for_clients_that_know_no_other_spelling() {
    let server = TestServer::start().await;
    for operation in ["Echo", "Deny"] {
        let answer = server.connect().await.ask(call(operation, b"{}")).await;
        for name in ["Content-Type", "Content-Length", "Date"] {
            assert!(answer.head.contains(&format!("\r\n{name}: ")), "{name}: {}", answer.head);
        }
    }
}

#[tokio::test]
async fn an_operation_without_output_answers_with_an_empty_body() {
    let server = TestServer::start().await;
    let answer = server.connect().await.ask(call("Silence", b"{}")).await;
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("0")));
}

#[tokio::test]
async fn access_denied_is_400_and_spells_message_with_a_capital() {
    let server = TestServer::start().await;
    let answer = server.connect().await.ask(call("Deny", b"{}")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body, r#"{"__type":"AccessDeniedException","Message":"You may not."}"#);
}

#[tokio::test]
async fn what_is_not_aws_json_is_404() {
    let server = TestServer::start().await;
    let target = "host: a\r\nx-amz-target: TrentService.Echo\r\n";
    let json = "content-type: application/x-amz-json-1.1\r\n";
    for request in [
        format!("GET / HTTP/1.1\r\n{target}\r\n"),
        format!("PUT / HTTP/1.1\r\n{target}{json}content-length: 2\r\n\r\n{{}}"),
        format!("POST /keys HTTP/1.1\r\n{target}{json}content-length: 2\r\n\r\n{{}}"),
        format!("POST // HTTP/1.1\r\n{target}{json}content-length: 2\r\n\r\n{{}}"),
        format!("POST / HTTP/1.1\r\n{target}content-length: 2\r\n\r\n{{}}"),
        format!(
            "POST / HTTP/1.1\r\n{target}content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        ),
        format!(
            "POST / HTTP/1.1\r\n{target}content-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{{}}"
        ),
        format!(
            "POST / HTTP/1.1\r\n{target}content-type: application/x-amz-json-1.1x\r\ncontent-length: 2\r\n\r\n{{}}"
        ),
        format!(
            "POST / HTTP/1.1\r\n{target}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
        ),
    ] {
        let answer = server.connect().await.ask(&request).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, NOT_AWS_JSON), "{request}");
        assert!(answer.header("x-amzn-RequestId").is_some());
    }
}

#[tokio::test]
async fn the_content_type_may_have_parameters_and_needs_a_body_to_matter() {
    let server = TestServer::start().await;
    let target = "host: a\r\nx-amz-target: TrentService.Echo\r\n";
    for request in [
        format!(
            "POST / HTTP/1.1\r\n{target}content-type: Application/X-Amz-Json-1.1; charset=utf-8\r\ncontent-length: 2\r\n\r\n{{}}"
        ),
        format!("POST / HTTP/1.1\r\n{target}content-length: 0\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{target}content-type: text/plain\r\n\r\n"),
        format!("POST http://a HTTP/1.1\r\n{target}\r\n"),
    ] {
        let answer = server.connect().await.ask(&request).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, NOT_SIGNED), "{request}");
    }
}

#[tokio::test]
async fn a_target_that_names_no_operation_is_refused_before_its_signature() {
    let server = TestServer::start().await;
    for target in [
        "",
        "x-amz-target: Echo\r\n",
        "x-amz-target: OtherService.Echo\r\n",
        "x-amz-target: TrentService.Nothing\r\n",
        "x-amz-target: TrentService.echo\r\n",
        "x-amz-target: trentservice.Echo\r\n",
        "x-amz-target: TrentService.\r\n",
        "x-amz-target: TrentService.Echo\u{e9}\r\n",
    ] {
        let answer =
            server.connect().await.ask(format!("POST / HTTP/1.1\r\nhost: a\r\n{target}\r\n")).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, UNKNOWN_OPERATION), "{target}");
    }
}

#[tokio::test]
async fn a_connection_serves_many_calls() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    for body in ["{}", r#"{"A":1}"#, "{}"] {
        assert_eq!(client.ask(call("Echo", body.as_bytes())).await.body, body);
        assert_eq!(client.ask("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.status, 404);
    }
    let pipelined = [call("Echo", b"{}"), call("Silence", b"{}"), call("Echo", b"[]")].concat();
    client.send(pipelined).await;
    assert_eq!(client.answer().await.body, "{}");
    assert_eq!(client.answer().await.body, "");
    assert_eq!(client.answer().await.body, "[]");
}

#[tokio::test]
async fn a_chunked_body_is_put_together() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    client.send(head("Echo", br#"{"A":1}"#, "transfer-encoding: chunked\r\n")).await;
    client.send("3\r\n{\"A\r\n").await;
    let answer = client.ask("4\r\n\":1}\r\n0\r\n\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"A":1}"#));
}

#[tokio::test]
async fn a_body_is_asked_for_with_100_continue() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    let more = "content-length: 2\r\nexpect: 100-continue\r\n";
    assert_eq!(client.ask(head("Echo", b"{}", more)).await.status, 100);
    assert_eq!(client.ask("{}").await.body, "{}");
}

#[tokio::test]
async fn a_body_announced_too_long_is_refused_unread_and_unsigned() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    let length = BODY_BYTES_MAX + 1;
    let answer = client
        .ask(format!(
            "POST / HTTP/1.1\r\nhost: a\r\nx-amz-target: TrentService.Echo\r\n\
             content-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\n\r\n"
        ))
        .await;
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
    assert!(answer.body.starts_with(r#"{"__type":"RequestEntityTooLarge","#), "{}", answer.body);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_body_that_turns_out_too_long_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    client.send(head("Echo", b"", "transfer-encoding: chunked\r\n")).await;
    let length = BODY_BYTES_MAX + 1;
    let answer = client.ask(format!("{length:x}\r\n{}", "a".repeat(length))).await;
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
    assert!(server.backend.calls().is_empty());
}

#[tokio::test]
async fn a_body_of_the_longest_length_is_taken() {
    let server = TestServer::start().await;
    let body = "a".repeat(BODY_BYTES_MAX);
    let answer = server.connect().await.ask(call("Echo", body.as_bytes())).await;
    assert!(answer.status == 200 && answer.body == body);
}

#[tokio::test]
async fn a_panic_is_500_and_the_connection_lives_on() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    let answer = client.ask(call("Panic", b"{}")).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.starts_with(r#"{"__type":"InternalFailure","#), "{}", answer.body);
    assert_eq!(client.ask(call("Echo", b"{}")).await.status, 200);
}

#[tokio::test]
async fn malformed_http_is_refused_and_the_connection_ends() {
    let server = TestServer::start().await;
    for bytes in [
        "NONSENSE\r\n\r\n",
        "POST / HTTP/3.7\r\n\r\n",
        "POST / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: two\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ] {
        let mut client = server.connect().await;
        assert_eq!(client.ask(bytes).await.status, 400, "{bytes}");
        assert!(client.is_closed().await);
    }
}
