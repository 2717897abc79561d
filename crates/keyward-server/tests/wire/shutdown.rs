//! Stopping.

use std::time::Duration;

use keyward_server::Limits;
use tokio::net::TcpStream;

use crate::client::TestServer;
use crate::requests::call;

#[tokio::test]
async fn a_call_that_was_accepted_is_finished_and_idle_connections_end() {
    let server = TestServer::start().await;
    let (backend, address) = (server.backend.clone(), server.address);
    let readiness = server.readiness.clone();
    let mut idle = server.connect().await;
    assert_eq!(idle.ask(call("Echo", b"{}")).await.status, 200);
    let mut busy = server.connect().await;
    busy.send(call("Wait", b"{}")).await;
    backend.begun.notified().await;

    let stopped = server.stop();

    assert!(idle.is_closed().await);
    assert_eq!(readiness.reasons(), ["stopping"]);
    assert!(TcpStream::connect(address).await.is_err());
    backend.release.notify_one();
    let answer = busy.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    stopped.await.unwrap();
    assert!(busy.is_closed().await);
}

#[tokio::test]
async fn what_outlives_the_grace_period_is_cut_off() {
    let limits = Limits { grace: Duration::from_millis(20), ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let mut busy = server.connect().await;
    busy.send(call("Wait", b"{}")).await;
    server.backend.begun.notified().await;
    server.stop().await.unwrap();
    assert!(busy.is_closed().await);
}
