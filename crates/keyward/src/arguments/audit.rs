//! What can be asked of the audit trail.

mod events;
mod verify;

use clap::{Args, Subcommand};

use super::Deployment;
pub(crate) use events::{AuditSearch, AuditTail, Shown};
pub(crate) use verify::AuditVerify;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    Deliver(AuditDeliver),
    Search(AuditSearch),
    Tail(AuditTail),
    Verify(AuditVerify),
}

/// Deliver all audit records to log files now
///
/// A server does it every five minutes, and makes digests every hour, by itself. Prints the names
/// of the log files and digests, as they stand below DIR/audit.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  keyward audit deliver --data-dir ./kms --digest")]
pub(crate) struct AuditDeliver {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Make digests of what was delivered as well
    #[arg(long)]
    pub(crate) digest: bool,
    /// Print fileCount, digestCount, files and digests as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
