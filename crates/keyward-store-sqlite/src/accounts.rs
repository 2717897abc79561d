//! Accounts.

use async_trait::async_trait;
use keyward_model::AccountId;
use keyward_store::{AccountRecord, Accounts, CanonicalRow, ChangeNumber, StoreError, Versioned};
use rusqlite::named_params;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl Accounts for SqliteStore {
    async fn find(&self, account: &AccountId) -> Result<Option<AccountRecord>, StoreError> {
        let account = *account;
        self.read(move |sql| find(sql, &account)).await
    }

    async fn list(&self) -> Result<Vec<AccountRecord>, StoreError> {
        self.read(list).await
    }
}

impl DecidingRow for AccountRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            account: columns.word()?,
            created_at: columns.timestamp()?,
            owner_service: columns.value()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

fn find(sql: &Sql<'_>, account: &AccountId) -> Result<Option<AccountRecord>, Fault> {
    let found = sql.find(
        "SELECT account, created_at, owner_service, change_shard, change_number, domain_key, mac
         FROM accounts WHERE account = ?1",
        [account.as_str()],
    )?;
    Ok(found.map(|found| found.record))
}

fn list(sql: &Sql<'_>) -> Result<Vec<AccountRecord>, Fault> {
    sql.list(
        "SELECT account, created_at, owner_service, change_shard, change_number, domain_key, mac
         FROM accounts ORDER BY account",
        [],
    )
}

/// The account in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<AccountRecord>>, Fault> {
    sql.find(
        "SELECT account, created_at, owner_service, change_shard, change_number, domain_key, mac
         FROM accounts WHERE row = ?1",
        [row],
    )
}

/// Adds an account, or writes it again.
pub(crate) fn put(sql: &Sql<'_>, record: &AccountRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(AccountRecord::shard(&record.account))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO accounts
             (account, created_at, owner_service, change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :created_at, :owner_service,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account) DO UPDATE SET
             created_at = excluded.created_at, owner_service = excluded.owner_service,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.account.as_str(),
            ":created_at": record.created_at.unix_ms(),
            ":owner_service": record.owner_service,
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}
