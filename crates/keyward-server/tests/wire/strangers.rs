//! Strangers who hold on to what they get do not keep out who is known.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body, Frame};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyward_server::Limits;
use keyward_sigv4::sign::Signer;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::client::{Client, TestServer};
use crate::requests::{HOST, SIGNER, call, head, header_map, headers};

/// A body of which nothing comes.
struct Stalled;

impl Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

type Sender = SendRequest<Either<Full<Bytes>, Stalled>>;

async fn connect(server: &TestServer) -> Sender {
    let stream = TokioIo::new(TcpStream::connect(server.address).await.unwrap());
    let (sender, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(sender: &mut Sender, signer: &Signer<'_>, is_stalled: bool) -> u16 {
    let body = if is_stalled { Either::Right(Stalled) } else { Either::Left(Full::from("{}")) };
    let uri = format!("https://{HOST}/");
    let mut request = Request::post(uri).version(Version::HTTP_2).body(body).unwrap();
    let mut sent = headers(signer, "Echo", b"{}");
    sent.retain(|(name, _)| name != "host");
    *request.headers_mut() = header_map(sent);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    status
}

/// Opens streams under an invented access key and sends no body on them.
fn open_streams(sender: &Sender, count: usize) -> JoinSet<u16> {
    let mut streams = JoinSet::new();
    for _ in 0..count {
        let mut sender = sender.clone();
        streams.spawn(async move {
            let stranger = Signer { access_key_id: "AKIDEXAMPLE00000", ..SIGNER };
            ask(&mut sender, &stranger, true).await
        });
    }
    streams
}

#[tokio::test]
async fn streams_without_bodies_keep_nobody_out() {
    let patient = Duration::from_mins(1);
    let limits = Limits { requests_max: 4, body_patience: patient, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let mut attackers = Vec::new();
    for _ in 0..3 {
        let mut sender = connect(&server).await;
        let streams = open_streams(&sender, 99);
        // Answered on the same connection, so what was sent on it before has arrived.
        sender.ready().await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(ask(&mut sender, &SIGNER, false).await, 200);
        attackers.push((sender, streams));
    }
    for _ in 0..8 {
        assert_eq!(server.connect().await.ask(call("Echo", b"{}")).await.status, 200);
    }
    for (_, streams) in &mut attackers {
        assert!(streams.try_join_next().is_none(), "they still hold on");
    }
}

#[tokio::test]
async fn a_connection_waits_for_few_slow_bodies() {
    let server = TestServer::with_limits(Limits {
        body_patience: Duration::from_millis(200),
        body_timeout: Duration::from_secs(1),
        slow_bodies_per_connection_max: 3,
        ..Limits::default()
    })
    .await;
    let mut sender = connect(&server).await;
    let mut statuses = open_streams(&sender, 20).join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![400; 3], vec![503; 17]].concat());
    assert_eq!(ask(&mut sender, &SIGNER, false).await, 200, "nor is the connection lost");
}

/// A connection from another address.
async fn connect_from(server: &TestServer, last: u8) -> Client<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, last], 0).into()).unwrap();
    Client::new(socket.connect(server.address).await.unwrap())
}

#[tokio::test]
async fn one_address_cannot_use_up_the_memory_for_bodies() {
    let limits = Limits { unauthenticated_body_bytes_max: 1 << 20, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let half_sent = head("Echo", b"", "content-length: 60000\r\n") + &"a".repeat(40_000);
    let mut attackers = [connect_from(&server, 2).await, connect_from(&server, 2).await];
    for attacker in &mut attackers {
        attacker.send(&half_sent).await;
    }
    let [first, second] = &mut attackers;
    let refused = tokio::select! {
        refused = first.answer() => refused,
        refused = second.answer() => refused,
    };
    assert_eq!(refused.status, 503, "the share of that address is used up");
    let large = vec![b'a'; 40_000];
    assert_eq!(connect_from(&server, 3).await.ask(call("Echo", &large)).await.status, 200);
    assert_eq!(connect_from(&server, 2).await.ask(call("Echo", b"{}")).await.status, 200);
}
