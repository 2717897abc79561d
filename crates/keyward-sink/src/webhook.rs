//! Events in EventBridge's form, one POST each, some of them at the same time.
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

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keyward_audit::JournalPosition;
use keyward_model::Clock;
use keyward_outbound::{Answer, Poster};
use tokio::task::JoinSet;

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
const POSTS_MAX: usize = 64;

/// What a [`Webhook`] works with.
pub struct WebhookSettings {
    /// Whom to post to.
    pub poster: Arc<Poster>,
    /// Headers of the operator.
    pub headers: HeaderMap,
    /// What events are signed with; without any they are not.
    pub secrets: Secrets,
    /// Which calls are events.
    pub api_calls: ApiCalls,
    /// How many events are on their way at the same time.
    pub in_flight_max: usize,
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
    /// Whether the receiver failed and has taken nothing since: it is asked with one event then.
    is_probing: bool,
    /// Events that were taken before one that was not. They are not sent again with that.
    ahead: BTreeSet<JournalPosition>,
}

/// An event and the record it is.
struct Event<'r> {
    /// The record's place among those that were given.
    at: usize,
    end: JournalPosition,
    envelope: Envelope<'r>,
}

/// What a receiver said of an event.
enum Outcome {
    Accepted,
    Refused { failure: Failure, is_about_event: bool },
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
        Self { settings, patience, is_probing: false, ahead: BTreeSet::new() }
    }

    /// Posts events side by side, in their order, until one is not taken; those on their way then
    /// are waited for. What was not posted has no outcome.
    async fn post(&mut self, events: &[Event<'_>]) -> Vec<Option<Outcome>> {
        let is_ahead = |event: &Event<'_>| self.ahead.contains(&event.end);
        let mut outcomes: Vec<_> =
            events.iter().map(|event| is_ahead(event).then_some(Outcome::Accepted)).collect();
        let mut waiting: VecDeque<_> =
            events.iter().enumerate().filter(|(_, event)| !is_ahead(event)).collect();
        let mut in_flight = JoinSet::new();
        let mut is_ending = false;
        loop {
            let width = if self.is_probing { 1 } else { self.settings.in_flight_max.max(1) };
            while !is_ending && in_flight.len() < width {
                let Some((number, event)) = waiting.pop_front() else { break };
                let attempt = self.attempt(&event.envelope);
                in_flight.spawn(async move { (number, attempt.await) });
            }
            // Only a task that panicked has no result.
            let Some(Ok((number, outcome))) = in_flight.join_next().await else { break };
            match outcome {
                Outcome::Accepted => self.is_probing = false,
                Outcome::Refused { .. } => is_ending = true,
            }
            if let Some(place) = outcomes.get_mut(number) {
                *place = Some(outcome);
            }
        }
        outcomes
    }

    /// Posts one event.
    fn attempt(&self, event: &Envelope<'_>) -> impl Future<Output = Outcome> + Send + use<> {
        let settings = &self.settings;
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
        let poster = Arc::clone(&settings.poster);
        async move {
            match poster.post(&headers, Bytes::from(body), ANSWER_BYTES_MAX).await {
                Ok(Answer { status, .. }) if status.is_success() => Outcome::Accepted,
                Ok(Answer { status, retry_after, .. }) => {
                    let to = poster.url().endpoint().clone();
                    let trouble = Trouble::Answer { to, status: status.as_u16() };
                    let failure = Failure { trouble, retry_after };
                    Outcome::Refused { failure, is_about_event: is_about_event(status) }
                }
                Err(error) => Outcome::Refused { failure: error.into(), is_about_event: false },
            }
        }
    }

    /// Decides what becomes of an event, the oldest of those nothing became of yet.
    async fn settle(&mut self, event: &Envelope<'_>, outcome: Outcome) -> Posted {
        let (failure, is_about_event) = match outcome {
            Outcome::Accepted => {
                self.patience.note_accepted();
                return Posted::Accepted;
            }
            Outcome::Refused { failure, is_about_event } => (failure, is_about_event),
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

    /// Remembers which events were taken although one before them was not.
    fn note_ahead(&mut self, events: &[Event<'_>], outcomes: Vec<Option<Outcome>>) {
        self.ahead.clear();
        for (event, outcome) in events.iter().zip(outcomes) {
            if matches!(outcome, Some(Outcome::Accepted)) {
                self.ahead.insert(event.end);
            }
        }
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
        let api_calls = self.settings.api_calls;
        let events = records.iter().enumerate().filter_map(|(at, record)| {
            let envelope = Envelope::of(record, api_calls)?;
            Some(Event { at, end: record.end(), envelope })
        });
        let mut events: Vec<_> = events.take(POSTS_MAX + 1).collect();
        // Up to the first event that is left for the next time.
        let left = if events.len() > POSTS_MAX { events.pop() } else { None };
        let mut sent = Sent { taken: left.map_or(records.len(), |event| event.at), ..Sent::all(0) };
        let mut outcomes = self.post(&events).await;
        for (number, event) in events.iter().enumerate() {
            let outcome = outcomes.get_mut(number).and_then(Option::take);
            let posted = match outcome {
                Some(outcome) => self.settle(&event.envelope, outcome).await,
                // It was not posted, for one before it was refused and put aside.
                None if event.at > 0 => {
                    sent.taken = event.at;
                    break;
                }
                None => Posted::Later(Trouble::Silent.into()),
            };
            match posted {
                Posted::Accepted => sent.accepted += 1,
                Posted::PutAside => sent.put_aside += 1,
                Posted::Later(failure) => {
                    self.is_probing = true;
                    sent.taken = event.at;
                    sent.failure = Some(failure);
                    break;
                }
            }
        }
        self.note_ahead(&events, outcomes);
        sent
    }
}
