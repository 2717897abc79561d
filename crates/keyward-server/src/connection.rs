//! One connection: who is at its other end, TLS, and HTTP until it ends.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::Peer;
use crate::listener::{Host, Phase};
use crate::peer::Connection;
use crate::proxy_protocol::read_header;
use crate::tls;
use crate::watchdog::{Activity, Watchdog};

/// What answers the requests of a connection.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> impl Future<Output = Result<Response<Bytes>, Infallible>> + Send;

    /// Waits for what was begun on connections that are gone, if that is finished at all.
    fn ended(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What a listener expects at the start of its connections.
#[derive(Clone)]
pub(crate) struct Prelude {
    pub(crate) proxy_protocol: bool,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<A: Answers>(
    stream: TcpStream,
    address: SocketAddr,
    prelude: &Prelude,
    host: &Host<A>,
) {
    // Answers are written whole, so waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(error = %error, "TCP_NODELAY was refused");
    }
    let mut phase = host.phase.clone();
    let opened = tokio::select! {
        opened = timeout(host.limits.handshake_timeout, open(stream, address, prelude, host)) => opened,
        // Nothing was asked yet, so nothing is lost.
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
    };
    match opened {
        Ok(Ok(Opened::Plain(stream, peer))) => drive(stream, peer, host).await,
        Ok(Ok(Opened::Tls(stream, peer))) => drive(*stream, peer, host).await,
        Ok(Err(error)) => debug!(source.ip = %address.ip(), error = %error, "a handshake failed"),
        Err(_late) => debug!(source.ip = %address.ip(), "a handshake took too long"),
    }
}

enum Opened {
    Plain(TcpStream, Peer),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>, Peer),
}

async fn open<A>(
    mut stream: TcpStream,
    address: SocketAddr,
    prelude: &Prelude,
    host: &Host<A>,
) -> io::Result<Opened> {
    let mut source = address.ip();
    if prelude.proxy_protocol {
        // Who may not speak for others may not speak here: without a header nothing is understood.
        if !host.proxies.contains(source) {
            return Err(io::Error::other("the peer is not a trusted proxy"));
        }
        let header = read_header(&mut stream).await.map_err(io::Error::other)?;
        source = header.unwrap_or(source);
    }
    let peer = |tls| {
        let peer = Peer::new(source, tls);
        if prelude.proxy_protocol { peer.named_by_proxy() } else { peer }
    };
    let Some(acceptor) = &prelude.tls else {
        return Ok(Opened::Plain(stream, peer(None)));
    };
    let stream = acceptor.accept(stream).await?;
    let peer = peer(tls::describe(stream.get_ref().1));
    Ok(Opened::Tls(Box::new(stream), peer))
}

/// What the requests of one connection share.
struct Session<A> {
    answers: Arc<A>,
    connection: Connection,
    activity: Arc<Activity>,
}

async fn drive<A: Answers>(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    host: &Host<A>,
) {
    let activity = Arc::new(Activity::default());
    let session = Arc::new(Session {
        answers: Arc::clone(&host.answers),
        connection: Connection::new(peer, &host.limits),
        activity: Arc::clone(&activity),
    });
    let service = service_fn(move |request: Request<Incoming>| {
        let session = Arc::clone(&session);
        async move {
            let _request = session.activity.begin(request.version() == Version::HTTP_2);
            session.answers.answer(request, &session.connection).await.map(|r| r.map(Full::new))
        }
    });
    let io = TokioIo::new(Watched { io, activity: Arc::clone(&activity) });
    let mut connection = pin!(host.http.serve_connection(io, service));
    let mut watchdog = Watchdog::new(&host.limits);
    let mut phase = host.phase.clone();
    let period = Watchdog::period(&host.limits);
    let mut look = pin!(sleep(period));
    let mut is_given_up = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(error = %error, "a connection ended badly");
                }
                return;
            }
            () = look.as_mut() => {
                if is_given_up {
                    return;
                }
                // First politely, at the next look by hanging up.
                is_given_up = watchdog.has_stalled(&activity);
                if is_given_up {
                    connection.as_mut().graceful_shutdown();
                }
                look.as_mut().reset(Instant::now() + period);
            }
            changed = phase.changed() => {
                let now = *phase.borrow_and_update();
                match now {
                    Phase::Serving if changed.is_ok() => {}
                    Phase::Draining if changed.is_ok() => connection.as_mut().graceful_shutdown(),
                    Phase::Serving | Phase::Draining | Phase::Closing => return,
                }
            }
        }
    }
}

/// Counts the reads of a connection.
struct Watched<I> {
    io: I,
    activity: Arc<Activity>,
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buffer.filled().len();
        let poll = Pin::new(&mut this.io).poll_read(cx, buffer);
        if buffer.filled().len() > filled {
            this.activity.read();
        }
        poll
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
