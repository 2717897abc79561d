//! Where connections are accepted, how many there may be, and how they are ended.
//!
//! Does not know what the bytes mean, nor which addresses are wise to listen on.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use metrics::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::connection::{self, Answers, Prelude};
use crate::forwarded::TrustedProxies;
use crate::{Certificates, Limits, Network};

/// How long accepting rests after it failed, at first and at most. Out of file descriptors is the
/// usual reason, and trying again at once would only burn the processor.
const REST_MIN: Duration = Duration::from_millis(10);
const REST_MAX: Duration = Duration::from_secs(1);

/// HTTP/2 flow control: what one stream and one connection may have on the way unread.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;

/// An address that connections are accepted on, and what they begin with.
pub struct Listener {
    socket: TcpListener,
    prelude: Prelude,
}

impl Listener {
    /// Listens on an address, without TLS.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(address).await?))
    }

    /// Takes over a socket that listens already.
    pub const fn new(socket: TcpListener) -> Self {
        Self { socket, prelude: Prelude { proxy_protocol: false, tls: None } }
    }

    /// With TLS.
    #[must_use]
    pub fn with_tls(mut self, certificates: &Arc<Certificates>) -> Self {
        self.prelude.tls = Some(certificates.acceptor());
        self
    }

    /// With a PROXY protocol header before anything else. Only trusted proxies can connect then.
    #[must_use]
    pub const fn with_proxy_protocol(mut self) -> Self {
        self.prelude.proxy_protocol = true;
        self
    }

    /// The address, with the port that was chosen.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// How far the server is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It accepts.
    Serving,
    /// It finishes what it accepted.
    Draining,
    /// It hangs up.
    Closing,
}

/// What the connections of all listeners share.
pub(crate) struct Host<A> {
    pub(crate) answers: Arc<A>,
    pub(crate) http: auto::Builder<TokioExecutor>,
    pub(crate) limits: Limits,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) proxies: TrustedProxies,
    connections: Arc<Semaphore>,
    connections_gauge: Gauge,
}

/// Accepts on all listeners until `shutdown` is done, then drains and closes.
pub(crate) async fn serve<A: Answers>(
    listeners: Vec<Listener>,
    answers: Arc<A>,
    limits: Limits,
    proxies: Vec<Network>,
    shutdown: impl Future<Output = ()>,
) {
    let (phase_sender, phase) = watch::channel(Phase::Serving);
    let connections_max = limits.connections_max.max(1);
    let connections = Arc::new(Semaphore::new(usize::try_from(connections_max).unwrap_or(1)));
    let host = Arc::new(Host {
        answers,
        http: http(&limits),
        limits,
        phase,
        proxies: TrustedProxies::new(proxies),
        connections: Arc::clone(&connections),
        connections_gauge: crate::metrics::connections(),
    });
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept_all(listener, Arc::clone(&host)));
    }
    shutdown.await;
    phase_sender.send_replace(Phase::Draining);
    while accepting.join_next().await.is_some() {}
    info!("no more connections are accepted; finishing requests");
    // Every connection holds a permit, so having them all means that none is left.
    let finished = async {
        let _all = connections.acquire_many(connections_max).await;
        host.answers.ended().await;
    };
    let drained = timeout(limits.grace, finished).await;
    phase_sender.send_replace(Phase::Closing);
    if drained.is_err() {
        warn!("what was not finished after the grace period is ended");
        let _all = connections.acquire_many(connections_max).await;
    }
}

fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .max_buf_size(usize::try_from(limits.head_bytes_max).unwrap_or(usize::MAX).max(8 << 10))
        // The watchdog's: hyper's would also end connections that rest between two requests.
        .header_read_timeout(None)
        // libmongocrypt finds `Content-Length` and no other spelling of it.
        .title_case_headers(true)
        .auto_date_header(false);
    builder
        .http2()
        .max_header_list_size(limits.head_bytes_max)
        .max_concurrent_streams(limits.streams_max)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .auto_date_header(false);
    builder
}

async fn accept_all<A: Answers>(listener: Listener, host: Arc<Host<A>>) {
    let Listener { socket, prelude } = listener;
    let prelude = Arc::new(prelude);
    let mut phase = host.phase.clone();
    let mut stopped = pin!(phase.wait_for(|phase| *phase != Phase::Serving));
    let mut rest = REST_MIN;
    loop {
        let accepted = tokio::select! {
            accepted = accept(&socket, &host.connections) => accepted,
            _ = stopped.as_mut() => return,
        };
        let (permit, stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_the_peers(&error) => continue,
            Err(error) => {
                warn!(error = %error, "a connection could not be accepted");
                sleep(rest).await;
                rest = rest.saturating_mul(2).min(REST_MAX);
                continue;
            }
        };
        rest = REST_MIN;
        let (host, prelude) = (Arc::clone(&host), Arc::clone(&prelude));
        tokio::spawn(async move {
            host.connections_gauge.increment(1);
            connection::serve(stream, address, &prelude, &host).await;
            host.connections_gauge.decrement(1);
            drop(permit);
        });
    }
}

async fn accept(
    socket: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(tokio::sync::OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    // First room, then the connection: what does not fit waits in the operating system's queue.
    let permit = Arc::clone(connections).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = socket.accept().await?;
    Ok((permit, stream, address))
}

/// A connection that its peer gave up before it was accepted; the next one may be fine.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
