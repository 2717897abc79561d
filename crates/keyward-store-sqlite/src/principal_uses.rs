//! The last use of each access key and role.

use async_trait::async_trait;
use keyward_model::AccessKeyId;
use keyward_store::{
    CanonicalRow, ChangeNumber, PrincipalUseRecord, PrincipalUses, StoreError, UsedPrincipal,
    Versioned,
};
use rusqlite::named_params;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;
use crate::{credentials, entities};

#[async_trait]
impl PrincipalUses for SqliteStore {
    async fn find(
        &self,
        principal: &UsedPrincipal,
    ) -> Result<Option<PrincipalUseRecord>, StoreError> {
        let principal = principal.clone();
        self.read(move |sql| Ok(find(sql, &principal)?.map(|found| found.record))).await
    }
}

impl DecidingRow for PrincipalUseRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            principal: columns.word()?,
            used_at: columns.timestamp()?,
            service: columns.value()?,
            region: columns.word()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

fn find(
    sql: &Sql<'_>,
    principal: &UsedPrincipal,
) -> Result<Option<Versioned<PrincipalUseRecord>>, Fault> {
    sql.find(
        "SELECT principal, used_at, service, region,
                change_shard, change_number, domain_key, mac
         FROM principal_uses WHERE principal = ?1",
        [principal.to_string()],
    )
}

/// The last use in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<PrincipalUseRecord>>, Fault> {
    sql.find(
        "SELECT principal, used_at, service, region,
                change_shard, change_number, domain_key, mac
         FROM principal_uses WHERE row = ?1",
        [row],
    )
}

/// Remembers a use unless a newer one is remembered or what was used is gone. A forged row is no
/// newer one: it would keep the true uses out for ever.
pub(crate) fn put(sql: &Sql<'_>, record: &PrincipalUseRecord) -> Result<ChangeNumber, Fault> {
    let is_known = match find(sql, &record.principal) {
        Ok(found) => found.is_some_and(|found| found.record.used_at >= record.used_at),
        Err(Fault::Store(StoreError::Forged { .. })) => false,
        Err(fault) => return Err(fault),
    };
    if is_known || !exists(sql, &record.principal)? {
        return sql.next_change(PrincipalUseRecord::shard(&record.principal));
    }
    replace(sql, record)
}

fn exists(sql: &Sql<'_>, principal: &UsedPrincipal) -> Result<bool, Fault> {
    match principal {
        UsedPrincipal::AccessKey(id) => credentials::exists(sql, id),
        UsedPrincipal::Role(id) => entities::has_id(sql, id),
    }
}

/// Remembers a use, whatever is remembered.
pub(crate) fn replace(sql: &Sql<'_>, record: &PrincipalUseRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(PrincipalUseRecord::shard(&record.principal))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO principal_uses
             (principal, used_at, service, region, change_shard, change_number, domain_key, mac)
         VALUES
             (:principal, :used_at, :service, :region,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (principal) DO UPDATE SET
             used_at = excluded.used_at, service = excluded.service, region = excluded.region,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":principal": record.principal.to_string(),
            ":used_at": record.used_at.unix_ms(),
            ":service": record.service,
            ":region": record.region.as_str(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Forgets the last use of an access key.
pub(crate) fn delete_of_access_key(sql: &Sql<'_>, id: &AccessKeyId) -> Result<(), Fault> {
    let principal = UsedPrincipal::AccessKey(id.clone());
    sql.execute("DELETE FROM principal_uses WHERE principal = ?1", [principal.to_string()])?;
    Ok(())
}
