//! What operators are told of requests that were not authenticated.
//!
//! Such a request has no account to be recorded in, so it is counted and logged here; anyone can
//! send one, so the lines are bounded. Never logs the token, the signature or the query string.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyward_model::RequestId;
use keyward_sigv4::{RefusalCode, Style};
use tracing::{debug, error, info};

use crate::authenticate::Unauthenticated;
use crate::metrics::{begin_authentication_failures, count_authentication_failure};

/// How many lines a second are logged for one reason, below the level for debugging.
const LINES_PER_SECOND_MAX: u32 = 10;

/// The request that was refused.
#[derive(Clone, Copy)]
pub(crate) struct RefusedRequest<'a> {
    pub(crate) request_id: &'a RequestId,
    pub(crate) operation: &'static str,
    pub(crate) source_ip: IpAddr,
}

const BUSY: &str = "Busy";
const LOOKUP_FAILED: &str = "LookupFailed";

/// Counts failures to authenticate, and logs as many as an operator can read.
pub(crate) struct Failures {
    /// By reason. The reasons are ours, so they are few.
    seconds: Mutex<BTreeMap<&'static str, Second>>,
}

/// The second a reason was last logged in.
#[derive(Default)]
struct Second {
    number: u64,
    lines: u32,
    left_out: u64,
}

impl Failures {
    /// Nobody has failed yet. A recorder of metrics has to be installed.
    pub(crate) fn new() -> Self {
        begin_authentication_failures(reasons());
        Self { seconds: Mutex::default() }
    }

    /// `now` is the time of a clock that never goes back.
    pub(crate) fn report(
        &self,
        unauthenticated: &Unauthenticated,
        request: RefusedRequest<'_>,
        now: Duration,
    ) {
        let reason = match unauthenticated {
            Unauthenticated::Busy => BUSY,
            Unauthenticated::Failed(_) => LOOKUP_FAILED,
            Unauthenticated::Refused(refusal) => reason(refusal.code),
        };
        count_authentication_failure(reason);
        let RefusedRequest { request_id, operation, source_ip } = request;
        let Some(left_out) = self.admit(reason, now) else {
            return debug!(
                request.id = %request_id,
                operation,
                source.ip = %source_ip,
                reason,
                "a request was not authenticated"
            );
        };
        if let Unauthenticated::Failed(failure) = unauthenticated {
            error!(request.id = %request_id, error = ?failure, "an access key was not looked up");
        }
        info!(
            request.id = %request_id,
            operation,
            source.ip = %source_ip,
            reason,
            left_out = (left_out > 0).then_some(left_out),
            "a request was not authenticated"
        );
    }

    /// Whether one more line is logged, and then how many were not since the one before.
    fn admit(&self, reason: &'static str, now: Duration) -> Option<u64> {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let second = seconds.entry(reason).or_default();
        if second.number != now.as_secs() {
            second.number = now.as_secs();
            second.lines = 0;
        }
        if second.lines == LINES_PER_SECOND_MAX {
            second.left_out = second.left_out.saturating_add(1);
            return None;
        }
        second.lines += 1;
        Some(std::mem::take(&mut second.left_out))
    }
}

/// A reason that a refusal was, whatever the protocol.
const fn reason(code: RefusalCode) -> &'static str {
    code.on_wire(Style::Json).0
}

fn reasons() -> impl Iterator<Item = &'static str> {
    RefusalCode::ALL.into_iter().map(reason).chain([BUSY, LOOKUP_FAILED])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_second_are_logged_for_each_reason_and_the_rest_is_counted() {
        let failures = Failures::new();
        let at = |reason, ms| failures.admit(reason, Duration::from_millis(ms));
        for _ in 0..10 {
            assert_eq!(at("one", 1_900), Some(0));
        }
        for _ in 0..5 {
            assert_eq!(at("one", 1_999), None);
        }
        assert_eq!(at("other", 1_999), Some(0), "each reason has its own lines");
        assert_eq!(at("one", 2_000), Some(5));
        assert_eq!(at("one", 2_000), Some(0));
    }
}
