//! Log files, and the values that events in them are looked up by.

use keyward_model::{LookupAttribute, Timestamp, UnknownValue};
use keyward_store::{
    CanonicalRow, ChangeNumber, JournalRange, Scope, StoreError, TrailFilePlace, TrailFileRecord,
    TrailFilter, TrailObject, TrailValues, Versioned,
};
use rusqlite::{named_params, params};

use super::{count, stored};
use crate::columns::Columns;
use crate::fault::{Cause, Fault};
use crate::sql::{DecidingRow, Sql};

/// What every query of log files begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account, region, object, bucket, state, delivered_at, oldest, newest, records,
                    bytes, stored_bytes, hash, blocks, event_ids, digest_ended_at,
                    journal_segment, journal_from, journal_to,
                    change_shard, change_number, domain_key, mac
             FROM trail_files ",
            $rest
        )
    };
}

impl DecidingRow for TrailFileRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            name: TrailObject { scope: columns.scope()?, object: columns.value()? },
            bucket: columns.value()?,
            state: columns.word()?,
            delivered_at: columns.timestamp()?,
            oldest: columns.timestamp()?,
            newest: columns.timestamp()?,
            records: count(columns)?,
            bytes: count(columns)?,
            stored_bytes: count(columns)?,
            hash: columns.value()?,
            blocks: columns.value()?,
            event_ids: columns.value()?,
            digest_ended_at: columns.optional_timestamp().ok()?,
            journal: journal(columns).ok()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

pub(super) fn find(sql: &Sql<'_>, name: &TrailObject) -> Result<Option<TrailFileRecord>, Fault> {
    let TrailObject { scope, object } = name;
    let found = sql.find(
        select!("WHERE account = ?1 AND region = ?2 AND object = ?3"),
        params![scope.account.as_str(), scope.region.as_str(), object],
    )?;
    Ok(found.map(|found| found.record))
}

pub(super) fn staged(sql: &Sql<'_>, limit: u32) -> Result<Vec<TrailFileRecord>, Fault> {
    sql.list(select!("WHERE state = 'staged' ORDER BY row LIMIT ?1"), [limit])
}

pub(super) fn list(
    sql: &Sql<'_>,
    scope: &Scope,
    after: &str,
    limit: u32,
) -> Result<Vec<TrailFileRecord>, Fault> {
    sql.list(
        select!("WHERE account = ?1 AND region = ?2 AND object > ?3 ORDER BY object LIMIT ?4"),
        params![scope.account.as_str(), scope.region.as_str(), after, limit],
    )
}

/// Rows are long, so the page is chosen on the index and only its rows are read.
pub(super) fn matching(
    sql: &Sql<'_>,
    scope: &Scope,
    filter: &TrailFilter,
    (after, limit): (Option<&TrailFilePlace>, u32),
) -> Result<Vec<TrailFileRecord>, Fault> {
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    let from = filter.from.map_or(i64::MIN, Timestamp::unix_ms);
    let to = filter.to.map_or(i64::MAX, Timestamp::unix_ms);
    let newest = after.map_or(i64::MAX, |after| after.newest.unix_ms());
    let object = after.map_or("", |after| after.object.as_str());
    match &filter.attribute {
        None => sql.list(
            select!(
                "WHERE row IN (
                     SELECT row FROM trail_files
                     WHERE account = ?1 AND region = ?2 AND newest >= ?3 AND oldest <= ?4
                       AND (newest, object) < (?5, ?6)
                     ORDER BY newest DESC, object DESC LIMIT ?7)
                 ORDER BY newest DESC, object DESC"
            ),
            params![account, region, from, to, newest, object, limit],
        ),
        Some((attribute, value)) => sql.list(
            select!(
                "WHERE row IN (
                     SELECT file.row FROM trail_files AS file
                     WHERE account = ?1 AND region = ?2 AND newest >= ?3 AND oldest <= ?4
                       AND (newest, object) < (?5, ?6)
                       AND EXISTS (SELECT 1 FROM trail_values
                                   WHERE file = file.row AND attribute = ?8 AND value = ?9)
                     ORDER BY newest DESC, object DESC LIMIT ?7)
                 ORDER BY newest DESC, object DESC"
            ),
            params![account, region, from, to, newest, object, limit, attribute.as_str(), value],
        ),
    }
}

