//! The one outbound client: a single GET to an address the operator allowed, pinned for the request,
//! without redirects, with a bounded answer and a deadline.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::{AddressRule, Url};

/// How many addresses of a host are tried.
const ADDRESSES_MAX: usize = 4;

/// Why a document was not fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The operator has not allowed to go there.
    #[error("{0} is not an address the operator allowed")]
    NotAllowed(String),
    /// The answer is not a document of bounded length.
    #[error("{0} answered with something else than a document of bounded length")]
    Answer(String),
    /// Nobody answered in time.
    #[error("{0} did not answer in time")]
    Silent(String),
    /// The connection failed.
    #[error("the connection to {0} failed")]
    Connection(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The client.
pub(crate) struct Fetcher {
    pub(crate) rule: AddressRule,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) deadline: Duration,
}

impl Fetcher {
    /// The document at a URL.
    pub(crate) async fn get(&self, url: &Url, bytes_max: usize) -> Result<Bytes, FetchError> {
        if !self.rule.allows_url(url) {
            return Err(FetchError::NotAllowed(url.to_string()));
        }
        match timeout(self.deadline, self.exchange(url, bytes_max)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(FetchError::Silent(url.to_string())),
        }
    }

    async fn exchange(&self, url: &Url, bytes_max: usize) -> Result<Bytes, FetchError> {
        let stream = self.connect(url).await?;
        if !url.is_https {
            return request(stream, url, bytes_max).await;
        }
        let name = ServerName::try_from(url.host.clone()).map_err(failed(url))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(failed(url))?;
        request(stream, url, bytes_max).await
    }

    /// Connects to an allowed address of the host. The name is looked up once: what was checked is
    /// what is connected to.
    async fn connect(&self, url: &Url) -> Result<TcpStream, FetchError> {
        let found: Vec<IpAddr> = if let Some(address) = url.address() {
            vec![address]
        } else {
            let found = lookup_host((url.host.as_str(), url.port)).await;
            found.map_err(failed(url))?.map(|found| found.ip()).collect()
        };
        let allowed = found.into_iter().filter(|found| self.rule.allows_address(url, *found));
        let mut refusal = FetchError::NotAllowed(url.to_string());
        for address in allowed.take(ADDRESSES_MAX) {
            match TcpStream::connect(SocketAddr::new(address, url.port)).await {
                Ok(stream) => return Ok(stream),
                Err(error) => refusal = failed(url)(error),
            }
        }
        Err(refusal)
    }
}

async fn request<S>(stream: S, url: &Url, bytes_max: usize) -> Result<Bytes, FetchError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(failed(url))?;
    let request = Request::get(url.path.as_str())
        .header(HOST, url.authority())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, "keyward")
        .body(Empty::<Bytes>::new())
        .map_err(failed(url))?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(failed(url))?;
        // A redirect leads where nobody has looked.
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Answer(url.to_string()));
        }
        let body = Limited::new(answer.into_body(), bytes_max).collect().await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|_| FetchError::Answer(url.to_string()))
    };
    // The connection is driven here and goes with the answer: nothing of it is left behind.
    tokio::pin!(connection, answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(failed(url)(error)),
        },
    }
}

fn failed<E>(url: &Url) -> impl Fn(E) -> FetchError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |error| FetchError::Connection(url.to_string(), error.into())
}
