//! Whether the process lives and whether it should be sent requests.
//!
//! Does not know what makes it unready: who knows says so through a [`Readiness`].

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, StatusCode, request};

/// The reasons not to send requests here; none means ready. Beside them, notes on what does not
/// work although requests do.
///
/// Clones share them: the part that knows of a reason holds one, the server another.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    reasons: BTreeSet<Cow<'static, str>>,
    notes: BTreeSet<Cow<'static, str>>,
}

impl Readiness {
    /// Ready until told otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// States a reason not to send requests here. Short, and fit for strangers to read.
    pub fn block(&self, reason: impl Into<Cow<'static, str>>) {
        self.state().reasons.insert(reason.into());
    }

    /// Takes a reason back.
    pub fn clear(&self, reason: &str) {
        self.state().reasons.remove(reason);
    }

    /// States what does not work although requests do; it is told beside `ready`.
    pub fn note(&self, note: impl Into<Cow<'static, str>>) {
        self.state().notes.insert(note.into());
    }

    /// Takes a note back.
    pub fn retract(&self, note: &str) {
        self.state().notes.remove(note);
    }

    /// The reasons that hold, sorted.
    pub fn reasons(&self) -> Vec<Cow<'static, str>> {
        self.state().reasons.iter().cloned().collect()
    }

    /// The notes that hold, sorted.
    pub fn notes(&self) -> Vec<Cow<'static, str>> {
        self.state().notes.iter().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a health check: status and text. `None`: the request is none.
pub(crate) fn answer(head: &request::Parts, readiness: &Readiness) -> Option<(StatusCode, String)> {
    if head.method != Method::GET && head.method != Method::HEAD {
        return None;
    }
    match head.uri.path() {
        "/health/live" => Some((StatusCode::OK, "live\n".to_owned())),
        "/health/ready" => {
            let reasons = readiness.reasons();
            if reasons.is_empty() {
                let notes = readiness.notes();
                let text = notes.iter().fold("ready\n".to_owned(), |text, note| text + note + "\n");
                return Some((StatusCode::OK, text));
            }
            Some((StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_told_beside_ready() {
        let (head, ()) = http::Request::get("/health/ready").body(()).unwrap().into_parts();
        let readiness = Readiness::new();
        readiness.note("the clock leapt");
        let told = answer(&head, &readiness);
        assert_eq!(told, Some((StatusCode::OK, "ready\nthe clock leapt\n".to_owned())));
        readiness.retract("the clock leapt");
        assert_eq!(answer(&head, &readiness), Some((StatusCode::OK, "ready\n".to_owned())));
        readiness.block("stopping");
        let told = answer(&head, &readiness);
        assert_eq!(told, Some((StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned())));
    }

    #[test]
    fn reasons_are_stated_once_and_taken_back() {
        let readiness = Readiness::new();
        let shared = readiness.clone();
        readiness.block("the store is away");
        shared.block("the store is away");
        shared.block("the clock leapt");
        assert_eq!(readiness.reasons(), ["the clock leapt", "the store is away"]);
        readiness.clear("the store is away");
        assert_eq!(shared.reasons(), ["the clock leapt"]);
    }
}
