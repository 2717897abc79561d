//! Access keys.

use async_trait::async_trait;
use keyward_model::{AccessKeyId, AccountId};
use keyward_store::{
    CanonicalRow, ChangeNumber, CredentialRecord, Credentials, StoreError, Versioned,
};
use rusqlite::named_params;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl Credentials for SqliteStore {
    async fn find(&self, id: &AccessKeyId) -> Result<Option<CredentialRecord>, StoreError> {
        let id = id.clone();
        self.read(move |sql| find(sql, &id)).await
    }

    async fn list(&self, account: &AccountId) -> Result<Vec<CredentialRecord>, StoreError> {
        let account = *account;
        self.read(move |sql| list(sql, &account)).await
    }
}

impl DecidingRow for CredentialRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            access_key_id: columns.word()?,
            account: columns.word()?,
            status: columns.word()?,
            sealed_secret: columns.value()?,
            created_at: columns.timestamp()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }

    fn sealed(&self) -> Option<&[u8]> {
        Some(&self.sealed_secret)
    }
}

fn find(sql: &Sql<'_>, id: &AccessKeyId) -> Result<Option<CredentialRecord>, Fault> {
    let found = sql.find(
        "SELECT access_key_id, account, status, sealed_secret, created_at,
                change_shard, change_number, domain_key, mac
         FROM credentials WHERE access_key_id = ?1",
        [id.as_str()],
    )?;
    Ok(found.map(|found| found.record))
}

fn list(sql: &Sql<'_>, account: &AccountId) -> Result<Vec<CredentialRecord>, Fault> {
    sql.list(
        "SELECT access_key_id, account, status, sealed_secret, created_at,
                change_shard, change_number, domain_key, mac
         FROM credentials WHERE account = ?1 ORDER BY created_at, row",
        [account.as_str()],
    )
}

/// The access key in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<CredentialRecord>>, Fault> {
    sql.find(
        "SELECT access_key_id, account, status, sealed_secret, created_at,
                change_shard, change_number, domain_key, mac
         FROM credentials WHERE row = ?1",
        [row],
    )
}

/// Adds or replaces an access key.
pub(crate) fn put(sql: &Sql<'_>, record: &CredentialRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(CredentialRecord::shard(&record.access_key_id))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO credentials
             (access_key_id, account, status, sealed_secret, created_at,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:access_key_id, :account, :status, :sealed_secret, :created_at,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (access_key_id) DO UPDATE SET
             account = excluded.account, status = excluded.status,
             sealed_secret = excluded.sealed_secret, created_at = excluded.created_at,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":access_key_id": record.access_key_id.as_str(),
            ":account": record.account.as_str(),
            ":status": record.status.as_str(),
            ":sealed_secret": record.sealed_secret,
            ":created_at": record.created_at.unix_ms(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes an access key.
pub(crate) fn delete(sql: &Sql<'_>, id: &AccessKeyId) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(CredentialRecord::shard(id))?;
    sql.execute("DELETE FROM credentials WHERE access_key_id = ?1", [id.as_str()])?;
    Ok(change)
}