pub(super) fn newest(sql: &Sql<'_>, scope: &Scope) -> Result<Option<TrailFileRecord>, Fault> {
    let found = sql.find(
        select!(
            "WHERE row = (SELECT row FROM trail_files WHERE account = ?1 AND region = ?2
                          ORDER BY delivered_at DESC, object DESC LIMIT 1)"
        ),
        params![scope.account.as_str(), scope.region.as_str()],
    )?;
    Ok(found.map(|found| found.record))
}

pub(super) fn of_next_lines(
    sql: &Sql<'_>,
    segment: u64,
    from: u64,
) -> Result<Vec<TrailFileRecord>, Fault> {
    sql.list(
        select!(
            "WHERE (journal_segment, journal_from) =
                   (SELECT journal_segment, journal_from FROM trail_files
                    WHERE journal_segment IS NOT NULL
                      AND (journal_segment, journal_from) >= (?1, ?2)
                    ORDER BY journal_segment, journal_from LIMIT 1)
             ORDER BY account, region, object"
        ),
        params![bounded(segment), bounded(from)],
    )
}

pub(super) fn undigested(
    sql: &Sql<'_>,
    scope: &Scope,
    (until, ahead): (Timestamp, Timestamp),
    limit: u32,
) -> Result<Vec<TrailFileRecord>, Fault> {
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    sql.list(
        select!(
            "WHERE account = ?1 AND region = ?2 AND digest_ended_at IS NULL
               AND (delivered_at <= ?3 OR delivered_at > ?4) AND state = 'delivered'
             ORDER BY delivered_at, object LIMIT ?5"
        ),
        params![account, region, until.unix_ms(), ahead.unix_ms(), limit],
    )
}

pub(super) fn of_digest(
    sql: &Sql<'_>,
    scope: &Scope,
    ended_at: Timestamp,
) -> Result<Vec<TrailFileRecord>, Fault> {
    sql.list(
        select!(
            "WHERE account = ?1 AND region = ?2 AND digest_ended_at = ?3
             ORDER BY delivered_at, object"
        ),
        params![scope.account.as_str(), scope.region.as_str(), ended_at.unix_ms()],
    )
}

pub(super) fn indexed_before(
    sql: &Sql<'_>,
    time: Timestamp,
    limit: u32,
) -> Result<Vec<TrailFileRecord>, Fault> {
    sql.list(
        select!("WHERE event_ids IS NOT NULL AND newest < ?1 ORDER BY newest, row LIMIT ?2"),
        params![time.unix_ms(), limit],
    )
}

pub(super) fn values(
    sql: &Sql<'_>,
    name: &TrailObject,
) -> Result<Vec<(LookupAttribute, String)>, Fault> {
    let TrailObject { scope, object } = name;
    let mut statement = sql.statement(
        "SELECT attribute, value FROM trail_values
         WHERE file = (SELECT row FROM trail_files
                       WHERE account = ?1 AND region = ?2 AND object = ?3)
         ORDER BY attribute, value",
    )?;
    let mut rows =
        statement.query(params![scope.account.as_str(), scope.region.as_str(), object])?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let value = columns.word().and_then(|attribute| Some((attribute, columns.value()?)));
        values.push(value.ok_or(StoreError::Unreadable { table: "trail_values" })?);
    }
    Ok(values)
}

/// The log file in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<TrailFileRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// The next three columns: the lines that a file was made of, or nothing.
fn journal(columns: &mut Columns<'_>) -> Result<Option<JournalRange>, UnknownValue> {
    let [segment, from, to] =
        [(); 3].map(|()| columns.value::<Option<i64>>().map(|it| it.map(u64::try_from)));
    match (segment, from, to) {
        (Some(None), Some(None), Some(None)) => Ok(None),
        (Some(Some(Ok(segment))), Some(Some(Ok(from))), Some(Some(Ok(to)))) => {
            Ok(Some(JournalRange { segment, from, to }))
        }
        _ => Err(UnknownValue),
    }
}

