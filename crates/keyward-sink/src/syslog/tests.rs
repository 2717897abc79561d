use std::io::Write as _;
use std::net::SocketAddr;

use rcgen::{CertificateParams, KeyPair};
use tokio::io::AsyncRead;
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::receiver::client;
use crate::record::tests::{REFUSAL, ROTATION, record};

fn dialect() -> Dialect {
    let facility = Facility::new(13).unwrap();
    Dialect { facility, hostname: "kms-1".to_owned(), process_id: 42, message_bytes_max: 65_536 }
}

fn records() -> Vec<Record> {
    [ROTATION, REFUSAL, ROTATION].map(record).into()
}

fn expected() -> Vec<String> {
    let message = |record| String::from_utf8(dialect().message(record, usize::MAX)).unwrap();
    records().iter().map(message).collect()
}

/// The next frame: a number, a space, as many bytes.
async fn frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut length = String::new();
    loop {
        match stream.read_u8().await.ok()? {
            b' ' => break,
            digit => length.push(digit.into()),
        }
    }
    let mut message = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut message).await.ok()?;
    Some(String::from_utf8(message).unwrap())
}

/// Reads frames until the stream ends.
fn collect(mut stream: impl AsyncRead + Unpin + Send + 'static) -> mpsc::UnboundedReceiver<String> {
    let (told, frames) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(frame) = frame(&mut stream).await {
            if told.send(frame).is_err() {
                break;
            }
        }
    });
    frames
}

async fn expect(mut frames: mpsc::UnboundedReceiver<String>) {
    for message in expected() {
        assert_eq!(frames.recv().await.unwrap(), message);
    }
}

fn over_tcp(to: SocketAddr) -> Syslog {
    let to = to.to_string();
    let to = Endpoint::parse(&to, false, 514).unwrap();
    Syslog::new(Destination::Network(Box::new(client()), to), dialect())
}

#[tokio::test]
async fn messages_arrive_over_one_connection_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut syslog = over_tcp(listener.local_addr().unwrap());
    let accept = async { collect(listener.accept().await.unwrap().0) };
    let again = records();
    let records = records();
    let (sent, mut frames) = tokio::join!(syslog.send(&records), accept);
    assert_eq!((sent.taken, sent.failure.is_none()), (3, true));
    assert_eq!(syslog.send(&again).await.taken, 3);
    for message in expected().into_iter().chain(expected()) {
        assert_eq!(frames.recv().await.unwrap(), message);
    }
}

#[tokio::test]
async fn a_batch_whose_connection_is_closed_does_not_count_and_comes_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut syslog = over_tcp(listener.local_addr().unwrap());
    // As long as it takes.
    syslog.settle = Duration::from_mins(1);
    let closing = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        frame(&mut stream).await.unwrap();
    };
    let records = records();
    let (sent, ()) = tokio::join!(syslog.send(&records), closing);
    assert_eq!((sent.taken, sent.failure.is_some()), (0, true));
    syslog.settle = SETTLE;
    let accept = async { collect(listener.accept().await.unwrap().0) };
    let (sent, frames) = tokio::join!(syslog.send(&records), accept);
    assert_eq!(sent.taken, 3);
    expect(frames).await;
}

#[tokio::test]
async fn a_connection_that_was_closed_between_two_batches_is_opened_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut syslog = over_tcp(listener.local_addr().unwrap());
    let records = records();
    let accept = async { listener.accept().await.unwrap().0 };
    let (sent, mut stream) = tokio::join!(syslog.send(&records), accept);
    assert_eq!(sent.taken, 3);
    for message in expected() {
        assert_eq!(frame(&mut stream).await.unwrap(), message);
    }
    drop(stream);
    let accept = async { collect(listener.accept().await.unwrap().0) };
    let (sent, frames) = tokio::join!(syslog.send(&records), accept);
    assert_eq!((sent.taken, sent.failure.is_none()), (3, true));
    expect(frames).await;
}

#[tokio::test]
async fn messages_arrive_over_tls() {
    let pair = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&pair).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(certificate.pem().as_bytes()).unwrap();
    let rule = keyward_outbound::AddressRule {
        hosts: vec!["localhost".parse().unwrap()],
        private_is_allowed: Some(Box::new(|address| address.is_loopback())),
        ..keyward_outbound::AddressRule::default()
    };
    let trust = keyward_outbound::trust(Some(file.path())).unwrap();
    let client = Client::new(rule, trust, Duration::from_secs(5));
    let port = listener.local_addr().unwrap().port();
    let to = Endpoint::parse(&format!("localhost:{port}"), true, 6514).unwrap();
    let mut syslog = Syslog::new(Destination::Network(Box::new(client), to), dialect());
    let accept =
        async { collect(acceptor.accept(listener.accept().await.unwrap().0).await.unwrap()) };
    let records = records();
    let (sent, frames) = tokio::join!(syslog.send(&records), accept);
    assert_eq!((sent.taken, sent.failure.is_none()), (3, true));
    expect(frames).await;
}

#[tokio::test]
async fn sockets_of_this_machine_are_of_either_kind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stream");
    let listener = UnixListener::bind(&path).unwrap();
    let mut syslog = Syslog::new(Destination::Socket(path, Duration::from_secs(5)), dialect());
    let accept = async { collect(listener.accept().await.unwrap().0) };
    let records = records();
    let (sent, frames) = tokio::join!(syslog.send(&records), accept);
    assert_eq!(sent.taken, 3);
    expect(frames).await;

    let path = directory.path().join("datagram");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut syslog = Syslog::new(Destination::Socket(path, Duration::from_secs(5)), dialect());
    assert_eq!(syslog.send(&records).await.taken, 3);
    for message in expected() {
        let mut datagram = vec![0; 65_536];
        let length = socket.recv(&mut datagram).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&datagram[..length]), message);
    }
    drop(socket);
    assert_eq!(syslog.send(&records).await.taken, 0);
}

#[tokio::test]
async fn a_receiver_that_is_away_takes_nothing() {
    // Taken, but listened on by nobody.
    let port = TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut syslog = over_tcp(port.local_addr().unwrap());
    let sent = syslog.send(&records()).await;
    assert!(matches!(sent.failure.unwrap().trouble, Trouble::Outbound(_)));
    let away = Destination::Socket("/nowhere/log".into(), Duration::from_secs(5));
    let sent = Syslog::new(away, dialect()).send(&records()).await;
    assert!(matches!(sent.failure.unwrap().trouble, Trouble::Connection(_)));
}
