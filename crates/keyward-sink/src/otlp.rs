//! OTLP/HTTP logs, in JSON (the OpenTelemetry protocol, 1.x): one log record for each audit record.
//!
//! What the receiver answers with a status that says "later", or with one that says something is
//! wrong with the way there, is sent again. A batch that is refused as such is sent in smaller ones,
//! and a record that is refused alone becomes a dead letter, so that one record cannot stop all. A
//! receiver that refuses one after the other is asked again until it takes one.

mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keyward_model::Clock;
use keyward_outbound::{Answer, OutboundError, Poster};
use serde::Deserialize;
use tracing::warn;

use crate::dead_letters::DeadLetter;
use crate::patience::Patience;
use crate::series;
use crate::sink::chain;
use crate::{DeadLetters, Failure, Record, Sent, Sink, Trouble};
use request::Request;

const NAME: &str = "otlp";
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The largest batch.
const RECORDS_MAX: usize = 512;
/// How much of a receiver's own words is logged.
const WORDS_CHARS_MAX: usize = 200;

/// What an [`Otlp`] works with.
pub struct OtlpSettings {
    /// Whom to post to: `/v1/logs` of a receiver.
    pub poster: Poster,
    /// Headers of the operator.
    pub headers: HeaderMap,
    /// Keyward's version.
    pub version: &'static str,
    /// How often a record that is refused alone is sent before it is a dead letter, if others were
    /// before it; absent for as long as it takes.
    pub attempts_max: Option<u32>,
    /// Where records go that the receiver refuses for good.
    pub dead_letters: DeadLetters,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
}

/// Posts log records to one receiver.
pub struct Otlp {
    settings: OtlpSettings,
    /// How many records are sent at once.
    batch_max: usize,
    patience: Patience,
}

/// An answer to logs, as far as it matters.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    partial_success: PartialSuccess,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PartialSuccess {
    /// A 64-bit number, which JSON of this protocol writes as text or as number.
    rejected_log_records: serde_json::Value,
    error_message: String,
}

impl Otlp {
    /// Has sent nothing yet.
    pub fn new(settings: OtlpSettings) -> Self {
        series::begin_dead_letters(NAME);
        series::rejected_records(NAME).increment(0);
        let patience = Patience::new(settings.attempts_max);
        Self { settings, batch_max: RECORDS_MAX, patience }
    }

    async fn post(&self, records: &[Record]) -> Result<Answer, OutboundError> {
        let settings = &self.settings;
        let request = Request::of(records, settings.version, settings.clock.now());
        // Only maps with keys that are no texts cannot be written.
        let body = serde_json::to_vec(&request).unwrap_or_default();
        let mut headers = settings.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        settings.poster.post(&headers, Bytes::from(body), ANSWER_BYTES_MAX).await
    }

    /// Puts the one record aside that is refused alone, or keeps it for later.
    async fn give_up(&mut self, record: &Record, failure: Failure) -> Sent {
        if !self.patience.ends_with(true) {
            return Sent::until(0, failure);
        }
        let (reason, attempts) = (chain(&failure.trouble), self.patience.attempts());
        let letter = DeadLetter { sink: NAME, reason, attempts, event: &record.text() };
        match self.settings.dead_letters.put(&letter).await {
            Ok(()) => {
                self.patience.note_put_aside();
                Sent { taken: 1, accepted: 0, put_aside: 1, failure: None }
            }
            Err(error) => Sent::until(0, Trouble::DeadLetter(error)),
        }
    }
}

impl Sink for Otlp {
    async fn send(&mut self, records: &[Record]) -> Sent {
        loop {
            let count = self.batch_max.min(records.len());
            let (batch, _) = records.split_at(count);
            let failure = match self.post(batch).await {
                Ok(Answer { status, body, .. }) if status.is_success() => {
                    note_rejected(&body);
                    self.batch_max = self.batch_max.saturating_mul(2).min(RECORDS_MAX);
                    self.patience.note_accepted();
                    return Sent::all(count);
                }
                Ok(Answer { status, retry_after, .. }) => {
                    let to = self.settings.poster.url().endpoint().clone();
                    let trouble = Trouble::Answer { to, status: status.as_u16() };
                    let failure = Failure { trouble, retry_after };
                    if !is_about_content(status) {
                        return Sent::until(0, failure);
                    }
                    failure
                }
                Err(error) => return Sent::until(0, error),
            };
            match batch {
                [record] => return self.give_up(record, failure).await,
                _ => self.batch_max = (count / 2).max(1),
            }
        }
    }
}

/// Whether the refusal is of what was sent, and not of the sender, the place or the time.
fn is_about_content(status: StatusCode) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE].contains(&status)
}

/// Says how many records of a batch the receiver took and threw away. The protocol forbids to send
/// them again.
fn note_rejected(body: &[u8]) {
    let response: Response = serde_json::from_slice(body).unwrap_or_default();
    let PartialSuccess { rejected_log_records: rejected, error_message } = response.partial_success;
    let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0);
    if rejected > 0 || !error_message.is_empty() {
        let words: String = error_message.chars().take(WORDS_CHARS_MAX).collect();
        warn!(sink = NAME, rejected, words, "the receiver did not take all it was sent");
        series::rejected_records(NAME).increment(rejected);
    }
}
