//! Events in EventBridge's form, one POST each.
//!
//! Sent as the Standard Webhooks convention says: `webhook-id` is the event's id and stays the same
//! however often it is sent, `webhook-timestamp` is the time of the attempt, `webhook-signature` the
//! HMAC over both and the body. An event that a receiver cannot take becomes a dead letter, and the
//! next one is sent. A receiver that is away, fails, lets nobody in or takes one event after the other
//! for a bad one is asked again until it takes the event, unless it is one that may be left behind:
//! then `attempts_max` makes a dead letter of it.

mod envelope;
mod signature;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keyward_model::Clock;
use keyward_outbound::{Answer, OutboundError, Poster};

use crate::dead_letters::DeadLetter;
use crate::patience::Patience;
use crate::series;
use crate::sink::chain;
use crate::{DeadLetters, Failure, Record, Sent, Sink, Trouble};
pub use envelope::ApiCalls;
use envelope::Envelope;
pub use signature::{NotASecret, Secrets};

const NAME: &str = "webhook";
/// What is read of an answer: nothing in it matters, but a short one lets the connection be kept.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// How many events are posted before the place in the journal can be kept.
const POSTS_MAX: usize = 32;

/// What a [`Webhook`] works with.
pub struct WebhookSettings {
    /// Whom to post to.
    pub poster: Poster,
    /// Headers of the operator.
    pub headers: HeaderMap,
    /// What events are signed with; without any they are not.
    pub secrets: Secrets,
    /// Which calls are events.
    pub api_calls: ApiCalls,
    /// How often an event is sent before it is a dead letter; absent for as long as it takes.
    pub attempts_max: Option<u32>,
    /// Where those go.
    pub dead_letters: DeadLetters,
    /// The machine's clock, which receivers compare with theirs.
    pub clock: Arc<dyn Clock>,
}

/// Posts events to one receiver.
pub struct Webhook {
    settings: WebhookSettings,
    patience: Patience,
}

/// What became of one event.
enum Posted {
    Accepted,
    PutAside,
    Later(Failure),
}

impl Webhook {
    /// Has sent nothing yet.
    pub fn new(settings: WebhookSettings) -> Self {
        series::begin_dead_letters(NAME);
        let patience = Patience::new(settings.attempts_max);
        Self { settings, patience }
    }

    async fn post(&mut self, event: &Envelope<'_>) -> Posted {
        let (failure, is_about_event) = match self.attempt(event).await {
            Ok(Answer { status, .. }) if status.is_success() => {
                self.patience.note_accepted();
                return Posted::Accepted;
            }
            Ok(Answer { status, retry_after, .. }) => {
                let to = self.settings.poster.url().endpoint().clone();
                let trouble = Trouble::Answer { to, status: status.as_u16() };
                (Failure { trouble, retry_after }, is_about_event(status))
            }
            Err(error) => (Failure::from(error), false),
        };
        if !self.patience.ends_with(is_about_event) {
            return Posted::Later(failure);
        }
        let (reason, attempts) = (chain(&failure.trouble), self.patience.attempts());
        let letter = DeadLetter { sink: NAME, reason, attempts, event };
        match self.settings.dead_letters.put(&letter).await {
            Ok(()) => {
                self.patience.note_put_aside();
                Posted::PutAside
            }
            Err(error) => Posted::Later(Trouble::DeadLetter(error).into()),
        }
    }

    async fn attempt(&mut self, event: &Envelope<'_>) -> Result<Answer, OutboundError> {
        let settings = &mut self.settings;
        // Only maps with keys that are no texts cannot be written.
        let body = serde_json::to_vec(event).unwrap_or_default();
        let unix_s = settings.clock.now().unix_s();
        let mut headers = settings.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("webhook-timestamp", HeaderValue::from(unix_s));
        let signature = settings.secrets.sign(event.id, unix_s, &body);
        for (name, value) in
            [("webhook-id", Some(event.id)), ("webhook-signature", signature.as_deref())]
        {
            if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
                headers.insert(name, value);
            }
        }
        settings.poster.post(&headers, Bytes::from(body), ANSWER_BYTES_MAX).await
    }
}

/// Whether the answer is about the event itself. One about the receiver, its address or who may call
/// it says nothing of the event, which is not passed over for that.
const fn is_about_event(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

impl Sink for Webhook {
    async fn send(&mut self, records: &[Record]) -> Sent {
        let mut sent = Sent::all(0);
        let mut posts = 0;
        for record in records {
            if let Some(event) = Envelope::of(record, self.settings.api_calls) {
                if posts == POSTS_MAX {
                    break;
                }
                posts += 1;
                match self.post(&event).await {
                    Posted::Accepted => sent.accepted += 1,
                    Posted::PutAside => sent.put_aside += 1,
                    Posted::Later(failure) => {
                        sent.failure = Some(failure);
                        break;
                    }
                }
            }
            sent.taken += 1;
        }
        sent
    }
}
