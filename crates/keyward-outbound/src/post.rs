//! Posting to one place again and again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::Url;
use crate::client::{Client, OutboundError};
use crate::http1::{Body, Connection, Reply};
use crate::retry_after::retry_after;

/// How many connections are kept that nobody uses.
const KEPT_MAX: usize = 64;

/// Posts to one URL, as often at the same time as its callers like. Connections are kept for the
/// next requests.
pub struct Poster {
    client: Client,
    url: Url,
    kept: Mutex<Vec<Connection>>,
}

/// What a receiver answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it took what it was sent.
    pub status: StatusCode,
    /// How long it wants to be left alone, if it said so.
    pub retry_after: Option<Duration>,
    /// Its words; empty if they were too many or ended early.
    pub body: Bytes,
}

impl Poster {
    /// Nothing is sent yet.
    pub const fn new(client: Client, url: Url) -> Self {
        Self { client, url, kept: Mutex::new(Vec::new()) }
    }

    /// Where it posts to.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Posts a body. An answer of any status is one; no redirect is followed.
    ///
    /// A receiver that closed its connection meanwhile may get the same request twice.
    pub async fn post(
        &self,
        headers: &HeaderMap,
        body: Bytes,
        answer_bytes_max: usize,
    ) -> Result<Answer, OutboundError> {
        let Self { client, url, .. } = self;
        let exchange = async {
            // Taken out first: one that is dropped halfway is not used again.
            if let Some(mut connection) = self.take() {
                let answer = connection
                    .exchange(Method::POST, url, headers, body.clone(), answer_bytes_max)
                    .await;
                // An idle connection may close as the request is on its way.
                if let Ok(answer) = answer {
                    return Ok((connection, answer));
                }
            }
            let mut connection = Connection::over(client.open(&url.endpoint).await?, url).await?;
            let answer =
                connection.exchange(Method::POST, url, headers, body, answer_bytes_max).await?;
            Ok((connection, answer))
        };
        let (connection, reply) = client.in_time(&url.endpoint, exchange).await?;
        let Reply { status, headers, body } = reply;
        let body = match body {
            Body::Whole(body) => {
                self.keep(connection);
                body
            }
            Body::CutShort => Bytes::new(),
        };
        Ok(Answer { status, retry_after: retry_after(&headers), body })
    }

    /// A connection that was open a moment ago.
    fn take(&self) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(Connection::is_open);
        kept.pop()
    }

    fn keep(&self, connection: Connection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(connection);
        }
    }
}
