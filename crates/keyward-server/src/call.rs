//! One call: from a request to its response.

mod query;

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode, Version, request};
use hyper::body::Body;
use keyward_engine::{Call, Client, ErrorCode, KMS, OpError, Protocol, Reply, caught};
use keyward_model::{Caller, Region, RequestId, new_uuid};
use keyward_sigv4::{Presented, RequestParts};
use tracing::{debug, error};

use crate::authenticate::{Authenticator, Unauthenticated};
use crate::body::{BodyBudget, Origin};
use crate::failures::{Failures, RefusedRequest};
use crate::forwarded::TrustedProxies;
use crate::health::{self, Readiness};
use crate::in_flight::{InFlight, Kept};
use crate::metrics::{count_unrouted, requests_in_flight};
use crate::peer::Connection;
use crate::refused::Refused;
use crate::response::ResponseHeaders;
use crate::route::{Route, Routes};
use crate::{Backend, Limits, Network, Peer, aws_json, aws_query};

/// What all calls share.
pub(crate) struct Calls<B> {
    backend: Arc<B>,
    routes: Routes,
    authenticator: Authenticator,
    bodies: BodyBudget,
    proxies: TrustedProxies,
    readiness: Readiness,
    response_headers: ResponseHeaders,
    in_flight: Arc<InFlight>,
    /// Those of callers who show a token instead of a signature: they wait for issuers' keys, and
    /// must not keep out who is known.
    strangers: Arc<InFlight>,
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
            in_flight: InFlight::new(limits.requests_max, requests_in_flight()),
            strangers: InFlight::new(STRANGERS_MAX, requests_in_flight()),
            failures: Failures::new(),
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
        let source_ip = self.proxies.source(&connection.peer, &head.headers);
        let asked = Asked { head: &head, connection, request_id: &request_id, source_ip };
        if aws_query::is_query(&head) {
            let (route, outcome) = self.answer_query(asked, body).await;
            let closes = outcome.as_ref().is_err_and(|refused| refused.closes);
            return self.respond(asked, closes, aws_query::encode(route, &request_id, outcome));
        }
        let outcome = match aws_json::find_route(&head, !body.is_end_stream(), &self.routes) {
            Ok(route) => self.measured(route, asked, self.run(route, asked, body)).await,
            Err(refused) => {
                count_unrouted(refused.name);
                Err(refused)
            }
        };
        let closes = outcome.as_ref().is_err_and(|refused| refused.closes);
        self.respond(asked, closes, aws_json::encode(outcome))
    }

    fn respond(
        &self,
        asked: Asked<'_>,
        closes: bool,
        (status, content_type, body): (StatusCode, Option<HeaderValue>, Bytes),
    ) -> Response<Bytes> {
        let now = self.backend.clock().now();
        let mut response =
            self.response_headers.response(now, asked.request_id, status, content_type, body);
        // HTTP/2 has no such header; there a stream ends without its connection.
        if closes && asked.head.version < Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn measured(
        &self,
        route: &Route,
        asked: Asked<'_>,
        call: impl Future<Output = Result<Reply, Refused>>,
    ) -> Result<Reply, Refused> {
        let request_id = asked.request_id;
        let started = self.backend.clock().monotonic();
        let outcome = caught(call).await.unwrap_or_else(|_panicked| {
            error!(request.id = %request_id, operation = route.entry.name, "a call panicked");
            Err(Refused::internal_failure())
        });
        let took = self.backend.clock().monotonic().saturating_sub(started);
        match &outcome {
            Ok(_) => route.metrics.succeeded(took),
            Err(refused) => route.metrics.refused(refused.name, took),
        }
        outcome
    }

    /// The order of these steps decides which error a request that is wrong twice is told.
    async fn run<D>(&self, route: &Route, asked: Asked<'_>, body: D) -> Result<Reply, Refused>
    where
        D: Body<Data = Bytes> + Unpin,
    {
        let body_bytes_max = route.entry.body_bytes_max;
        require_announced(&body, body_bytes_max)?;
        let headers = header_list(asked.head);
        let presented = self.present(route, asked, &headers)?;
        let origin =
            Origin { address: asked.source_ip, slow_bodies: &asked.connection.slow_bodies };
        let received = self.bodies.read(body, body_bytes_max, origin).await;
        let received = received.map_err(|error| Refused::unread(&error, Protocol::AwsJson))?;
        let known = self.verify(route, asked, &presented, received.bytes()).await?;
        // Only now: while strangers are waited for, they must not keep out who is known.
        let Some(running) = self.in_flight.enter() else {
            return Err(self.refuse_busy(route, asked, known).await);
        };
        let body = Kept::body(received.into_bytes(), running);
        self.dispatch(route, asked, known, body).await
    }

    /// Waits for the requests that nobody else waits for any more.
    pub(crate) async fn ended(&self) {
        self.in_flight.ended().await;
        self.strangers.ended().await;
    }

    /// The checks of authentication that need no secret.
    fn present<'a>(
        &self,
        route: &Route,
        asked: Asked<'a>,
        headers: &'a [(&'a str, &'a [u8])],
    ) -> Result<Presented<'a>, Refused> {
        let head = asked.head;
        let parts = RequestParts {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers,
        };
        self.authenticator
            .present(&*self.backend, route, &parts)
            .map_err(|refusal| self.unauthenticated(route, asked, refusal.into()))
    }

    /// Who signed, and for which Region.
    async fn verify(
        &self,
        route: &Route,
        asked: Asked<'_>,
        presented: &Presented<'_>,
        body: &[u8],
    ) -> Result<Known, Refused> {
        let backend = &*self.backend;
        let protocol = route.entry.api.protocol;
        let credential = self.authenticator.verify(backend, protocol, presented, body).await;
        let credential = credential.map_err(|unauthenticated| {
            if unauthenticated.is_signature_mismatch() {
                let (id, string_to_sign) = (asked.request_id, presented.string_to_sign(body));
                debug!(request.id = %id, string_to_sign, "a signature is not over this");
            }
            self.unauthenticated(route, asked, unauthenticated)
        })?;
        let region = route.signing_region.find(backend, presented.region());
        let region = region.ok_or(Refused::internal_failure())?;
        Ok(Known { caller: Arc::clone(&credential.caller), region })
    }

    fn unauthenticated(
        &self,
        route: &Route,
        asked: Asked<'_>,
        unauthenticated: Unauthenticated,
    ) -> Refused {
        let request = RefusedRequest {
            request_id: asked.request_id,
            operation: route.entry.name,
            source_ip: asked.source_ip,
        };
        self.failures.report(&unauthenticated, request, self.backend.clock().monotonic());
        Refused::unauthenticated(unauthenticated, route.entry.api.protocol)
    }

    async fn dispatch(
        &self,
        route: &Route,
        asked: Asked<'_>,
        known: Known,
        body: Kept,
    ) -> Result<Reply, Refused> {
        let reply = self.backend.dispatch(route.entry, asked.call(known), body).await;
        reply.map_err(|error| failed(route, error))
    }

    /// Who is known to have called finds the refusal in its log.
    async fn refuse_busy(&self, route: &Route, asked: Asked<'_>, known: Known) -> Refused {
        failed(route, self.backend.refuse_busy(route.entry, asked.call(known)).await)
    }
}

