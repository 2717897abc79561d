//! What a server does beside answering: it settles keys whose state ends by itself, deletes those
//! whose waiting period is over, delivers audit records that had to wait, replaces domain keys by
//! age, and watches clock and certificates.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use keyward_audit::{Hold, Journal};
use keyward_engine::ScheduleError;
use keyward_model::Timestamp;
use keyward_server::Readiness;
use metrics::gauge;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info};

use crate::admin::Desk;
use crate::certificate::{CertificateWatch, PrivateCa};
use crate::config::Config;
use crate::logging::chain;

const ROUND: Duration = Duration::from_mins(1);
const CERTIFICATES: Duration = Duration::from_secs(5);
const CLOCK_NOTE: &str =
    "the clock leapt: no key is deleted and no digest made until `keyward clock accept`";
const DIGESTS_NOTE: &str = "digests of audit records cannot be made";
const OLDER_NOTE: &str = "the files of the audit trail tell of what the database does not know: an older one was put back";
/// 1 while a leap of the clock waits for an operator's word.
const CLOCK_LEAP: &str = "keyward_clock_leap";

/// The background work of a server.
pub(crate) struct Schedule {
    desk: Arc<Desk>,
    domain_key_days: u32,
    certificates: Option<CertificateWatch>,
    private_ca: Option<PrivateCa>,
    readiness: Readiness,
    hangup: Signal,
    has_leapt: bool,
    /// Why the journal takes no records, as it was told last.
    journal_reasons: Vec<String>,
}

impl Schedule {
    /// Prepares the work; from here on SIGHUP does not end the process.
    pub(crate) fn new(
        desk: Arc<Desk>,
        config: &Config,
        certificates: Option<CertificateWatch>,
        readiness: Readiness,
    ) -> Result<Self> {
        gauge!(CLOCK_LEAP).set(0.0);
        let is_ours = certificates.is_some() && config.tls.certificate.as_os_str().is_empty();
        Ok(Self {
            private_ca: is_ours.then(|| PrivateCa::at(desk.dir.tls())),
            desk,
            domain_key_days: config.schedule.domain_key_days,
            certificates,
            readiness,
            hangup: signal(SignalKind::hangup())?,
            has_leapt: false,
            journal_reasons: Vec::new(),
        })
    }

    /// Whether connections begin with TLS.
    pub(crate) const fn has_certificates(&self) -> bool {
        self.certificates.is_some()
    }

    /// Works until dropped. Each step may be cut short at any point and is finished by the next.
    pub(crate) async fn run(mut self) {
        let mut rounds = every(ROUND);
        let mut certificates = every(CERTIFICATES);
        let engine = Arc::clone(&self.desk.engine);
        loop {
            tokio::select! {
                _ = rounds.tick() => self.round().await,
                // Nothing is destroyed, so the clock need not be believed.
                () = engine.has_unsettled_keys() => engine.settle(engine.clock().now()).await,
                () = engine.journal().health_changed() => self.tell_of_journal().await,
                _ = certificates.tick() => {
                    self.watch_journal().await;
                    self.reload_changed_certificates();
                }
                _ = self.hangup.recv() => self.reload_certificates(),
            }
        }
    }

    async fn round(&mut self) {
        let engine = Arc::clone(&self.desk.engine);
        if let Some(now) = self.believed_time().await {
            engine.do_due_work(now).await;
        } else {
            // What destroys nothing does not wait for an operator.
            engine.settle(engine.clock().now()).await;
            report("last uses of keys were not written", engine.write_last_uses().await);
        }
        self.deliver_records().await;
        self.tell_of_digests();
        match self.desk.rotate_domain_keys_if_due(self.domain_key_days).await {
            Ok(true) => info!("the domain key was replaced because of its age"),
            Ok(false) => {}
            Err(error) => error!(error = chain(error), "the domain keys stay as they are"),
        }
        self.renew_certificate();
    }

