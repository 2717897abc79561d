//! The server: what it is made of, and how it is run.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use keyward_engine::Engine;

use crate::call::Calls;
use crate::connection::Answers;
use crate::listener::{self, Listener};
use crate::peer::Connection;
use crate::route::Routes;
use crate::{Backend, Limits, Network, Peer, Readiness, Service};

/// Why a server that is being stopped is not ready.
const STOPPING: &str = "stopping";

/// What a server is made of.
pub struct Builder<B> {
    backend: Arc<B>,
    routes: Routes,
    limits: Limits,
    trusted_proxies: Vec<Network>,
    readiness: Readiness,
}

impl<B: Backend> Builder<B> {
    /// Bounds other than the default ones.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The proxies whose `X-Forwarded-For` and PROXY protocol are believed. None by default.
    #[must_use]
    pub fn trusted_proxies(self, trusted_proxies: Vec<Network>) -> Self {
        Self { trusted_proxies, ..self }
    }

    /// What `/health/ready` answers from.
    #[must_use]
    pub fn readiness(self, readiness: Readiness) -> Self {
        Self { readiness, ..self }
    }

    /// The server. A metrics recorder has to be installed before.
    pub fn build(self) -> Server<B> {
        let Self { backend, routes, limits, trusted_proxies, readiness } = self;
        let proxies = trusted_proxies.clone();
        let calls = Arc::new(Calls::new(backend, routes, &limits, proxies, readiness.clone()));
        Server { calls, limits, trusted_proxies, readiness }
    }
}

/// A server over one engine, with a list of services.
pub struct Server<B = Engine> {
    calls: Arc<Calls<B>>,
    limits: Limits,
    trusted_proxies: Vec<Network>,
    readiness: Readiness,
}

impl<B: Backend> Server<B> {
    /// Begins a server.
    pub fn builder(backend: Arc<B>, services: &[Service]) -> Builder<B> {
        Builder {
            backend,
            routes: Routes::new(services),
            limits: Limits::default(),
            trusted_proxies: Vec::new(),
            readiness: Readiness::new(),
        }
    }

    /// Answers one request without a connection, through the same code as any other.
    pub async fn handle(&self, request: Request<Bytes>, peer: &Peer) -> Response<Bytes> {
        let connection = Connection::new(*peer, &self.limits);
        self.calls.answer(request.map(Full::new), &connection).await
    }

    /// Accepts and answers until `shutdown` is done; then finishes what was accepted, for as long
    /// as the grace period lasts.
    pub async fn serve(&self, listeners: Vec<Listener>, shutdown: impl Future<Output = ()>) {
        let stopping = async {
            shutdown.await;
            self.readiness.block(STOPPING);
        };
        let calls = Arc::clone(&self.calls);
        listener::serve(listeners, calls, self.limits, self.trusted_proxies.clone(), stopping)
            .await;
    }
}

impl<B: Backend> Answers for Calls<B> {
    async fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> Result<Response<Bytes>, Infallible> {
        Ok(Self::answer(self, request, connection).await)
    }

    async fn ended(&self) {
        Self::ended(self).await;
    }
}
