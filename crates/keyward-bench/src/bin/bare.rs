//! The baseline of the end-to-end benchmark: what hyper alone can do with the same connections.
//!
//! Reads a body and answers 400 bytes of JSON. No routing, no signature, no audit record.
//!
//!     cargo run --release -p keyward-bench --bin bare -- 127.0.0.1:8099

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

const REPLY_BYTES: usize = 400;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind(address).await?;
    let reply = Bytes::from(format!(r#"{{"Plaintext":"{}"}}"#, "a".repeat(REPLY_BYTES - 16)));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let reply = reply.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let reply = reply.clone();
                async move {
                    let read = request.into_body().collect().await;
                    let reply = if read.is_ok() { reply } else { Bytes::new() };
                    Ok::<_, Infallible>(Response::new(Full::new(reply)))
                }
            });
            let mut http = auto::Builder::new(TokioExecutor::new());
            http.http1().max_buf_size(64 << 10).header_read_timeout(None);
            http.http2().max_header_list_size(64 << 10).max_concurrent_streams(100);
            drop(http.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
