//! A server on a loopback port, and a client that writes the bytes it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keyward_server::{Builder, Limits, Listener, Readiness, Server};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::backend::{SERVICES, TestBackend};

/// Far above what anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) struct TestServer {
    pub(crate) backend: Arc<TestBackend>,
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Readiness,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default(), |listener| listener, |builder| builder).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::start_with(limits, |listener| listener, |builder| builder).await
    }

    pub(crate) async fn start_with(
        limits: Limits,
        listener: impl FnOnce(Listener) -> Listener,
        builder: impl FnOnce(Builder<TestBackend>) -> Builder<TestBackend>,
    ) -> Self {
        let backend = TestBackend::new();
        let readiness = Readiness::new();
        let listener = listener(Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap());
        let address = listener.local_addr().unwrap();
        let server = Server::builder(Arc::clone(&backend), SERVICES)
            .limits(limits)
            .readiness(readiness.clone());
        let server = builder(server).build();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            server.serve(vec![listener], async { drop(stopped.await) }).await;
        });
        Self { backend, address, readiness, stop, serving }
    }

    pub(crate) async fn connect(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Tells the server to stop; the handle is done when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.serving
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// One connection. Bytes after an answer are kept for the next.
pub(crate) struct Client<S> {
    pub(crate) stream: S,
    received: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, received: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.send(bytes).await;
        self.answer().await
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        let head_end = loop {
            match self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => assert!(self.receive().await, "closed before an answer came"),
            }
        };
        let head = String::from_utf8(self.received.drain(..head_end).collect()).unwrap();
        let status = head.get(9..12).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").map_or(0, |text| text.parse().unwrap());
        while self.received.len() < length {
            assert!(self.receive().await, "closed before the body was complete");
        }
        answer.body = String::from_utf8(self.received.drain(..length).collect()).unwrap();
        answer
    }

    /// Whether the server hung up without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.received.is_empty() && !self.receive().await
    }

    /// Whether anything more came.
    async fn receive(&mut self) -> bool {
        let read = timeout(DEADLINE, self.stream.read_buf(&mut self.received));
        // Not even an end.
        read.await.unwrap().is_ok_and(|bytes| bytes > 0)
    }
}
