//! The keys that sign digests.

use keyward_model::Region;
use keyward_store::{CanonicalRow, ChangeNumber, TrailSigningKeyRecord, Versioned};
use rusqlite::named_params;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};

/// What every query of signing keys begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT fingerprint, region, public_key, sealed_private_key, valid_from, valid_to,
                    change_shard, change_number, domain_key, mac
             FROM trail_signing_keys ",
            $rest
        )
    };
}

impl DecidingRow for TrailSigningKeyRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            fingerprint: columns.value()?,
            region: columns.word()?,
            public_key: columns.value()?,
            sealed_private_key: columns.value()?,
            valid_from: columns.timestamp()?,
            valid_to: columns.timestamp()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }

    fn sealed(&self) -> Option<&[u8]> {
        Some(&self.sealed_private_key)
    }
}

pub(super) fn of_region(
    sql: &Sql<'_>,
    region: &Region,
) -> Result<Vec<TrailSigningKeyRecord>, Fault> {
    sql.list(select!("WHERE region = ?1 ORDER BY valid_from, fingerprint"), [region.as_str()])
}

pub(super) fn list(sql: &Sql<'_>) -> Result<Vec<TrailSigningKeyRecord>, Fault> {
    sql.list(select!("ORDER BY region, valid_from, fingerprint"), [])
}

/// The signing key in the row with this handle.
pub(crate) fn at(
    sql: &Sql<'_>,
    row: i64,
) -> Result<Option<Versioned<TrailSigningKeyRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// Adds or replaces a signing key.
pub(crate) fn put(sql: &Sql<'_>, record: &TrailSigningKeyRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailSigningKeyRecord::shard(&record.fingerprint))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO trail_signing_keys
             (fingerprint, region, public_key, sealed_private_key, valid_from, valid_to,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:fingerprint, :region, :public_key, :sealed_private_key, :valid_from, :valid_to,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (fingerprint) DO UPDATE SET
             region = excluded.region, public_key = excluded.public_key,
             sealed_private_key = excluded.sealed_private_key,
             valid_from = excluded.valid_from, valid_to = excluded.valid_to,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":fingerprint": record.fingerprint,
            ":region": record.region.as_str(),
            ":public_key": record.public_key,
            ":sealed_private_key": record.sealed_private_key,
            ":valid_from": record.valid_from.unix_ms(),
            ":valid_to": record.valid_to.unix_ms(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}
