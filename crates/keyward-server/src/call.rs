//! One call: from a request to its response.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, Version, request};
use hyper::body::Body;
use keyward_engine::{Call, Client, Reply};
use keyward_model::{RequestId, new_uuid};
use keyward_sigv4::RequestParts;
use metrics::Gauge;
use tracing::{debug, error};

use crate::authenticate::{Authenticator, Unauthenticated};
use crate::aws_json::{self, Refused};
use crate::body::{BodyBudget, Origin};
use crate::failures::{Failures, RefusedRequest};
use crate::forwarded::TrustedProxies;
use crate::health::{self, Readiness};
use crate::metrics::{count_unrouted, requests_in_flight};
use crate::panics::caught;
use crate::peer::Connection;
use crate::response::ResponseHeaders;
use crate::route::{Route, Routes};
use crate::{Backend, Limits, Network, Peer};

/// What all calls share.
pub(crate) struct Calls<B> {
    backend: Arc<B>,
    routes: Routes,
    authenticator: Authenticator,
    bodies: BodyBudget,
    proxies: TrustedProxies,
    readiness: Readiness,
    response_headers: ResponseHeaders,
    in_flight: InFlight,
    failures: Failures,
}

impl<B: Backend> Calls<B> {
    pub(crate) fn new(
        backend: Arc<B>,
        routes: Routes,
        limits: &Limits,
        proxies: Vec<Network>,
        readiness: Readiness,
    ) -> Self {
        let response_headers = ResponseHeaders::new(backend.clock().now());
        Self {
            backend,
            routes,
            authenticator: Authenticator::new(limits),
            bodies: BodyBudget::new(limits),
            proxies: TrustedProxies::new(proxies),
            readiness,
            response_headers,
            in_flight: InFlight::new(limits.requests_max),
            failures: Failures::default(),
        }
    }

