//! The audit trail behind the journal: how far its readers are, the log files and digests made of
//! it, and the keys that sign digests.

use std::str::FromStr;

use async_trait::async_trait;
use keyward_model::{LookupAttribute, Region, Timestamp, UnknownValue};

use crate::{CanonicalRow, ChangeNumber, Scope, StoreError};

/// How far a reader of the journal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailCursorRecord {
    /// The reader.
    pub name: String,
    /// The segment.
    pub segment: u64,
    /// The byte in it that the next line begins at.
    pub offset: u64,
}

/// Whether a log file or digest stands where readers look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailState {
    /// It is written, and on its way to its place.
    Staged,
    /// It is in its place.
    Delivered,
}

/// A log file or digest by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrailObject {
    /// Whose log it is.
    pub scope: Scope,
    /// `s3Object`: the path below the bucket.
    pub object: String,
}

/// Lines of the journal that follow one another, all of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalRange {
    /// The segment.
    pub segment: u64,
    /// The byte in it that the first line begins at.
    pub from: u64,
    /// Behind the last line's end.
    pub to: u64,
}

/// A log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailFileRecord {
    /// Its name.
    pub name: TrailObject,
    /// `s3Bucket`: the directory it is in.
    pub bucket: String,
    /// Whether it stands in its place.
    pub state: TrailState,
    /// When it was delivered; the minute is in its name.
    pub delivered_at: Timestamp,
    /// `oldestEventTime`.
    pub oldest: Timestamp,
    /// `newestEventTime`.
    pub newest: Timestamp,
    /// How many records it holds.
    pub records: u64,
    /// Its length, uncompressed.
    pub bytes: u64,
    /// Its length as it is stored.
    pub stored_bytes: u64,
    /// SHA-256 of the uncompressed content.
    pub hash: [u8; 32],
    /// Of every 256 bytes as they are stored, the first 4 of their SHA-256, so that the place of an
    /// edit can be told.
    pub blocks: Vec<u8>,
    /// A filter that tells which `eventID`s it may hold; absent once it is too old for lookups.
    pub event_ids: Option<Vec<u8>>,
    /// `digestEndTime` of the digest that lists it; absent while none does.
    pub digest_ended_at: Option<Timestamp>,
    /// The lines that it was made of, among them those that went to other files and those that are
    /// no records; absent of files that were made before it was noted.
    pub journal: Option<JournalRange>,
}

/// The distinct values in a log file of what events are looked up by, but for `EventId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailValues {
    /// The file.
    pub file: TrailObject,
    /// The values, each once.
    pub values: Vec<(LookupAttribute, String)>,
}

/// A digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailDigestRecord {
    /// Its name.
    pub name: TrailObject,
    /// `digestS3Bucket`: the directory it is in.
    pub bucket: String,
    /// Whether it stands in its place.
    pub state: TrailState,
    /// `digestStartTime`.
    pub started_at: Timestamp,
    /// `digestEndTime`.
    pub ended_at: Timestamp,
    /// Its length, uncompressed.
    pub bytes: u64,
    /// Its length as it is stored.
    pub stored_bytes: u64,
    /// SHA-256 of the uncompressed content.
    pub hash: [u8; 32],
    /// The signature.
    pub signature: Vec<u8>,
    /// `digestPublicKeyFingerprint`.
    pub fingerprint: String,
    /// The digest before it; absent in the first one.
    pub previous: Option<PreviousDigest>,
    /// As [`TrailFileRecord::blocks`].
    pub blocks: Vec<u8>,
}

/// What a digest says of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousDigest {
    /// `previousDigestS3Bucket`.
    pub bucket: String,
    /// `previousDigestS3Object`.
    pub object: String,
    /// `previousDigestHashValue`.
    pub hash: [u8; 32],
    /// `previousDigestSignature`.
    pub signature: Vec<u8>,
}

/// A key that signs the digests of a Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailSigningKeyRecord {
    /// `Fingerprint`.
    pub fingerprint: String,
    /// The Region.
    pub region: Region,
    /// `Value`: the public key, DER `RSAPublicKey`.
    pub public_key: Vec<u8>,
    /// The private key, sealed under a domain key and bound to this row.
    pub sealed_private_key: Vec<u8>,
    /// `ValidityStartTime`.
    pub valid_from: Timestamp,
    /// `ValidityEndTime`.
    pub valid_to: Timestamp,
}

