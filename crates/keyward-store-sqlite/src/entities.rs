//! What IAM names.

use async_trait::async_trait;
use keyward_model::{AccountId, UniqueId};
use keyward_store::{
    CanonicalRow, ChangeNumber, Entities, EntityBody, EntityKind, EntityName, EntityRecord,
    EntityTarget, StaleRow, StoreError, Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::references;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

/// What every query of entities begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account, kind, name, name_folded, unique_id, path, created_at, body, sealed,
                    change_shard, change_number, domain_key, mac
             FROM iam_entities ",
            $rest
        )
    };
}

/// An entity with its body's text, which the code is made over.
pub(crate) struct EntityRow {
    record: EntityRecord,
    body: String,
}

#[async_trait]
impl Entities for SqliteStore {
    async fn find(
        &self,
        entity: &EntityName,
    ) -> Result<Option<Versioned<EntityRecord>>, StoreError> {
        let entity = entity.clone();
        self.read(move |sql| find(sql, &entity)).await
    }

    async fn find_by_id(
        &self,
        id: &UniqueId,
    ) -> Result<Option<Versioned<EntityRecord>>, StoreError> {
        let id = *id;
        self.read(move |sql| find_by_id(sql, &id)).await
    }

    async fn list(
        &self,
        account: &AccountId,
        kind: EntityKind,
        path_prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<EntityRecord>, StoreError> {
        let (account, path_prefix) = (*account, path_prefix.to_owned());
        let after = after.map(str::to_ascii_lowercase).unwrap_or_default();
        self.read(move |sql| list(sql, (&account, kind), &path_prefix, (&after, limit))).await
    }

    async fn count(&self, account: &AccountId, kind: EntityKind) -> Result<u32, StoreError> {
        let account = *account;
        self.read(move |sql| count(sql, &account, kind)).await
    }

    async fn referrers(
        &self,
        target: &EntityTarget,
        after: Option<&EntityName>,
        limit: u32,
    ) -> Result<Vec<EntityName>, StoreError> {
        let (target, after) = (target.clone(), after.cloned());
        self.read(move |sql| references::list(sql, &target, after.as_ref(), limit)).await
    }

    async fn count_referrers(&self, target: &EntityTarget) -> Result<u32, StoreError> {
        let target = target.clone();
        self.read(move |sql| references::count(sql, &target)).await
    }
}

impl DecidingRow for EntityRow {
    const TABLE: &'static str = EntityRecord::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        let account = columns.word()?;
        let kind = columns.word()?;
        let name: String = columns.value()?;
        let is_folded = columns.value::<String>()? == name.to_ascii_lowercase();
        let unique_id = columns.optional_word().ok()?;
        let path = columns.value()?;
        let created_at = columns.timestamp()?;
        let text: String = columns.value()?;
        let body = EntityBody::from_row(kind, &text, columns.value()?)?;
        let record = EntityRecord { account, name, unique_id, path, created_at, body };
        is_folded.then_some(Self { record, body: text })
    }

    fn form(&self) -> CanonicalRow {
        self.record.canonical(&self.body)
    }

    fn sealed(&self) -> Option<&[u8]> {
        self.record.body.sealed()
    }
}

/// The entity.
pub(crate) fn find(
    sql: &Sql<'_>,
    entity: &EntityName,
) -> Result<Option<Versioned<EntityRecord>>, Fault> {
    let found = sql.find(
        select!("WHERE account = ?1 AND kind = ?2 AND name_folded = ?3"),
        params![entity.account.as_str(), entity.kind.as_str(), entity.folded()],
    )?;
    Ok(found.map(record))
}

fn find_by_id(sql: &Sql<'_>, id: &UniqueId) -> Result<Option<Versioned<EntityRecord>>, Fault> {
    Ok(sql.find(select!("WHERE unique_id = ?1"), [id.to_string()])?.map(record))
}

fn record(found: Versioned<EntityRow>) -> Versioned<EntityRecord> {
    Versioned { record: found.record.record, change: found.change }
}

fn list(
    sql: &Sql<'_>,
    (account, kind): (&AccountId, EntityKind),
    path_prefix: &str,
    (after, limit): (&str, u32),
) -> Result<Vec<EntityRecord>, Fault> {
    let rows: Vec<EntityRow> = sql.list(
        select!(
            "WHERE account = ?1 AND kind = ?2 AND name_folded > ?3
               AND substr(path, 1, length(?4)) = ?4
             ORDER BY name_folded LIMIT ?5"
        ),
        params![account.as_str(), kind.as_str(), after, path_prefix, limit],
    )?;
    Ok(rows.into_iter().map(|row| row.record).collect())
}