fn failed(route: &Route, error: OpError) -> Refused {
    let is_kms = std::ptr::eq(route.entry.api, &raw const KMS);
    match (route.entry.api.protocol, error.code) {
        // The fault that has a name of its own is that of KMS.
        (protocol @ Protocol::AwsJson, ErrorCode::KmsInternal) if !is_kms => {
            Refused { name: "InternalFailure", ..Refused::failed(error, protocol) }
        }
        (protocol, _) => Refused::failed(error, protocol),
    }
}

/// A request but for its body.
#[derive(Clone, Copy)]
struct Asked<'a> {
    head: &'a request::Parts,
    connection: &'a Connection,
    request_id: &'a RequestId,
    source_ip: IpAddr,
}

impl Asked<'_> {
    fn call(&self, known: Known) -> Call {
        Call {
            caller: known.caller,
            request_id: *self.request_id,
            region: known.region,
            client: client(self.head, &self.connection.peer, self.source_ip),
        }
    }
}

/// Whom a request is run for, and where.
struct Known {
    caller: Arc<Caller>,
    region: Region,
}

/// Refuses a body that says it is too long.
fn require_announced(body: &impl Body, bytes_max: usize) -> Result<(), Refused> {
    if usize::try_from(body.size_hint().lower()).map_or(true, |bytes| bytes > bytes_max) {
        return Err(Refused::entity_too_large());
    }
    Ok(())
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

/// How many calls of callers without a signature run at once.
const STRANGERS_MAX: usize = 64;
