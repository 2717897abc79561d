//! Access keys.

use async_trait::async_trait;
use keyward_model::{AccessKeyId, AccountId, UniqueId};
use keyward_store::{
    CanonicalRow, ChangeNumber, CredentialOwner, CredentialRecord, Credentials, StoreError,
    Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::principal_uses;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl Credentials for SqliteStore {
    async fn find(&self, id: &AccessKeyId) -> Result<Option<CredentialRecord>, StoreError> {
        let id = id.clone();
        self.read(move |sql| find(sql, &id)).await
    }

    async fn list(
        &self,
        account: &AccountId,
        owner: &CredentialOwner,
    ) -> Result<Vec<CredentialRecord>, StoreError> {
        let (account, owner) = (*account, owner.clone());
        self.read(move |sql| list(sql, &account, &owner)).await
    }

    async fn of_user(&self, user: &UniqueId) -> Result<Vec<CredentialRecord>, StoreError> {
        let owner = CredentialOwner::User(*user);
        self.read(move |sql| of_owner(sql, &owner)).await
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
            owner: columns.word()?,
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
        "SELECT access_key_id, account, status, sealed_secret, created_at, owner,
                change_shard, change_number, domain_key, mac
         FROM credentials WHERE access_key_id = ?1",
        [id.as_str()],
    )?;
    Ok(found.map(|found| found.record))
}

fn list(
    sql: &Sql<'_>,
    account: &AccountId,
    owner: &CredentialOwner,
) -> Result<Vec<CredentialRecord>, Fault> {
    sql.list(
        "SELECT access_key_id, account, status, sealed_secret, created_at, owner,
                change_shard, change_number, domain_key, mac
         FROM credentials WHERE owner = ?1 AND account = ?2 ORDER BY created_at, row",
        params![owner.to_string(), account.as_str()],
    )
}

fn of_owner(sql: &Sql<'_>, owner: &CredentialOwner) -> Result<Vec<CredentialRecord>, Fault> {
    sql.list(
        "SELECT access_key_id, account, status, sealed_secret, created_at, owner,
                change_shard, change_number, domain_key, mac
         FROM credentials WHERE owner = ?1 ORDER BY created_at, row",
        [owner.to_string()],
    )
}

/// How many access keys the owner has. Invented rows count: they can refuse, not permit.
pub(crate) fn count(
    sql: &Sql<'_>,
    account: &AccountId,
    owner: &CredentialOwner,
) -> Result<u32, Fault> {
    Ok(sql.count(
        "SELECT count(*) FROM credentials WHERE owner = ?1 AND account = ?2",
        params![owner.to_string(), account.as_str()],
    )?)
}

/// Whether there is such an access key, genuine or not.
pub(crate) fn exists(sql: &Sql<'_>, id: &AccessKeyId) -> Result<bool, Fault> {
    let count =
        sql.count("SELECT count(*) FROM credentials WHERE access_key_id = ?1", [id.as_str()])?;
    Ok(count > 0)
}

/// The access key in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<CredentialRecord>>, Fault> {
    sql.find(
        "SELECT access_key_id, account, status, sealed_secret, created_at, owner,
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
             (access_key_id, account, status, sealed_secret, created_at, owner,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:access_key_id, :account, :status, :sealed_secret, :created_at, :owner,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (access_key_id) DO UPDATE SET
             account = excluded.account, status = excluded.status,
             sealed_secret = excluded.sealed_secret, created_at = excluded.created_at,
             owner = excluded.owner,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":access_key_id": record.access_key_id.as_str(),
            ":account": record.account.as_str(),
            ":status": record.status.as_str(),
            ":sealed_secret": record.sealed_secret,
            ":created_at": record.created_at.unix_ms(),
            ":owner": record.owner.to_string(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes an access key with its last use.
pub(crate) fn delete(sql: &Sql<'_>, id: &AccessKeyId) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(CredentialRecord::shard(id))?;
    principal_uses::delete_of_access_key(sql, id)?;
    sql.execute("DELETE FROM credentials WHERE access_key_id = ?1", [id.as_str()])?;
    Ok(change)
}
