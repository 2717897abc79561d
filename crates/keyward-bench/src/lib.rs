//! What the servers that the program is compared with have in common: hyper, set as the program
//! sets it, and nothing else.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use keyward_model::{KeySpec, SigningAlgorithm};
use tokio::net::{TcpListener, TcpStream};

/// Answers every request at `address` with what `answer` makes of its head and body; with
/// status 400 if that is nothing.
pub async fn serve(
    address: SocketAddr,
    answer: impl Fn(&Parts, &[u8]) -> Option<Bytes> + Send + Sync + 'static,
) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let answer = Arc::new(answer);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, Arc::clone(&answer)));
    }
}

async fn connection(
    stream: TcpStream,
    answer: Arc<impl Fn(&Parts, &[u8]) -> Option<Bytes> + Send + Sync + 'static>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = Arc::clone(&answer);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
            let answered = answer(&head, &body);
            let is_refused = answered.is_none();
            let mut response = Response::new(Full::new(answered.unwrap_or_default()));
            if is_refused {
                *response.status_mut() = StatusCode::BAD_REQUEST;
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().max_buf_size(64 << 10).header_read_timeout(None);
    http.http2().max_header_list_size(64 << 10).max_concurrent_streams(100);
    drop(http.serve_connection(TokioIo::new(stream), service).await);
}

/// What is measured of Sign and Verify.
pub const SIGNATURES: [(KeySpec, SigningAlgorithm); 3] = [
    (KeySpec::Rsa2048, SigningAlgorithm::RsassaPssSha256),
    (KeySpec::Rsa2048, SigningAlgorithm::RsassaPkcs1V15Sha256),
    (KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256),
];

/// How a request names the work of the server that does nothing else.
pub fn target(work: &str) -> String {
    format!("Ceiling.{work}")
}
