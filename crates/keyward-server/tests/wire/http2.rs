//! AWS JSON 1.1 over HTTP/2.

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::client::TestServer;
use crate::requests::{HOST, SIGNER, header_map, headers};

/// A connection that speaks HTTP/2 from its first byte.
pub(crate) async fn connect(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> SendRequest<Full<Bytes>> {
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(crate) fn request(operation: &str, body: &'static str) -> Request<Full<Bytes>> {
    let uri = format!("https://{HOST}/");
    let mut request = Request::post(uri).version(Version::HTTP_2).body(Full::from(body)).unwrap();
    let mut signed = headers(&SIGNER, operation, body.as_bytes());
    // The host that was signed travels as `:authority`.
    signed.retain(|(name, _)| name != "host");
    *request.headers_mut() = header_map(signed);
    request
}

pub(crate) async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> (u16, String) {
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    assert!(response.headers().contains_key("x-amzn-requestid"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn calls_share_a_connection_and_do_not_wait_for_one_another() {
    let server = TestServer::start().await;
    let mut sender = connect(TcpStream::connect(server.address).await.unwrap()).await;
    let mut other = sender.clone();
    let waiting = tokio::spawn(async move { ask(&mut other, request("Wait", r#"{"A":1}"#)).await });
    server.backend.begun.notified().await;
    assert_eq!(ask(&mut sender, request("Echo", "{}")).await, (200, "{}".to_owned()));
    assert_eq!(ask(&mut sender, request("Silence", "{}")).await, (200, String::new()));
    assert_eq!(ask(&mut sender, request("Deny", "{}")).await.0, 400);
    assert_eq!(ask(&mut sender, request("Panic", "{}")).await.0, 500);
    server.backend.release.notify_one();
    assert_eq!(waiting.await.unwrap(), (200, r#"{"A":1}"#.to_owned()));
    assert!(server.backend.calls().iter().all(|call| call.client.host == HOST));
}

#[tokio::test]
async fn a_stop_finishes_the_streams_that_are_open() {
    let server = TestServer::start().await;
    let backend = server.backend.clone();
    let mut sender = connect(TcpStream::connect(server.address).await.unwrap()).await;
    let waiting = tokio::spawn(async move { ask(&mut sender, request("Wait", "{}")).await });
    backend.begun.notified().await;
    let stopped = server.stop();
    backend.release.notify_one();
    assert_eq!(waiting.await.unwrap(), (200, "{}".to_owned()));
    stopped.await.unwrap();
}

#[tokio::test]
async fn headers_over_the_limit_are_refused() {
    let server = TestServer::start().await;
    let mut sender = connect(TcpStream::connect(server.address).await.unwrap()).await;
    let mut request = request("Echo", "{}");
    let long = "a".repeat(70 << 10).try_into().unwrap();
    request.headers_mut().insert("x-long", long);
    let refused = sender.send_request(request).await;
    assert!(refused.is_err() || refused.is_ok_and(|response| response.status() == 431));
    assert!(server.backend.calls().is_empty());
}
