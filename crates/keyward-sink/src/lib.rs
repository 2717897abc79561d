//! Where audit records go besides files: each sink follows the journal at its own pace, from a
//! position of its own, so that nothing waits in memory.
//!
//! [`Follower`] is the one loop for all of them. It reads acknowledged lines, gives them to a
//! [`Sink`] and keeps how far that came through [`Cursors`]: what a receiver took may come once
//! more after a crash, and nothing is left out. A sink that must not be left behind and makes no
//! progress holds the journal, so that nothing is done that its receiver would not hear of.
//!
//! The sinks are [`Webhook`] (EventBridge events), [`Syslog`] (RFC 5424) and [`Otlp`] (OTLP/HTTP
//! logs). What the operator's own note says of a record goes to none of them. Where a receiver is
//! and whether it may be reached is the outbound client's; configuration, the store and readiness
//! are the program's.

mod cursors;
mod dead_letters;
mod follow;
mod otlp;
mod patience;
#[cfg(test)]
mod receiver;
mod record;
mod series;
mod sink;
mod syslog;
mod webhook;

pub use cursors::{CursorError, Cursors};
pub use dead_letters::DeadLetters;
pub use follow::{Follower, Health, Start, Surroundings, Terms};
pub use otlp::{Otlp, OtlpSettings};
pub use record::Record;
pub use sink::{Failure, Sent, Sink, Trouble};
pub use syslog::{Destination, Dialect, Facility, NotAFacility, Syslog};
pub use webhook::{ApiCalls, NotASecret, Secrets, Webhook, WebhookSettings};
