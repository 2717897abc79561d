//! How many requests run at once, and what a running one keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Uri;
use metrics::Gauge;
use tokio::sync::Notify;
use zeroize::Zeroizing;

/// Counts requests that are running, those included for which nobody waits any more.
pub(crate) struct InFlight {
    count: AtomicUsize,
    max: usize,
    gauge: Gauge,
    /// There was a moment when none was running.
    idle: Notify,
}

impl InFlight {
    pub(crate) fn new(max: usize, gauge: Gauge) -> Arc<Self> {
        Arc::new(Self { count: AtomicUsize::new(0), max, gauge, idle: Notify::new() })
    }

    /// A place among the running ones, if there is room.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Running> {
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        self.gauge.increment(1);
        let running = Running(Arc::clone(self));
        (before < self.max).then_some(running)
    }

    /// Waits until none is running. For one waiter.
    pub(crate) async fn ended(&self) {
        while self.count.load(Ordering::Acquire) > 0 {
            self.idle.notified().await;
        }
    }
}

/// A place among the running requests, until dropped.
pub(crate) struct Running(Arc<InFlight>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.gauge.decrement(1);
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_one();
        }
    }
}

/// What a running request keeps to its end, whether or not somebody waits: its body, or the
/// address that holds a form's parameters, and its place.
pub(crate) struct Kept {
    body: Zeroizing<Vec<u8>>,
    address: Option<Uri>,
    _running: Running,
}

impl Kept {
    pub(crate) const fn body(body: Zeroizing<Vec<u8>>, running: Running) -> Self {
        Self { body, address: None, _running: running }
    }

    /// Without a body the parameters are in the address.
    pub(crate) fn form(body: Zeroizing<Vec<u8>>, address: &Uri, running: Running) -> Self {
        let address = body.is_empty().then(|| address.clone());
        Self { body, address, _running: running }
    }
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        match &self.address {
            Some(address) => address.query().unwrap_or_default().as_bytes(),
            None => &self.body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_than_the_bound_run_and_the_last_to_end_is_waited_for() {
        let in_flight = InFlight::new(2, Gauge::noop());
        let first = in_flight.enter().unwrap();
        let second = in_flight.enter().unwrap();
        assert!(in_flight.enter().is_none());
        drop(first);
        let third = in_flight.enter().unwrap();
        let ended = tokio::spawn({
            let in_flight = Arc::clone(&in_flight);
            async move { in_flight.ended().await }
        });
        tokio::task::yield_now().await;
        drop(second);
        assert!(!ended.is_finished());
        drop(third);
        ended.await.unwrap();
    }

    #[test]
    fn a_form_is_the_body_or_without_one_the_parameters_of_the_address() {
        let in_flight = InFlight::new(9, Gauge::noop());
        let address: Uri = "/?Action=A".parse().unwrap();
        let form = |body: &[u8]| {
            let body = Zeroizing::new(body.to_vec());
            Kept::form(body, &address, in_flight.enter().unwrap()).as_ref().to_vec()
        };
        assert_eq!(form(b"Action=B"), b"Action=B");
        assert_eq!(form(b""), b"Action=A");
    }
}