    /// Answers any request there can be.
    pub(crate) async fn answer<D>(
        &self,
        request: Request<D>,
        connection: &Connection,
    ) -> Response<Bytes>
    where
        D: Body<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        let request_id = new_uuid(self.backend.rng());
        if let Some((status, text)) = health::answer(&head, &self.readiness) {
            let plain = Some(HeaderValue::from_static("text/plain; charset=utf-8"));
            let now = self.backend.clock().now();
            return self.response_headers.response(now, &request_id, status, plain, text.into());
        }
        let outcome = match aws_json::find_route(&head, !body.is_end_stream(), &self.routes) {
            Ok(route) => self.measured(route, &head, body, connection, &request_id).await,
            Err(refused) => {
                count_unrouted(refused.name);
                Err(refused)
            }
        };
        self.respond(&head, &request_id, outcome)
    }

    fn respond(
        &self,
        head: &request::Parts,
        request_id: &RequestId,
        outcome: Result<Reply, Refused>,
    ) -> Response<Bytes> {
        let closes = outcome.as_ref().is_err_and(|refused| refused.closes);
        let (status, content_type, body) = aws_json::encode(outcome);
        let now = self.backend.clock().now();
        let mut response =
            self.response_headers.response(now, request_id, status, content_type, body);
        // HTTP/2 has no such header; there a stream ends without its connection.
        if closes && head.version < Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn measured<D>(
        &self,
        route: &Route,
        head: &request::Parts,
        body: D,
        connection: &Connection,
        request_id: &RequestId,
    ) -> Result<Reply, Refused>
    where
        D: Body<Data = Bytes> + Unpin,
    {
        let started = self.backend.clock().monotonic();
        let outcome = caught(self.run(route, head, body, connection, request_id))
            .await
            .unwrap_or_else(|_panicked| {
                error!(request.id = %request_id, operation = route.entry.name, "a call panicked");
                Err(Refused::internal_failure())
            });
        let took = self.backend.clock().monotonic().saturating_sub(started);
        match &outcome {
            Ok(_) => route.metrics.succeeded(took),
            Err(refused) => route.metrics.refused(route.entry.name, refused.name, took),
        }
        outcome
    }

    /// The order of these steps decides which error a request that is wrong twice is told.
    async fn run<D>(
        &self,
        route: &Route,
        head: &request::Parts,
        body: D,
        connection: &Connection,
        request_id: &RequestId,
    ) -> Result<Reply, Refused>
    where
        D: Body<Data = Bytes> + Unpin,
    {
        let body_bytes_max = route.entry.body_bytes_max;
        if usize::try_from(body.size_hint().lower()).map_or(true, |bytes| bytes > body_bytes_max) {
            return Err(Refused::entity_too_large());
        }
        let peer = &connection.peer;
        let source_ip = self.proxies.source(peer, &head.headers);
        let refused = |unauthenticated: Unauthenticated| {
            let request = RefusedRequest { request_id, operation: route.entry.name, source_ip };
            let now = self.backend.clock().monotonic();
            self.failures.report(&unauthenticated, request, now);
            Refused::from(unauthenticated)
        };
        let headers = header_list(head);
        let parts = RequestParts {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
        };
        let backend = &*self.backend;
        let presented = self
            .authenticator
            .present(backend, route.signing_name, &parts)
            .map_err(|refusal| refused(refusal.into()))?;
        let origin = Origin { address: source_ip, slow_bodies: &connection.slow_bodies };
        let received = self.bodies.read(body, body_bytes_max, origin).await?;
        let credential = self
            .authenticator
            .verify(backend, &presented, received.bytes())
            .await
            .inspect_err(|unauthenticated| {
                if unauthenticated.is_signature_mismatch() {
                    let string_to_sign = presented.string_to_sign(received.bytes());
                    debug!(request.id = %request_id, string_to_sign, "a signature is not over this");
                }
            })
            .map_err(refused)?;
        // Only now: while strangers are waited for, they must not keep out who is known.
        let _running = self.in_flight.enter().ok_or(Refused::service_unavailable())?;
        let body = received.into_bytes();
        let region = backend.region(presented.region()).ok_or(Refused::internal_failure())?;
        let call = Call {
            caller: Arc::clone(&credential.caller),
            request_id: *request_id,
            region: region.clone(),
            client: client(head, peer, source_ip),
        };
        Ok(self.backend.dispatch(route.entry, call, &body).await?)
    }
}

/// The headers as they are signed. On HTTP/2 the host is in `:authority`.
fn header_list(head: &request::Parts) -> Vec<(&str, &[u8])> {
    let mut list = Vec::with_capacity(head.headers.len() + 1);
    let authority = authority(head);
    list.extend(authority.map(|authority| ("host", authority.as_bytes())));
    for (name, value) in &head.headers {
        if authority.is_none() || name != HOST {
            list.push((name.as_str(), value.as_bytes()));
        }
    }
    list
}

fn authority(head: &request::Parts) -> Option<&str> {
    (head.version == Version::HTTP_2)
        .then(|| head.uri.authority().map(http::uri::Authority::as_str))
        .flatten()
}

fn client(head: &request::Parts, peer: &Peer, source_ip: IpAddr) -> Client {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Client {
        source_ip,
        user_agent: head.headers.get(USER_AGENT).map(text),
        host: authority(head)
            .map(str::to_owned)
            .or_else(|| head.headers.get(HOST).map(text))
            .unwrap_or_default(),
        tls: peer.tls(),
    }
}

/// Counts the calls of known callers that are running.
struct InFlight {
    count: AtomicUsize,
    max: usize,
    gauge: Gauge,
}

impl InFlight {
    fn new(max: usize) -> Self {
        Self { count: AtomicUsize::new(0), max, gauge: requests_in_flight() }
    }

    fn enter(&self) -> Option<Running<'_>> {
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        self.gauge.increment(1);
        let running = Running(self);
        (before < self.max).then_some(running)
    }
}

struct Running<'a>(&'a InFlight);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
        self.0.gauge.decrement(1);
    }
}