/// How many entities of the kind the account has. Invented rows count: they can refuse, not permit.
pub(crate) fn count(sql: &Sql<'_>, account: &AccountId, kind: EntityKind) -> Result<u32, Fault> {
    Ok(sql.count(
        "SELECT count(*) FROM iam_entities WHERE account = ?1 AND kind = ?2",
        params![account.as_str(), kind.as_str()],
    )?)
}

/// Whether an entity has this unique id, genuine or not.
pub(crate) fn has_id(sql: &Sql<'_>, id: &UniqueId) -> Result<bool, Fault> {
    let count =
        sql.count("SELECT count(*) FROM iam_entities WHERE unique_id = ?1", [id.to_string()])?;
    Ok(count > 0)
}

/// Adds or replaces an entity, and what the index has of it.
pub(crate) fn put(sql: &Sql<'_>, record: &EntityRecord) -> Result<ChangeNumber, Fault> {
    let row = EntityRow { body: record.body.to_text(), record: record.clone() };
    let change = write(sql, &row)?;
    references::replace(sql, record)?;
    Ok(change)
}

fn write(sql: &Sql<'_>, row: &EntityRow) -> Result<ChangeNumber, Fault> {
    let EntityRow { record, body } = row;
    let entity = record.entity_name();
    let change = sql.next_change(entity.shard())?;
    let code = sql.code(row, change)?;
    sql.execute(
        "INSERT INTO iam_entities
             (account, kind, name, name_folded, unique_id, path, created_at, body, sealed,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :kind, :name, :name_folded, :unique_id, :path, :created_at, :body, :sealed,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, kind, name_folded) DO UPDATE SET
             name = excluded.name, unique_id = excluded.unique_id, path = excluded.path,
             created_at = excluded.created_at, body = excluded.body, sealed = excluded.sealed,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.account.as_str(),
            ":kind": entity.kind.as_str(),
            ":name": record.name,
            ":name_folded": entity.folded(),
            ":unique_id": record.unique_id.map(|id| id.to_string()),
            ":path": record.path,
            ":created_at": record.created_at.unix_ms(),
            ":body": body,
            ":sealed": record.body.sealed(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes an entity with what the index has of it.
pub(crate) fn delete(sql: &Sql<'_>, entity: &EntityName) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(entity.shard())?;
    references::delete(sql, entity)?;
    let (account, kind) = (entity.account.as_str(), entity.kind.as_str());
    sql.execute(
        "DELETE FROM principal_uses WHERE principal =
             (SELECT ?2 || '/' || unique_id FROM iam_entities
              WHERE account = ?1 AND kind = ?2 AND name_folded = ?3)",
        params![account, kind, entity.folded()],
    )?;
    sql.execute(
        "DELETE FROM iam_entities WHERE account = ?1 AND kind = ?2 AND name_folded = ?3",
        params![account, kind, entity.folded()],
    )?;
    Ok(change)
}

/// At most `limit` handles of rows under a domain key numbered below `current`, with what is sealed
/// in them and what names them.
pub(crate) const STALE: &str = "SELECT row, sealed, account, kind, name FROM iam_entities
     WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2";

/// The identity of a row of [`STALE`], from its third column on.
pub(crate) fn identity(columns: &mut Columns<'_>) -> Option<Vec<u8>> {
    let (account, kind) = (columns.word()?, columns.word()?);
    let name: String = columns.value()?;
    Some(EntityName::new(account, kind, name).row_identity())
}

/// Writes the row again with the sealed value given, its text as it is; nothing when it is gone or
/// holds another sealed value by now.
pub(crate) fn reseal(sql: &Sql<'_>, stale: &StaleRow) -> Result<Option<ChangeNumber>, Fault> {
    let found: Option<Versioned<EntityRow>> =
        sql.find(select!("WHERE row = ?1"), [stale.handle])?;
    let Some(Versioned { record: mut row, .. }) = found else { return Ok(None) };
    let held = stale.sealed.clone().and_then(|new| row.record.body.replace_sealed(new));
    if held != stale.previous {
        return Ok(None);
    }
    write(sql, &row).map(Some)
}
