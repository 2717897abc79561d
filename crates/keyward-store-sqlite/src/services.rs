//! Internal services that an operator has registered.

use async_trait::async_trait;
use keyward_model::AccountId;
use keyward_store::{CanonicalRow, ChangeNumber, ServiceRecord, Services, StoreError, Versioned};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

/// What every query of services begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT name, account, kind, source_arn, source_account, role, owned_account, created_at,
                    change_shard, change_number, domain_key, mac
             FROM services ",
            $rest
        )
    };
}

#[async_trait]
impl Services for SqliteStore {
    async fn find(
        &self,
        name: &str,
        account: &AccountId,
    ) -> Result<Option<ServiceRecord>, StoreError> {
        let (name, account) = (name.to_owned(), *account);
        self.read(move |sql| find(sql, &name, &account)).await
    }

    async fn list(&self) -> Result<Vec<ServiceRecord>, StoreError> {
        self.read(|sql| sql.list(select!("ORDER BY name, account"), [])).await
    }
}

impl DecidingRow for ServiceRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            name: columns.value()?,
            account: columns.word()?,
            kind: columns.word()?,
            source_arn: columns.value()?,
            source_account: columns.optional_word().ok()?,
            role: columns.optional_word().ok()?,
            owned_account: columns.optional_word().ok()?,
            created_at: columns.timestamp()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

fn find(sql: &Sql<'_>, name: &str, account: &AccountId) -> Result<Option<ServiceRecord>, Fault> {
    let found =
        sql.find(select!("WHERE name = ?1 AND account = ?2"), params![name, account.as_str()])?;
    Ok(found.map(|found| found.record))
}

/// The service in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<ServiceRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// Registers a service, or registers it anew.
pub(crate) fn put(sql: &Sql<'_>, record: &ServiceRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(ServiceRecord::shard(&record.name, &record.account))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO services
             (name, account, kind, source_arn, source_account, role, owned_account, created_at,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:name, :account, :kind, :source_arn, :source_account, :role, :owned_account,
              :created_at, :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (name, account) DO UPDATE SET
             kind = excluded.kind, source_arn = excluded.source_arn,
             source_account = excluded.source_account, role = excluded.role,
             owned_account = excluded.owned_account, created_at = excluded.created_at,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":name": record.name,
            ":account": record.account.as_str(),
            ":kind": record.kind.as_str(),
            ":source_arn": record.source_arn,
            ":source_account": record.source_account.as_ref().map(AccountId::as_str),
            ":role": record.role.map(|id| id.to_string()),
            ":owned_account": record.owned_account.as_ref().map(AccountId::as_str),
            ":created_at": record.created_at.unix_ms(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes a registration.
pub(crate) fn delete(
    sql: &Sql<'_>,
    name: &str,
    account: &AccountId,
) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(ServiceRecord::shard(name, account))?;
    sql.execute(
        "DELETE FROM services WHERE name = ?1 AND account = ?2",
        params![name, account.as_str()],
    )?;
    Ok(change)
}
