//! The outbound client against receivers on this machine.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use keyward_outbound::{
    AddressRule, Answer, Client, ClientCertificate, Endpoint, OutboundError, Plaintext, Poster,
    trust, trust_as,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

fn loopback() -> AddressRule {
    AddressRule {
        hosts: vec!["127.0.0.1".parse().unwrap(), "localhost".parse().unwrap()],
        private_is_allowed: Some(Box::new(|address| address.is_loopback())),
        plaintext: Plaintext::ToLoopback,
    }
}

fn client(rule: AddressRule) -> Client {
    Client::new(rule, trust(None).unwrap(), Duration::from_secs(5))
}

/// A receiver that gives one answer after the other, and tells what it was sent.
struct Receiver {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Receiver {
    async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (told, requests) = mpsc::unbounded_channel();
        let mut answers: Vec<String> =
            answers.iter().rev().map(|answer| (*answer).to_owned()).collect();
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                while let Some(request) = read_request(&mut stream).await {
                    told.send(request).unwrap();
                    let Some(answer) = answers.pop() else { break };
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        Self { port, connections, requests }
    }

    fn poster(&self) -> Poster {
        let url = format!("http://127.0.0.1:{}/hook?token=secret", self.port);
        Poster::new(client(loopback()), url.parse().unwrap())
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut block = [0; 4096];
        match stream.read(&mut block).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => request.extend_from_slice(&block[..read]),
        }
    }
    Some(String::from_utf8(request).unwrap())
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn post(poster: &Poster, body: &str) -> Result<Answer, OutboundError> {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_static("7"));
    poster.post(&headers, Bytes::from(body.to_owned()), 1000).await
}

#[tokio::test]
async fn what_is_posted_arrives_with_its_headers_on_one_connection() {
    let mut receiver = Receiver::start(&[TAKEN, TAKEN]).await;
    let poster = receiver.poster();
    for body in ["one", "two"] {
        let answer = post(&poster, body).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"ok"[..]));
        let request = receiver.requests.recv().await.unwrap();
        assert!(request.starts_with("POST /hook?token=secret HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nwebhook-id: 7\r\n"), "{request}");
        assert!(request.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", receiver.port)));
        assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_opened_again() {
    let closing = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let receiver = Receiver::start(&[closing, TAKEN]).await;
    let poster = receiver.poster();
    for _ in 0..2 {
        assert_eq!(post(&poster, "x").await.unwrap().status, 200);
    }
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_follows_it() {
    let moved = "HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let receiver = Receiver::start(&[moved]).await;
    assert_eq!(post(&receiver.poster(), "x").await.unwrap().status, 307);
}

#[tokio::test]
async fn an_answer_that_says_when_to_come_again_is_heard() {
    let busy = |after: &str| {
        format!("HTTP/1.1 429 x\r\nRetry-After: {after}\r\nContent-Length: 0\r\n\r\n")
    };
    let receiver = Receiver::start(&[&busy("17"), &busy("soon")]).await;
    let poster = receiver.poster();
    let answer = post(&poster, "x").await.unwrap();
    assert_eq!(answer.retry_after, Some(Duration::from_secs(17)));
    assert_eq!(post(&poster, "x").await.unwrap().retry_after, None);
}

#[tokio::test]
async fn of_an_answer_that_is_too_long_only_the_status_counts() {
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2000));
    let receiver = Receiver::start(&[&long, TAKEN]).await;
    let poster = receiver.poster();
    let answer = post(&poster, "x").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    assert_eq!(post(&poster, "x").await.unwrap().status, 200);
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn no_error_tells_the_path() {
    let receiver = Receiver::start(&[]).await;
    let url: keyward_outbound::Url =
        format!("http://127.0.0.1:{}/hook?token=secret", receiver.port).parse().unwrap();
    let impatient = Client::new(loopback(), trust(None).unwrap(), Duration::from_millis(1));
    let refusing =
        Client::new(AddressRule::default(), trust(None).unwrap(), Duration::from_secs(5));
    for client in [client(loopback()), impatient, refusing] {
        let poster = Poster::new(client, url.clone());
        let error = post(&poster, "x").await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_left_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let client = Client::new(loopback(), trust(None).unwrap(), Duration::from_millis(50));
    let refused = post(&Poster::new(client, url.parse().unwrap()), "x").await.unwrap_err();
    assert!(matches!(refused, OutboundError::Silent(_)));
}

/// A receiver with TLS, and its certificate in PEM. If there is an authority for clients, it lets in
/// only those who show a certificate of it.
async fn tls_receiver(clients: Option<CertificateDer<'static>>) -> (u16, String) {
    let pair = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&pair).unwrap();
    let key = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            config.with_client_cert_verifier(verifier.unwrap())
        }
        None => config.with_no_client_auth(),
    };
    let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not believe the certificate goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            if read_request(&mut stream).await.is_some() {
                answer(&mut stream).await;
            }
        }
    });
    (port, certificate.pem())
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin)) {
    let _ = stream.write_all(TAKEN.as_bytes()).await;
    let _ = stream.flush().await;
}

#[tokio::test]
async fn only_a_certificate_of_a_named_authority_for_this_very_host_is_believed() {
    let (port, pem) = tls_receiver(None).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    for (host, ca_file, is_believed) in [
        ("localhost", Some(file.path()), true),
        ("localhost", None, false),
        ("127.0.0.1", Some(file.path()), false),
    ] {
        let client = Client::new(loopback(), trust(ca_file).unwrap(), Duration::from_secs(5));
        let url = format!("https://{host}:{port}/").parse().unwrap();
        let answer = post(&Poster::new(client, url), "x").await;
        assert_eq!(answer.is_ok(), is_believed, "{host} {ca_file:?} {answer:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_certificate_is_shown_the_operators() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let pair = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["keyward".to_owned()]).unwrap().self_signed(&pair).unwrap();
    let (port, pem) = tls_receiver(Some(certificate.der().clone())).await;
    let ca_file = write("ca.pem", pem);
    let shown = ClientCertificate {
        chain: write("client.pem", certificate.pem()),
        key: write("client-key.pem", pair.serialize_pem()),
    };
    for (shown, is_let_in) in [(None, false), (Some(shown), true)] {
        let tls = trust_as(Some(&ca_file), shown).unwrap();
        let client = Client::new(loopback(), tls, Duration::from_secs(5));
        let url = format!("https://localhost:{port}/").parse().unwrap();
        let answer = post(&Poster::new(client, url), "x").await;
        assert_eq!(answer.is_ok(), is_let_in, "{answer:?}");
    }
}

#[tokio::test]
async fn a_connection_goes_only_where_it_is_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap().to_string();
    let to = Endpoint::parse(&to, false, 1).unwrap();
    assert!(client(loopback()).connect(&to).await.is_ok());
    for rule in [
        AddressRule { hosts: Vec::new(), ..loopback() },
        AddressRule { private_is_allowed: None, ..loopback() },
        AddressRule { plaintext: Plaintext::ToNobody, ..loopback() },
    ] {
        let refused = client(rule).connect(&to).await.err().unwrap();
        assert!(matches!(refused, OutboundError::NotAllowed(_)), "{refused:?}");
    }
}