/// Which log files are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// Those with an event that has this value. A filter by `EventId` finds nothing: ask the
    /// filters of the files.
    pub attribute: Option<(LookupAttribute, String)>,
    /// Those with an event that may not be older.
    pub from: Option<Timestamp>,
    /// Those with an event that may not be newer.
    pub to: Option<Timestamp>,
}

/// The place of a log file among those of its account and Region, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailFilePlace {
    /// `newestEventTime`.
    pub newest: Timestamp,
    /// `s3Object`.
    pub object: String,
}

impl TrailState {
    /// The word stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Delivered => "delivered",
        }
    }
}

impl FromStr for TrailState {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "staged" => Ok(Self::Staged),
            "delivered" => Ok(Self::Delivered),
            _ => Err(UnknownValue),
        }
    }
}

impl TrailObject {
    /// The shard that counts changes of this object of a table.
    fn shard(&self, table: &'static str) -> u8 {
        let Scope { account, region } = &self.scope;
        ChangeNumber::shard_of(&[
            table.as_bytes(),
            account.as_bytes(),
            region.as_str().as_bytes(),
            self.object.as_bytes(),
        ])
    }

    fn canonical(&self, table: &'static str) -> CanonicalRow {
        CanonicalRow::new(table)
            .bytes(self.scope.account.as_bytes())
            .bytes(self.scope.region.as_str().as_bytes())
            .bytes(self.object.as_bytes())
    }
}

impl TrailCursorRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "trail_cursors";

    /// The shard that counts changes of the cursor.
    pub fn shard(name: &str) -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), name.as_bytes()])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.name.as_bytes())
            .bytes(&self.segment.to_be_bytes())
            .bytes(&self.offset.to_be_bytes())
    }
}

impl TrailFileRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "trail_files";

    /// The shard that counts changes of the file.
    pub fn shard(name: &TrailObject) -> u8 {
        name.shard(Self::TABLE)
    }

    /// Its place among the others.
    pub fn place(&self) -> TrailFilePlace {
        TrailFilePlace { newest: self.newest, object: self.name.object.clone() }
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let row = self
            .name
            .canonical(Self::TABLE)
            .bytes(self.bucket.as_bytes())
            .bytes(self.state.as_str().as_bytes())
            .integer(self.delivered_at.unix_ms())
            .integer(self.oldest.unix_ms())
            .integer(self.newest.unix_ms())
            .bytes(&self.records.to_be_bytes())
            .bytes(&self.bytes.to_be_bytes())
            .bytes(&self.stored_bytes.to_be_bytes())
            .bytes(&self.hash)
            .bytes(&self.blocks)
            .optional(self.event_ids.as_deref())
            .optional_integer(self.digest_ended_at.map(Timestamp::unix_ms));
        let Some(JournalRange { segment, from, to }) = self.journal else { return row };
        row.columns_of_0005()
            .bytes(&segment.to_be_bytes())
            .bytes(&from.to_be_bytes())
            .bytes(&to.to_be_bytes())
    }
}

impl TrailDigestRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "trail_digests";

    /// The shard that counts changes of the digests of an account and Region.
    pub fn shard(scope: &Scope) -> u8 {
        let (account, region) = (scope.account.as_bytes(), scope.region.as_str().as_bytes());
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), account, region])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let previous = self.previous.as_ref();
        self.name
            .canonical(Self::TABLE)
            .bytes(self.bucket.as_bytes())
            .bytes(self.state.as_str().as_bytes())
            .integer(self.started_at.unix_ms())
            .integer(self.ended_at.unix_ms())
            .bytes(&self.bytes.to_be_bytes())
            .bytes(&self.stored_bytes.to_be_bytes())
            .bytes(&self.hash)
            .bytes(&self.signature)
            .bytes(self.fingerprint.as_bytes())
            .optional(previous.map(|previous| previous.bucket.as_bytes()))
            .optional(previous.map(|previous| previous.object.as_bytes()))
            .optional(previous.map(|previous| &previous.hash[..]))
            .optional(previous.map(|previous| &previous.signature[..]))
            .bytes(&self.blocks)
    }
}

impl TrailSigningKeyRecord {
    /// The table, as it stands in canonical rows and seal bindings. The row's identity there is the
    /// fingerprint.
    pub const TABLE: &'static str = "trail_signing_keys";

