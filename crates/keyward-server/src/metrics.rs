//! What the server counts, and the listener that shows it.
//!
//! Handles are made once per operation: a recorder has to be installed before the server is built. A
//! histogram has a dozen lines on the page, so it is made when the operation is first asked for.
//! No label holds anything a client chose.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::Limits;
use crate::connection::Answers;
use crate::listener::{self, Listener};
use crate::peer::Connection;

const REQUESTS: &str = "keyward_requests_total";
const DURATION: &str = "keyward_request_duration_seconds";
const IN_FLIGHT: &str = "keyward_requests_in_flight";
const CONNECTIONS: &str = "keyward_connections";
const AUTHENTICATION_FAILURES: &str = "keyward_authentication_failures_total";

/// The operation in the labels of requests that name none we have.
const NO_OPERATION: &str = "none";
/// The code in the labels of requests that succeeded.
const SUCCESS: &str = "Success";

/// What is counted for one operation.
pub(crate) struct OperationMetrics {
    operation: &'static str,
    succeeded: Counter,
    duration: OnceLock<Histogram>,
}

impl OperationMetrics {
    pub(crate) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            succeeded: counter!(REQUESTS, "operation" => operation, "code" => SUCCESS),
            duration: OnceLock::new(),
        }
    }

    pub(crate) fn succeeded(&self, took: Duration) {
        self.succeeded.increment(1);
        self.took(took);
    }

    /// Refusals look their counter up: they are fewer, and there are many codes.
    pub(crate) fn refused(&self, code: &'static str, took: Duration) {
        counter!(REQUESTS, "operation" => self.operation, "code" => code).increment(1);
        self.took(took);
    }

    fn took(&self, took: Duration) {
        let duration = || histogram!(DURATION, "operation" => self.operation);
        self.duration.get_or_init(duration).record(took);
    }
}

/// A request that named no operation we have.
pub(crate) fn count_unrouted(code: &'static str) {
    counter!(REQUESTS, "operation" => NO_OPERATION, "code" => code).increment(1);
}

/// A counter that is not there before its first step hides that step from whoever asks for its rate.
pub(crate) fn begin_authentication_failures(reasons: impl Iterator<Item = &'static str>) {
    for reason in reasons {
        counter!(AUTHENTICATION_FAILURES, "reason" => reason).increment(0);
    }
}

pub(crate) fn count_authentication_failure(reason: &'static str) {
    counter!(AUTHENTICATION_FAILURES, "reason" => reason).increment(1);
}

pub(crate) fn requests_in_flight() -> Gauge {
    gauge!(IN_FLIGHT)
}

pub(crate) fn connections() -> Gauge {
    gauge!(CONNECTIONS)
}

/// Answers `GET /metrics` with what `render` comes to, until told to stop.
pub async fn serve_metrics<F: Future<Output = String> + Send + 'static>(
    listeners: Vec<Listener>,
    limits: Limits,
    render: impl Fn() -> F + Send + Sync + 'static,
    shutdown: impl Future<Output = ()>,
) {
    let page = Arc::new(Page { render });
    listener::serve(listeners, page, limits, Vec::new(), shutdown).await;
}

struct Page<R> {
    render: R,
}

impl<R, F> Answers for Page<R>
where
    R: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = String> + Send + 'static,
{
    async fn answer(
        &self,
        request: Request<Incoming>,
        _connection: &Connection,
    ) -> Result<Response<Bytes>, Infallible> {
        let is_known = request.method() == Method::GET && request.uri().path() == "/metrics";
        if !is_known {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
        let mut response = Response::new((self.render)().await.into());
        let exposition = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, exposition);
        Ok(response)
    }
}