    /// The time, unless the clock has leapt. A leap is logged once, when it is found.
    async fn believed_time(&mut self) -> Option<Timestamp> {
        let mut watch = self.desk.clock_watch.lock().await;
        let result = self.desk.engine.check_clock(&mut watch).await;
        let has_leapt = matches!(result, Err(ScheduleError::ClockLeap { .. }));
        let is_new = has_leapt != self.has_leapt;
        self.has_leapt = has_leapt;
        gauge!(CLOCK_LEAP).set(f64::from(u8::from(has_leapt)));
        if has_leapt {
            self.readiness.note(CLOCK_NOTE);
        } else {
            self.readiness.retract(CLOCK_NOTE);
        }
        match result {
            Ok(now) => return Some(now),
            Err(error) if has_leapt && is_new => {
                error!(
                    error = chain(error),
                    "no key is deleted and no digest made; check the clock, then run `keyward clock \
                     accept`"
                );
            }
            Err(_) if has_leapt => {}
            Err(error) => {
                error!(error = chain(error), "the clock could not be compared; no key is deleted");
            }
        }
        None
    }

    /// Delivers what the journal refused, and removes what it took from the database.
    async fn deliver_records(&self) {
        let delivered = self.desk.engine.deliver_outbox().await.map(drop);
        report("audit records wait in the database", delivered);
    }

    /// Records are taken without digests, which list what is in files.
    fn tell_of_digests(&self) {
        let Some(status) = self.desk.deliverer.status() else { return };
        let told = [
            (DIGESTS_NOTE, status.are_digests_failing()),
            (OLDER_NOTE, status.is_database_older()),
        ];
        for (note, is_so) in told {
            if is_so {
                self.readiness.note(note);
            } else {
                self.readiness.retract(note);
            }
        }
    }

    /// While the journal takes no records, requests fail, so none should be sent here. Looking after
    /// it makes it try again, so that it recovers without a request.
    async fn watch_journal(&mut self) {
        let engine = &self.desk.engine;
        if let Some(status) = self.desk.deliverer.status() {
            status.watch(engine.journal(), engine.machine_clock().monotonic());
        }
        tokio::task::block_in_place(|| engine.journal().inspect());
        if let Err(error) = engine.record_alterations().await {
            error!(error = chain(error), "that the journal was altered is not on record yet");
        }
        self.tell_of_journal().await;
    }

    async fn tell_of_journal(&mut self) {
        let engine = &self.desk.engine;
        let now = engine.machine_clock().monotonic();
        let is_stuck = self.desk.deliverer.status().is_some_and(|status| status.is_stuck(now));
        let reasons = reasons(engine.journal(), is_stuck);
        if reasons == self.journal_reasons {
            return;
        }
        for gone in self.journal_reasons.iter().filter(|reason| !reasons.contains(reason)) {
            self.readiness.clear(gone);
        }
        for reason in &reasons {
            self.readiness.block(reason.clone());
        }
        self.journal_reasons = reasons;
        if self.journal_reasons.is_empty() {
            // What was committed before the journal refused it need not wait for the next round.
            self.deliver_records().await;
        }
    }

    fn renew_certificate(&mut self) {
        let Some(ca) = &self.private_ca else { return };
        match ca.renew_if_due(self.desk.engine.machine_clock().now()) {
            Ok(true) => {
                info!("the server's certificate was renewed");
                self.reload_changed_certificates();
            }
            Ok(false) => {}
            Err(error) => {
                error!(error = chain(error), "the certificate could not be renewed");
            }
        }
    }

    fn reload_changed_certificates(&mut self) {
        if let Some(certificates) = &mut self.certificates {
            tokio::task::block_in_place(|| certificates.reload_if_changed());
        }
    }

    fn reload_certificates(&mut self) {
        if let Some(certificates) = &mut self.certificates {
            tokio::task::block_in_place(|| certificates.reload());
        }
    }
}

/// Why the journal takes no records: short, and fit for strangers to read.
fn reasons(journal: &Journal, is_delivery_stuck: bool) -> Vec<String> {
    let disk = (!journal.is_writable()).then(|| "the audit journal cannot be written".to_owned());
    let held = journal.holds().into_iter().map(|hold| match hold {
        Hold::Delivery if is_delivery_stuck => {
            "delivery of audit records to log files does not come to an end".to_owned()
        }
        Hold::Delivery => "audit records cannot be delivered to log files".to_owned(),
        Hold::Sink(name) => format!("the audit sink `{name}` does not take records in time"),
    });
    disk.into_iter().chain(held).collect()
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn report(what: &str, result: Result<(), ScheduleError>) {
    if let Err(error) = result {
        error!(error = chain(error), "{what}");
    }
}

#[cfg(test)]
mod tests;
