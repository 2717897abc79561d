//! A receiver of HTTP requests on this machine, for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyward_outbound::{AddressRule, Client, Plaintext, Poster, trust};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Far above what anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// Gives one answer after the other, the last one for ever, and tells what it was sent.
pub(crate) struct Receiver {
    port: u16,
    requests: mpsc::UnboundedReceiver<Request>,
}

/// A request.
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Receiver {
    pub(crate) async fn start(answers: &'static [&'static str]) -> Self {
        let answers = Mutex::new((answers.iter(), ""));
        Self::answering(move |_| {
            let (answers, last) = &mut *answers.lock().unwrap();
            *last = answers.next().unwrap_or(last);
            last
        })
        .await
    }

    /// Answers each request by itself, those of several connections at the same time.
    pub(crate) async fn answering(
        answer: impl Fn(&Request) -> &'static str + Send + Sync + 'static,
    ) -> Self {
        let answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, told) = (Arc::clone(&answer), told.clone());
                tokio::spawn(async move {
                    while let Some(request) = read(&mut stream).await {
                        let answer = format!("HTTP/1.1 {}", answer(&request));
                        told.send(request).unwrap();
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Self { port, requests }
    }

    pub(crate) fn poster(&self) -> Poster {
        poster(self.port)
    }

    pub(crate) async fn request(&mut self) -> Request {
        timeout(DEADLINE, self.requests.recv()).await.unwrap().unwrap()
    }

    pub(crate) fn is_done(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Posts to a port of this machine.
pub(crate) fn poster(port: u16) -> Poster {
    let url = format!("http://127.0.0.1:{port}/hook?token=secret");
    Poster::new(client(), url.parse().unwrap())
}

pub(crate) fn client() -> Client {
    let rule = AddressRule {
        hosts: vec!["127.0.0.1".parse().unwrap()],
        private_is_allowed: Some(Box::new(|address| address.is_loopback())),
        plaintext: Plaintext::ToLoopback,
    };
    Client::new(rule, trust(None).unwrap(), Duration::from_secs(5))
}

/// The next request on a connection.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Request { head: head.to_owned(), body: body.to_owned() };
            let length = request.header("content-length").unwrap();
            if body.len() >= length.parse::<usize>().unwrap() {
                return Some(request);
            }
        }
        let mut block = [0; 4096];
        match stream.read(&mut block).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&block[..read]),
        }
    }
}
