//! TLS: what is negotiated, what the audit record is told, and replacing certificates.

use std::sync::Arc;
use std::time::Duration;

use keyward_server::{CertificateSource, Certificates, Limits, TlsError};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Client, TestServer};
use crate::http2;
use crate::requests::call;

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["kms.test".to_owned()]).unwrap()
}

fn load(certificate: &CertifiedKey<KeyPair>) -> Arc<Certificates> {
    let (chain, key) = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
    load_pem(&chain, &key).unwrap()
}

/// From files that are gone afterwards.
fn load_pem(chain_pem: &str, key_pem: &str) -> Result<Arc<Certificates>, TlsError> {
    let directory = tempfile::tempdir().unwrap();
    let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    std::fs::write(&chain, chain_pem).unwrap();
    std::fs::write(&key, key_pem).unwrap();
    Certificates::load(CertificateSource::Files { chain, key })
}

async fn start(certificates: &Arc<Certificates>) -> TestServer {
    let with_tls = |listener: keyward_server::Listener| listener.with_tls(certificates);
    TestServer::start_with(Limits::default(), with_tls, |builder| builder).await
}

/// A client that trusts one certificate and offers one protocol.
async fn connect(
    server: &TestServer,
    trusted: &CertifiedKey<KeyPair>,
    version: &'static SupportedProtocolVersion,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    handshake(stream, trusted, version, protocol).await
}

async fn handshake(
    stream: TcpStream,
    trusted: &CertifiedKey<KeyPair>,
    version: &'static SupportedProtocolVersion,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("kms.test").unwrap();
    TlsConnector::from(config(trusted, version, protocol)).connect(name, stream).await
}

fn config(
    trusted: &CertifiedKey<KeyPair>,
    version: &'static SupportedProtocolVersion,
    protocol: &str,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.into()];
    Arc::new(config)
}

#[tokio::test]
async fn http2_over_tls_1_3_agrees_on_a_post_quantum_key() {
    let certificate = certificate();
    let server = start(&load(&certificate)).await;
    let stream = connect(&server, &certificate, &TLS13, "h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let mut sender = http2::connect(stream).await;
    let answer = http2::ask(&mut sender, http2::request("Echo", "{}")).await;
    assert_eq!(answer, (200, "{}".to_owned()));
    let tls = server.backend.calls().pop().unwrap().client.tls.unwrap();
    assert_eq!(tls.version, "TLSv1.3");
    assert_eq!(tls.cipher_suite, "TLS_AES_256_GCM_SHA384");
    assert_eq!(tls.key_exchange, Some("X25519MLKEM768"));
}

#[tokio::test]
async fn http1_over_tls_1_2_is_served_too() {
    let certificate = certificate();
    let server = start(&load(&certificate)).await;
    let stream = connect(&server, &certificate, &TLS12, "http/1.1").await.unwrap();
    let answer = Client::new(stream).ask(call("Echo", b"{}")).await;
    assert_eq!(answer.status, 200);
    let tls = server.backend.calls().pop().unwrap().client.tls.unwrap();
    assert_eq!(tls.version, "TLSv1.2");
    assert_eq!(tls.cipher_suite, "ECDHE-ECDSA-AES256-GCM-SHA384");
    assert_eq!(tls.key_exchange, Some("x25519"));
}

#[tokio::test]
async fn a_resumed_tls_1_2_session_names_no_key_exchange() {
    let certificate = certificate();
    let server = start(&load(&certificate)).await;
    let connector = TlsConnector::from(config(&certificate, &TLS12, "http/1.1"));
    for (kind, key_exchange) in
        [(HandshakeKind::Full, Some("x25519")), (HandshakeKind::Resumed, None)]
    {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("kms.test").unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind));
        assert_eq!(Client::new(stream).ask(call("Echo", b"{}")).await.status, 200);
        let tls = server.backend.calls().pop().unwrap().client.tls.unwrap();
        assert_eq!(tls.key_exchange, key_exchange);
    }
}

#[tokio::test]
async fn a_proxy_header_comes_before_tls() {
    let certificate = certificate();
    let certificates = load(&certificate);
    let server = TestServer::start_with(
        Limits::default(),
        |listener| listener.with_tls(&certificates).with_proxy_protocol(),
        |builder| builder.trusted_proxies(vec!["127.0.0.1".parse().unwrap()]),
    )
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PROXY TCP4 198.51.100.7 127.0.0.1 4711 443\r\n").await.unwrap();
    let stream = handshake(stream, &certificate, &TLS13, "http/1.1").await.unwrap();
    assert_eq!(Client::new(stream).ask(call("Echo", b"{}")).await.status, 200);
    let client = server.backend.calls().pop().unwrap().client;
    assert_eq!(client.source_ip.to_string(), "198.51.100.7");
    assert!(client.tls.is_some());
}

#[tokio::test]
async fn a_handshake_that_stalls_is_hung_up_on() {
    let certificates = load(&certificate());
    let limits = Limits { handshake_timeout: Duration::from_millis(50), ..Limits::default() };
    let with_tls = |listener: keyward_server::Listener| listener.with_tls(&certificates);
    let server = TestServer::start_with(limits, with_tls, |builder| builder).await;
    let mut client = server.connect().await;
    client.send(b"\x16\x03\x01").await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_certificate_is_replaced_while_connections_go_on() {
    let (old, new) = (certificate(), certificate());
    let directory = tempfile::tempdir().unwrap();
    let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    let write = |certificate: &CertifiedKey<KeyPair>| {
        std::fs::write(&chain, certificate.cert.pem()).unwrap();
        std::fs::write(&key, certificate.signing_key.serialize_pem()).unwrap();
    };
    write(&old);
    let files = CertificateSource::Files { chain: chain.clone(), key: key.clone() };
    let certificates = Certificates::load(files).unwrap();
    let server = start(&certificates).await;
    let mut open = Client::new(connect(&server, &old, &TLS13, "http/1.1").await.unwrap());

    write(&new);
    certificates.reload().unwrap();

    assert!(connect(&server, &old, &TLS13, "http/1.1").await.is_err());
    assert!(connect(&server, &new, &TLS13, "http/1.1").await.is_ok());
    assert_eq!(open.ask(call("Echo", b"{}")).await.status, 200);

    std::fs::write(&key, "not a key").unwrap();
    assert!(matches!(certificates.reload(), Err(TlsError::NoPrivateKey)));
    assert!(connect(&server, &new, &TLS13, "http/1.1").await.is_ok());
}

#[test]
fn what_is_no_certificate_with_its_key_is_refused() {
    let (one, other) = (certificate(), certificate());
    let load = |chain: &str, key: &str| load_pem(chain, key).err().unwrap();
    let (chain, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    assert!(matches!(load("", &key), TlsError::NoCertificate));
    assert!(matches!(load("nonsense", &key), TlsError::NoCertificate));
    assert!(matches!(load(&chain, ""), TlsError::NoPrivateKey));
    assert!(matches!(load(&chain, &chain), TlsError::NoPrivateKey));
    let other_key = other.signing_key.serialize_pem();
    assert!(matches!(load(&chain, &other_key), TlsError::Mismatch(_)));
    let files = CertificateSource::Files { chain: "/nonexistent".into(), key: "/".into() };
    assert!(matches!(Certificates::load(files), Err(TlsError::Unreadable { .. })));
}