/// A number as a query compares it: none is stored beyond the largest.
fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Adds or replaces a log file.
pub(crate) fn put(sql: &Sql<'_>, record: &TrailFileRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailFileRecord::shard(&record.name))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO trail_files
             (account, region, object, bucket, state, delivered_at, oldest, newest, records,
              bytes, stored_bytes, hash, blocks, event_ids, digest_ended_at,
              journal_segment, journal_from, journal_to,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :object, :bucket, :state, :delivered_at, :oldest, :newest,
              :records, :bytes, :stored_bytes, :hash, :blocks, :event_ids, :digest_ended_at,
              :journal_segment, :journal_from, :journal_to,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, object) DO UPDATE SET
             bucket = excluded.bucket, state = excluded.state,
             delivered_at = excluded.delivered_at, oldest = excluded.oldest,
             newest = excluded.newest, records = excluded.records, bytes = excluded.bytes,
             stored_bytes = excluded.stored_bytes, hash = excluded.hash,
             blocks = excluded.blocks, event_ids = excluded.event_ids,
             digest_ended_at = excluded.digest_ended_at,
             journal_segment = excluded.journal_segment,
             journal_from = excluded.journal_from, journal_to = excluded.journal_to,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.name.scope.account.as_str(),
            ":region": record.name.scope.region.as_str(),
            ":object": record.name.object,
            ":bucket": record.bucket,
            ":state": record.state.as_str(),
            ":delivered_at": record.delivered_at.unix_ms(),
            ":oldest": record.oldest.unix_ms(),
            ":newest": record.newest.unix_ms(),
            ":records": stored(record.records)?,
            ":bytes": stored(record.bytes)?,
            ":stored_bytes": stored(record.stored_bytes)?,
            ":hash": record.hash,
            ":blocks": record.blocks,
            ":event_ids": record.event_ids,
            ":digest_ended_at": record.digest_ended_at.map(Timestamp::unix_ms),
            ":journal_segment": record.journal.map(|it| stored(it.segment)).transpose()?,
            ":journal_from": record.journal.map(|it| stored(it.from)).transpose()?,
            ":journal_to": record.journal.map(|it| stored(it.to)).transpose()?,
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes a log file. Its values go with it.
pub(crate) fn delete(sql: &Sql<'_>, name: &TrailObject) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailFileRecord::shard(name))?;
    let TrailObject { scope, object } = name;
    sql.execute(
        "DELETE FROM trail_files WHERE account = ?1 AND region = ?2 AND object = ?3",
        params![scope.account.as_str(), scope.region.as_str(), object],
    )?;
    Ok(change)
}

/// Adds values of a log file.
pub(crate) fn put_values(sql: &Sql<'_>, values: &TrailValues) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailFileRecord::shard(&values.file))?;
    let row = handle(sql, &values.file)?;
    let mut statement = sql.statement(
        "INSERT INTO trail_values (file, attribute, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (file, attribute, value) DO NOTHING",
    )?;
    for (attribute, value) in &values.values {
        statement.execute(params![row, attribute.as_str(), value])?;
    }
    Ok(change)
}

/// Removes the values of a log file.
pub(crate) fn delete_values(sql: &Sql<'_>, name: &TrailObject) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailFileRecord::shard(name))?;
    let TrailObject { scope, object } = name;
    sql.execute(
        "DELETE FROM trail_values
         WHERE file = (SELECT row FROM trail_files
                       WHERE account = ?1 AND region = ?2 AND object = ?3)",
        params![scope.account.as_str(), scope.region.as_str(), object],
    )?;
    Ok(change)
}

fn handle(sql: &Sql<'_>, name: &TrailObject) -> Result<i64, Fault> {
    let TrailObject { scope, object } = name;
    let mut statement = sql.statement(
        "SELECT row FROM trail_files WHERE account = ?1 AND region = ?2 AND object = ?3",
    )?;
    let parameters = params![scope.account.as_str(), scope.region.as_str(), object];
    let mut rows = statement.query(parameters)?;
    match rows.next()? {
        Some(row) => Ok(row.get(0)?),
        None => Err(Cause::NoTrailFile.into()),
    }
}
