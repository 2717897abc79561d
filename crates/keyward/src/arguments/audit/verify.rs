//! What can be typed of `keyward audit verify`.

use std::path::PathBuf;

use clap::Args;
use keyward_model::{AccountId, Region, Timestamp};
use keyward_trail::format::parse_iso_date;

use crate::arguments::Deployment;

/// Prove that no delivered audit record was changed or lost
///
/// Follows the chain of digests of every account and Region from the newest one back: signatures,
/// links, times, and each log file they list. The database adds what files cannot tell: whether the
/// newest digests are missing, the log files that no digest lists yet, and the place of an edit to
/// the byte. What is still kept of the journal is compared with the log files made of it, so that
/// rows and files that are gone together are noticed. Works beside a running server and without one, and changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward audit verify --data-dir ./kms
  keyward audit verify --data-dir ./kms --account 111122223333 --start-time 2026-03-01T00:00:00Z
  keyward audit verify --data-dir ./kms --json | jq '.findings[]'
  keyward audit verify --data-dir ./kms --json | jq -c '.heads[]' >> /elsewhere/heads.jsonl
  keyward audit verify --data-dir ./kms --heads /elsewhere/heads.jsonl
  keyward audit verify --directory ./copy --public-keys ./public-keys.json

The last one verifies a copy of a bucket, of DIR/audit/keyward-audit or from S3, where there is no
database. Take the public keys (DIR/audit/public-keys.json) from where you trust them, not from
beside the copy. A chain that lost its newest digests looks there like one that ends sooner.

`--heads` notices that a whole older state was put back, database and all. Its file has lines of
JSON with `object` and `sha256`, kept where nobody who can do that can write: lines that --json
prints as `heads`, or the program's log in JSON, which tells of every digest. Other lines mean
nothing.

With the seal `passphrase` the database is read only if the passphrase is given.

Exit status: 0 valid, 1 not valid or not to be verified (the reason is on stderr), 2 wrong usage.
Not to be verified is what has no digests and no database, or is not there; and of a copy the log
files newer than its newest digest, which `--end-time` leaves out. Not valid is also a trail that
tells of losses itself, by its own records such as AuditRecordsLost or by lines set aside, later
than `--losses-known-until`.")]
pub(crate) struct AuditVerify {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Verify this copy of a bucket instead, without a database
    #[arg(long, value_name = "DIR", requires = "public_keys")]
    pub(crate) directory: Option<PathBuf>,
    /// The public keys of the copy's digests
    #[arg(long, value_name = "FILE", requires = "directory")]
    pub(crate) public_keys: Option<PathBuf>,
    /// Only this account's files
    #[arg(long, value_name = "N")]
    pub(crate) account: Option<AccountId>,
    /// Only this Region's files
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// Only what was delivered after this, such as 2026-03-04T10:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) start_time: Option<Timestamp>,
    /// Only what was delivered up to this
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) end_time: Option<Timestamp>,
    /// Demand that the digests this file names are in their chains
    #[arg(long, value_name = "FILE")]
    pub(crate) heads: Option<PathBuf>,
    /// Leave out the comparison with the journal that is still kept
    #[arg(long)]
    pub(crate) no_journal: bool,
    /// Losses that the trail tells of up to this are known, and are notes
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) losses_known_until: Option<Timestamp>,
    /// Print the outcome and all findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_time(text: &str) -> Result<Timestamp, &'static str> {
    parse_iso_date(text).ok_or("a time is in UTC and whole seconds, such as 2026-03-04T10:00:00Z")
}
