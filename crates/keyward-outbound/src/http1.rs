//! Requests over one connection, in HTTP/1.1.

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use crate::Url;
use crate::client::{OutboundError, Stream, failed};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A connection that takes one request after the other. Ends with this value.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// The body of an answer.
pub(crate) enum Body {
    /// All of it.
    Whole(Bytes),
    /// It was too long, or ended early: the connection is of no more use.
    CutShort,
}

impl Connection {
    pub(crate) async fn over(stream: Box<dyn Stream>, url: &Url) -> Result<Self, OutboundError> {
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(failed(&url.endpoint))?;
        // What goes wrong there is told to whoever waits for an answer.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, driver })
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(crate) async fn exchange(
        &mut self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        body: Bytes,
        answer_bytes_max: usize,
    ) -> Result<Reply, OutboundError> {
        let mut request = Request::builder()
            .method(method)
            .uri(url.path.as_str())
            .header(HOST, url.authority())
            .header(USER_AGENT, "keyward")
            .body(Full::new(body))
            .map_err(failed(&url.endpoint))?;
        request.headers_mut().extend(headers.clone());
        self.sender.ready().await.map_err(failed(&url.endpoint))?;
        let answer = self.sender.send_request(request).await.map_err(failed(&url.endpoint))?;
        let (head, body) = answer.into_parts();
        let body = match Limited::new(body, answer_bytes_max).collect().await {
            Ok(body) => Body::Whole(body.to_bytes()),
            Err(_) => Body::CutShort,
        };
        Ok(Reply { status: head.status, headers: head.headers, body })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
