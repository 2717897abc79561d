//! Who is behind a proxy.

use keyward_server::{Limits, Network};

use crate::client::TestServer;
use crate::requests::{call, head};

fn loopback() -> Vec<Network> {
    vec!["127.0.0.0/8".parse().unwrap()]
}

async fn source_ip(server: &TestServer, request: impl AsRef<[u8]>) -> String {
    assert_eq!(server.connect().await.ask(request).await.status, 200);
    server.backend.calls().pop().unwrap().client.source_ip.to_string()
}

fn forwarded_for(addresses: &str) -> String {
    head("Echo", b"{}", &format!("x-forwarded-for: {addresses}\r\ncontent-length: 2\r\n")) + "{}"
}

#[tokio::test]
async fn forwarded_addresses_count_only_from_trusted_proxies() {
    let server = TestServer::start().await;
    assert_eq!(source_ip(&server, forwarded_for("198.51.100.7")).await, "127.0.0.1");
    let trusting = TestServer::start_with(
        Limits::default(),
        |listener| listener,
        |builder| builder.trusted_proxies(loopback()),
    )
    .await;
    let forwarded = forwarded_for("1.1.1.1, 198.51.100.7, 127.0.0.9");
    assert_eq!(source_ip(&trusting, forwarded).await, "198.51.100.7");
    assert_eq!(source_ip(&trusting, call("Echo", b"{}")).await, "127.0.0.1");
}

#[tokio::test]
async fn a_proxy_header_names_the_source() {
    let server = TestServer::start_with(
        Limits::default(),
        keyward_server::Listener::with_proxy_protocol,
        |builder| builder.trusted_proxies(loopback()),
    )
    .await;
    let v1 = b"PROXY TCP4 198.51.100.7 127.0.0.1 4711 443\r\n".as_slice();
    let request = [v1, &call("Echo", b"{}")].concat();
    assert_eq!(source_ip(&server, request).await, "198.51.100.7");
    let v2 =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc6\x33\x64\x08\x7f\x00\x00\x01\x12\x34\x01\xbb";
    let request = [v2.as_slice(), &call("Echo", b"{}")].concat();
    assert_eq!(source_ip(&server, request).await, "198.51.100.8");
    // A header from someone behind the proxy is not believed.
    let request = [v1, forwarded_for("1.1.1.1").as_bytes()].concat();
    assert_eq!(source_ip(&server, request).await, "198.51.100.7");
    assert!({
        let mut bare = server.connect().await;
        bare.send(call("Echo", b"{}")).await;
        bare.is_closed().await
    });
}

#[tokio::test]
async fn a_proxy_header_is_the_last_word() {
    let server = TestServer::start_with(
        Limits::default(),
        keyward_server::Listener::with_proxy_protocol,
        |builder| builder.trusted_proxies(loopback()),
    )
    .await;
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00".as_slice();
    for (header, expected) in [
        // Named, and itself among the trusted.
        (b"PROXY TCP4 127.0.0.9 127.0.0.1 4711 443\r\n".as_slice(), "127.0.0.9"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (local, "127.0.0.1"),
    ] {
        let request = [header, forwarded_for("198.51.100.7").as_bytes()].concat();
        assert_eq!(source_ip(&server, request).await, expected);
    }
}

#[tokio::test]
async fn a_listener_for_proxies_refuses_everyone_else() {
    let server = TestServer::start_with(
        Limits::default(),
        keyward_server::Listener::with_proxy_protocol,
        |builder| builder,
    )
    .await;
    let mut client = server.connect().await;
    let v1 = b"PROXY TCP4 198.51.100.7 127.0.0.1 4711 443\r\n".as_slice();
    client.send([v1, &call("Echo", b"{}")].concat()).await;
    assert!(client.is_closed().await);
    assert!(server.backend.calls().is_empty());
}