    /// The shard that counts changes of the key.
    pub fn shard(fingerprint: &str) -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), fingerprint.as_bytes()])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.fingerprint.as_bytes())
            .bytes(self.region.as_str().as_bytes())
            .bytes(&self.public_key)
            .bytes(&self.sealed_private_key)
            .integer(self.valid_from.unix_ms())
            .integer(self.valid_to.unix_ms())
    }
}

/// The audit trail behind the journal.
#[async_trait]
pub trait Trail: Send + Sync {
    /// How far a reader of the journal is; `None` when it never read.
    async fn cursor(&self, name: &str) -> Result<Option<TrailCursorRecord>, StoreError>;

    /// Every cursor, by name.
    async fn cursors(&self) -> Result<Vec<TrailCursorRecord>, StoreError>;

    /// The accounts and Regions that have a log file or digest, in their order. The names are
    /// believed without a code: they say where to look.
    async fn scopes(&self) -> Result<Vec<Scope>, StoreError>;

    /// The log file.
    async fn file(&self, name: &TrailObject) -> Result<Option<TrailFileRecord>, StoreError>;

    /// At most `limit` log files on their way to their place.
    async fn staged_files(&self, limit: u32) -> Result<Vec<TrailFileRecord>, StoreError>;

    /// At most `limit` log files of the account and Region in the order of their names, behind
    /// `after`.
    async fn list_files(
        &self,
        scope: &Scope,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError>;

    /// At most `limit` log files of the account and Region that may hold what is wanted, newest
    /// first, behind `after`. Staged ones are among them.
    async fn matching_files(
        &self,
        scope: &Scope,
        filter: &TrailFilter,
        after: Option<&TrailFilePlace>,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError>;

    /// The log file of the account and Region that was delivered last.
    async fn newest_file(&self, scope: &Scope) -> Result<Option<TrailFileRecord>, StoreError>;

    /// The log files of any account and Region that were made of the first lines, as far as that is
    /// known, that begin at this byte of the segment or behind it, in that segment or a later one.
    async fn next_journal_files(
        &self,
        segment: u64,
        from: u64,
    ) -> Result<Vec<TrailFileRecord>, StoreError>;

    /// At most `limit` log files that no digest lists, delivered not after `until`, or by a clock
    /// that was wrong after `ahead`, in the order of delivery.
    async fn undigested_files(
        &self,
        scope: &Scope,
        (until, ahead): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError>;

    /// The log files that the digest with this end lists, in the order of delivery.
    async fn files_of_digest(
        &self,
        scope: &Scope,
        ended_at: Timestamp,
    ) -> Result<Vec<TrailFileRecord>, StoreError>;

    /// At most `limit` log files with rows for lookups, whose newest event is before `time`.
    async fn indexed_files_before(
        &self,
        time: Timestamp,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError>;

    /// The values of a log file, in the order of attribute names and values.
    async fn values(
        &self,
        name: &TrailObject,
    ) -> Result<Vec<(LookupAttribute, String)>, StoreError>;

    /// The digest with this end.
    async fn digest(
        &self,
        scope: &Scope,
        ended_at: Timestamp,
    ) -> Result<Option<TrailDigestRecord>, StoreError>;

    /// The newest digest of the account and Region, staged or not.
    async fn newest_digest(&self, scope: &Scope) -> Result<Option<TrailDigestRecord>, StoreError>;

    /// At most `limit` digests of the account and Region, oldest first, that end after `after`.
    async fn list_digests(
        &self,
        scope: &Scope,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<TrailDigestRecord>, StoreError>;

    /// At most `limit` digests on their way to their place.
    async fn staged_digests(&self, limit: u32) -> Result<Vec<TrailDigestRecord>, StoreError>;

    /// At most `limit` digests of any account and Region that end before `time`, oldest first.
    async fn digests_before(
        &self,
        time: Timestamp,
        limit: u32,
    ) -> Result<Vec<TrailDigestRecord>, StoreError>;

    /// The signing keys of a Region, oldest first.
    async fn signing_keys(&self, region: &Region)
    -> Result<Vec<TrailSigningKeyRecord>, StoreError>;

    /// The signing keys of every Region, by Region, oldest first.
    async fn all_signing_keys(&self) -> Result<Vec<TrailSigningKeyRecord>, StoreError>;
}
