//! Connections to addresses the operator allowed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::http1::{Body, Connection};
use crate::{AddressRule, Endpoint, Url};

/// How many addresses of a host are tried.
const ADDRESSES_MAX: usize = 4;

/// Why somebody was not asked, or gave no good answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The operator has not allowed to go there.
    #[error("{0} is not an address the operator allowed")]
    NotAllowed(Endpoint),
    /// The answer is not a document of bounded length.
    #[error("{0} answered with something else than a document of bounded length")]
    Answer(Endpoint),
    /// Nobody answered in time.
    #[error("{0} did not answer in time")]
    Silent(Endpoint),
    /// The connection failed.
    #[error("the connection to {0} failed")]
    Connection(Endpoint, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A connection, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// The client: where it may go, whom it believes, how long anything may take.
pub struct Client {
    rule: AddressRule,
    tls: Arc<ClientConfig>,
    deadline: Duration,
}

impl Client {
    /// A client that has not gone anywhere.
    pub const fn new(rule: AddressRule, tls: Arc<ClientConfig>, deadline: Duration) -> Self {
        Self { rule, tls, deadline }
    }

    /// How long connecting, or one exchange with connecting, may take.
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The document at a URL, in JSON.
    pub async fn get(&self, url: &Url, bytes_max: usize) -> Result<Bytes, OutboundError> {
        let exchange = async {
            let mut connection = Connection::over(self.open(&url.endpoint).await?, url).await?;
            let mut headers = HeaderMap::new();
            headers.insert(http::header::ACCEPT, crate::http1::JSON);
            connection.exchange(Method::GET, url, &headers, Bytes::new(), bytes_max).await
        };
        let answer = self.in_time(&url.endpoint, exchange).await?;
        // A redirect leads where nobody has looked.
        match answer.body {
            Body::Whole(body) if answer.status == StatusCode::OK => Ok(body),
            Body::Whole(_) | Body::CutShort => Err(OutboundError::Answer(url.endpoint.clone())),
        }
    }

    /// A connection to an endpoint; with TLS if the endpoint has it.
    pub async fn connect(&self, to: &Endpoint) -> Result<Box<dyn Stream>, OutboundError> {
        self.in_time(to, self.open(to)).await
    }

    pub(crate) async fn in_time<T>(
        &self,
        to: &Endpoint,
        work: impl Future<Output = Result<T, OutboundError>>,
    ) -> Result<T, OutboundError> {
        match timeout(self.deadline, work).await {
            Ok(done) => done,
            Err(_elapsed) => Err(OutboundError::Silent(to.clone())),
        }
    }

    pub(crate) async fn open(&self, to: &Endpoint) -> Result<Box<dyn Stream>, OutboundError> {
        if !self.rule.allows(to) {
            return Err(OutboundError::NotAllowed(to.clone()));
        }
        let stream = self.dial(to).await?;
        if !to.is_tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(to.host.clone()).map_err(failed(to))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        Ok(Box::new(connector.connect(name, stream).await.map_err(failed(to))?))
    }

    /// Connects to an allowed address of the host. The name is looked up once: what was checked is
    /// what is connected to.
    async fn dial(&self, to: &Endpoint) -> Result<TcpStream, OutboundError> {
        let found: Vec<IpAddr> = if let Some(address) = to.address() {
            vec![address]
        } else {
            let found = lookup_host((to.host.as_str(), to.port)).await;
            found.map_err(failed(to))?.map(|found| found.ip()).collect()
        };
        let allowed = found.into_iter().filter(|found| self.rule.allows_address(to, *found));
        let mut refusal = OutboundError::NotAllowed(to.clone());
        for address in allowed.take(ADDRESSES_MAX) {
            match TcpStream::connect(SocketAddr::new(address, to.port)).await {
                Ok(stream) => return Ok(stream),
                Err(error) => refusal = failed(to)(error),
            }
        }
        Err(refusal)
    }
}

pub(crate) fn failed<E>(to: &Endpoint) -> impl Fn(E) -> OutboundError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |error| OutboundError::Connection(to.clone(), error.into())
}
