//! Posting to one place again and again.

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, StatusCode};

use crate::Url;
use crate::client::{Client, OutboundError};
use crate::http1::{Body, Connection, Reply};

/// Posts to one URL. A connection is kept for the next request.
pub struct Poster {
    client: Client,
    url: Url,
    kept: Option<Connection>,
}

/// What a receiver answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it took what it was sent.
    pub status: StatusCode,
    /// How long it wants to be left alone, if it said so in seconds.
    pub retry_after: Option<Duration>,
    /// Its words; empty if they were too many or ended early.
    pub body: Bytes,
}

impl Poster {
    /// Nothing is sent yet.
    pub const fn new(client: Client, url: Url) -> Self {
        Self { client, url, kept: None }
    }

    /// Where it posts to.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Posts a body. An answer of any status is one; no redirect is followed.
    ///
    /// A receiver that closed its connection meanwhile may get the same request twice.
    pub async fn post(
        &mut self,
        headers: &HeaderMap,
        body: Bytes,
        answer_bytes_max: usize,
    ) -> Result<Answer, OutboundError> {
        // Taken out first: one that is dropped halfway is not used again.
        let kept = self.kept.take().filter(Connection::is_open);
        let Self { client, url, .. } = &*self;
        let exchange = async {
            if let Some(mut connection) = kept {
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
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let body = match body {
            Body::Whole(body) => {
                self.kept = Some(connection);
                body
            }
            Body::CutShort => Bytes::new(),
        };
        Ok(Answer { status, retry_after, body })
    }
}
