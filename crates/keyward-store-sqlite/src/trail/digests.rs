//! Digests of log files.

use keyward_model::{Timestamp, UnknownValue};
use keyward_store::{
    CanonicalRow, ChangeNumber, PreviousDigest, Scope, TrailDigestRecord, TrailObject, Versioned,
};
use rusqlite::{named_params, params};

use super::{count, stored};
use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};

/// What every query of digests begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account, region, object, bucket, state, started_at, ended_at, bytes,
                    stored_bytes, hash, signature, fingerprint, previous_bucket, previous_object,
                    previous_hash, previous_signature, blocks,
                    change_shard, change_number, domain_key, mac
             FROM trail_digests ",
            $rest
        )
    };
}

impl DecidingRow for TrailDigestRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            name: TrailObject { scope: columns.scope()?, object: columns.value()? },
            bucket: columns.value()?,
            state: columns.word()?,
            started_at: columns.timestamp()?,
            ended_at: columns.timestamp()?,
            bytes: count(columns)?,
            stored_bytes: count(columns)?,
            hash: columns.value()?,
            signature: columns.value()?,
            fingerprint: columns.value()?,
            previous: previous(columns).ok()?,
            blocks: columns.value()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

/// The next four columns: all of a digest's predecessor or nothing.
fn previous(columns: &mut Columns<'_>) -> Result<Option<PreviousDigest>, UnknownValue> {
    let bucket: Option<String> = columns.value().ok_or(UnknownValue)?;
    let object: Option<String> = columns.value().ok_or(UnknownValue)?;
    let hash: Option<[u8; 32]> = columns.value().ok_or(UnknownValue)?;
    let signature: Option<Vec<u8>> = columns.value().ok_or(UnknownValue)?;
    match (bucket, object, hash, signature) {
        (None, None, None, None) => Ok(None),
        (Some(bucket), Some(object), Some(hash), Some(signature)) => {
            Ok(Some(PreviousDigest { bucket, object, hash, signature }))
        }
        _ => Err(UnknownValue),
    }
}

pub(super) fn find(
    sql: &Sql<'_>,
    scope: &Scope,
    ended_at: Timestamp,
) -> Result<Option<TrailDigestRecord>, Fault> {
    let found = sql.find(
        select!("WHERE account = ?1 AND region = ?2 AND ended_at = ?3"),
        params![scope.account.as_str(), scope.region.as_str(), ended_at.unix_ms()],
    )?;
    Ok(found.map(|found| found.record))
}

pub(super) fn newest(sql: &Sql<'_>, scope: &Scope) -> Result<Option<TrailDigestRecord>, Fault> {
    let found = sql.find(
        select!("WHERE account = ?1 AND region = ?2 ORDER BY ended_at DESC LIMIT 1"),
        params![scope.account.as_str(), scope.region.as_str()],
    )?;
    Ok(found.map(|found| found.record))
}

pub(super) fn list(
    sql: &Sql<'_>,
    scope: &Scope,
    after: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<TrailDigestRecord>, Fault> {
    let after = after.map_or(i64::MIN, Timestamp::unix_ms);
    sql.list(
        select!("WHERE account = ?1 AND region = ?2 AND ended_at > ?3 ORDER BY ended_at LIMIT ?4"),
        params![scope.account.as_str(), scope.region.as_str(), after, limit],
    )
}

pub(super) fn staged(sql: &Sql<'_>, limit: u32) -> Result<Vec<TrailDigestRecord>, Fault> {
    sql.list(select!("WHERE state = 'staged' ORDER BY row LIMIT ?1"), [limit])
}

pub(super) fn before(
    sql: &Sql<'_>,
    time: Timestamp,
    limit: u32,
) -> Result<Vec<TrailDigestRecord>, Fault> {
    sql.list(
        select!("WHERE ended_at < ?1 ORDER BY ended_at, row LIMIT ?2"),
        params![time.unix_ms(), limit],
    )
}

/// The digest in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<TrailDigestRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// Adds or replaces a digest.
pub(crate) fn put(sql: &Sql<'_>, record: &TrailDigestRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailDigestRecord::shard(&record.name.scope))?;
    let code = sql.code(record, change)?;
    let previous = record.previous.as_ref();
    sql.execute(
        "INSERT INTO trail_digests
             (account, region, object, bucket, state, started_at, ended_at, bytes, stored_bytes,
              hash, signature, fingerprint, previous_bucket, previous_object, previous_hash,
              previous_signature, blocks, change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :object, :bucket, :state, :started_at, :ended_at, :bytes,
              :stored_bytes, :hash, :signature, :fingerprint, :previous_bucket, :previous_object,
              :previous_hash, :previous_signature, :blocks,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, ended_at) DO UPDATE SET
             object = excluded.object, bucket = excluded.bucket, state = excluded.state,
             started_at = excluded.started_at, bytes = excluded.bytes,
             stored_bytes = excluded.stored_bytes, hash = excluded.hash,
             signature = excluded.signature, fingerprint = excluded.fingerprint,
             previous_bucket = excluded.previous_bucket,
             previous_object = excluded.previous_object, previous_hash = excluded.previous_hash,
             previous_signature = excluded.previous_signature, blocks = excluded.blocks,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.name.scope.account.as_str(),
            ":region": record.name.scope.region.as_str(),
            ":object": record.name.object,
            ":bucket": record.bucket,
            ":state": record.state.as_str(),
            ":started_at": record.started_at.unix_ms(),
            ":ended_at": record.ended_at.unix_ms(),
            ":bytes": stored(record.bytes)?,
            ":stored_bytes": stored(record.stored_bytes)?,
            ":hash": record.hash,
            ":signature": record.signature,
            ":fingerprint": record.fingerprint,
            ":previous_bucket": previous.map(|previous| &previous.bucket),
            ":previous_object": previous.map(|previous| &previous.object),
            ":previous_hash": previous.map(|previous| previous.hash),
            ":previous_signature": previous.map(|previous| &previous.signature),
            ":blocks": record.blocks,
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes a digest.
pub(crate) fn delete(
    sql: &Sql<'_>,
    scope: &Scope,
    ended_at: Timestamp,
) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailDigestRecord::shard(scope))?;
    sql.execute(
        "DELETE FROM trail_digests WHERE account = ?1 AND region = ?2 AND ended_at = ?3",
        params![scope.account.as_str(), scope.region.as_str(), ended_at.unix_ms()],
    )?;
    Ok(change)
}
