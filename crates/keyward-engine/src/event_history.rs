//! What the engine's calls may ask of the audit trail: CloudTrail's LookupEvents and the public keys
//! of its digests. The trail itself stands behind a trait, because it lives on files.

use async_trait::async_trait;
use keyward_model::{AccountId, LookupAttribute, Region, Timestamp};

/// Which events of an account's Region are wanted.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// The account whose log is read.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// Only events that have this value, compared exactly.
    pub attribute: Option<(LookupAttribute, String)>,
    /// Not before, whole seconds.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
    /// Only events that stand behind this place, newest first.
    pub after: Option<EventPosition>,
    /// At most so many.
    pub limit: usize,
}

/// Where a page ended, in the words of the history that gave it out: nobody else reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPosition(pub String);

/// One page of events, newest first.
#[derive(Debug, Default)]
pub struct EventPage {
    /// The records, as delivered: compact JSON without what operators alone are told.
    pub records: Vec<Vec<u8>>,
    /// Where the next page begins; absent when there is none. A page may be short, even empty, and
    /// have a next one: the work of one lookup is bounded.
    pub next: Option<EventPosition>,
}

/// A key that digests are verified with.
#[derive(Clone, Debug)]
pub struct TrailPublicKey {
    /// DER `RSAPublicKey` (RFC 8017, A.1.1).
    pub value: Vec<u8>,
    /// `digestPublicKeyFingerprint` of the digests signed with it.
    pub fingerprint: String,
    /// Since when it signs.
    pub valid_from: Timestamp,
    /// Until when it signs.
    pub valid_to: Timestamp,
}

/// The trail all records go to, in the words of DescribeTrails.
#[derive(Clone, Debug)]
pub struct TrailDescription {
    /// Its name.
    pub name: String,
    /// `S3BucketName`: the directory above `AWSLogs`, or above the prefix.
    pub bucket: String,
    /// `S3KeyPrefix`, if there is one.
    pub prefix: Option<String>,
    /// The Region it was made in.
    pub home_region: Region,
}

/// How delivery to files stands for one account and Region.
#[derive(Clone, Debug, Default)]
pub struct TrailStatus {
    /// When the newest log file was delivered.
    pub latest_delivery: Option<Timestamp>,
    /// When the newest delivery was tried, of whatever account.
    pub latest_attempt: Option<Timestamp>,
    /// When the newest digest was.
    pub latest_digest_delivery: Option<Timestamp>,
    /// Why the newest delivery failed, if it did.
    pub latest_delivery_error: Option<String>,
    /// Why the newest digests were not made, if they were not.
    pub latest_digest_delivery_error: Option<String>,
    /// Since when records are kept.
    pub started: Option<Timestamp>,
}

/// The trail was not read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Other lookups, of the same account or of many, took too long to wait for.
    #[error("too many lookups in the audit trail at once")]
    Busy,
    /// No page ends at that place, or what stood there is gone.
    #[error("there is no such place in the audit trail")]
    UnknownPosition,
    /// It could not be read.
    #[error("the audit trail could not be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The audit trail, as far as calls may ask about it.
#[async_trait]
pub trait EventHistory: Send + Sync {
    /// The events that match, newest first, those not yet in a file included.
    async fn look_up(&self, query: &EventQuery) -> Result<EventPage, HistoryError>;

    /// The public keys that were valid at some time in the range, for digests of the Region.
    async fn public_keys(
        &self,
        region: &Region,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<TrailPublicKey>, HistoryError>;

    /// The trail.
    fn trail(&self) -> TrailDescription;

    /// How delivery stands.
    async fn status(
        &self,
        account: &AccountId,
        region: &Region,
    ) -> Result<TrailStatus, HistoryError>;
}
