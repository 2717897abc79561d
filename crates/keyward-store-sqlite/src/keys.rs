//! KMS keys.

use async_trait::async_trait;
use keyward_model::{
    AccountId, KeyId, KeyManager, KeyMaterialId, MultiRegionSet, Region, Timestamp, UnknownValue,
};
use keyward_store::{
    CanonicalRow, ChangeNumber, KeyRecord, Keys, Rotation, Scope, ScopedKey, StoreError, Versioned,
};
use rusqlite::{OptionalExtension as _, named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;
use crate::{
    aliases, grants, import_wrapping_keys, key_counts, last_uses, materials, policies, tags,
};

/// What every query of keys begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account, region, key_id, spec, usage, origin, manager, state, is_multi_region,
                    description, created_at, deletion_date, pending_window_days, current_material,
                    primary_region, replica_regions, rotation_period_days, next_rotation,
                    on_demand_started, on_demand_count, settles_at,
                    change_shard, change_number, domain_key, mac
             FROM keys ",
            $rest
        )
    };
}

#[async_trait]
impl Keys for SqliteStore {
    async fn find(&self, key: &ScopedKey) -> Result<Option<Versioned<KeyRecord>>, StoreError> {
        let key = key.clone();
        self.read(move |sql| find(sql, &key)).await
    }

    async fn list(
        &self,
        scope: &Scope,
        after: Option<&KeyId>,
        limit: u32,
    ) -> Result<Vec<KeyId>, StoreError> {
        let (scope, after) = (scope.clone(), after.copied());
        self.read(move |sql| list(sql, &scope, after.as_ref(), limit)).await
    }

    async fn due_for_deletion(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScopedKey>, StoreError> {
        self.read(move |sql| due_for_deletion(sql, now, limit)).await
    }

    async fn due_for_rotation(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScopedKey>, StoreError> {
        self.read(move |sql| due_for_rotation(sql, now, limit)).await
    }

    async fn aws_managed_without_rotation(
        &self,
        limit: u32,
    ) -> Result<Vec<Versioned<KeyRecord>>, StoreError> {
        self.read(move |sql| aws_managed_without_rotation(sql, limit)).await
    }

    async fn members(
        &self,
        account: &AccountId,
        key_id: &KeyId,
    ) -> Result<Vec<Versioned<KeyRecord>>, StoreError> {
        let (account, key_id) = (*account, *key_id);
        self.read(move |sql| members(sql, &account, &key_id)).await
    }

    async fn unsettled(&self, now: Timestamp, limit: u32) -> Result<Vec<ScopedKey>, StoreError> {
        self.read(move |sql| unsettled(sql, now, limit)).await
    }
}

impl DecidingRow for KeyRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        let key = columns.scoped_key()?;
        let (spec, usage, origin) = (columns.word()?, columns.word()?, columns.word()?);
        let (manager, state) = (columns.word()?, columns.word()?);
        let is_multi_region = columns.value()?;
        let description = columns.value()?;
        let created_at = columns.timestamp()?;
        let deletion_date = columns.optional_timestamp().ok()?;
        let pending_window_days = columns.value()?;
        let current_material = columns.value::<Option<[u8; 32]>>()?.map(KeyMaterialId::new);
        let multi_region = multi_region(columns, &key.scope.region, is_multi_region).ok()?;
        let rotation = Rotation {
            period_days: columns.value()?,
            next_date: columns.optional_timestamp().ok()?,
            on_demand_started: columns.optional_timestamp().ok()?,
            on_demand_count: columns.value()?,
        };
        Some(Self {
            key,
            spec,
            usage,
            origin,
            manager,
            state,
            multi_region,
            description,
            created_at,
            deletion_date,
            pending_window_days,
            current_material,
            rotation,
            settles_at: columns.optional_timestamp().ok()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

/// The next two columns, the key's set. There is one way to write each: the set a key is born with
/// is its flag alone.
fn multi_region(
    columns: &mut Columns<'_>,
    region: &Region,
    is_multi_region: bool,
) -> Result<Option<MultiRegionSet>, UnknownValue> {
    let born_with = MultiRegionSet::of_primary(region.clone());
    let Some(primary) = columns.optional_word()? else {
        let replicas: Option<Option<String>> = columns.value();
        let is_alone = replicas == Some(None);
        return if is_alone { Ok(is_multi_region.then_some(born_with)) } else { Err(UnknownValue) };
    };
    let replicas = columns.words().ok_or(UnknownValue)?;
    let set = MultiRegionSet { primary, replicas };
    if is_multi_region && set != born_with { Ok(Some(set)) } else { Err(UnknownValue) }
}

/// The key.
pub(crate) fn find(sql: &Sql<'_>, key: &ScopedKey) -> Result<Option<Versioned<KeyRecord>>, Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.find(
        select!("WHERE account = ?1 AND region = ?2 AND key_id = ?3"),
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )
}

fn list(
    sql: &Sql<'_>,
    scope: &Scope,
    after: Option<&KeyId>,
    limit: u32,
) -> Result<Vec<KeyId>, Fault> {
    let keys: Vec<KeyRecord> = sql.list(
        select!(
            "WHERE account = ?1 AND region = ?2 AND key_id > ?3
         ORDER BY key_id LIMIT ?4"
        ),
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            after.map_or("", KeyId::as_str),
            limit
        ],
    )?;
    Ok(keys.into_iter().map(|key| key.key.key_id).collect())
}

fn due_for_deletion(sql: &Sql<'_>, now: Timestamp, limit: u32) -> Result<Vec<ScopedKey>, Fault> {
    let due = select!("WHERE deletion_date <= ?1 ORDER BY deletion_date, row");
    let keys: Vec<KeyRecord> = sql.list_genuine((due, params![now.unix_ms()]), limit)?;
    Ok(keys.into_iter().map(|key| key.key).collect())
}

fn due_for_rotation(sql: &Sql<'_>, now: Timestamp, limit: u32) -> Result<Vec<ScopedKey>, Fault> {
    let due = select!(
        "WHERE next_rotation <= ?1 AND state = 'Enabled'
           AND (primary_region IS NULL OR primary_region = region)
         ORDER BY next_rotation, row"
    );
    let keys: Vec<KeyRecord> = sql.list_genuine((due, params![now.unix_ms()]), limit)?;
    Ok(keys.into_iter().map(|key| key.key).collect())
}

fn aws_managed_without_rotation(
    sql: &Sql<'_>,
    limit: u32,
) -> Result<Vec<Versioned<KeyRecord>>, Fault> {
    sql.list_versioned(
        select!("WHERE manager = 'AWS' AND next_rotation IS NULL ORDER BY row LIMIT ?1"),
        params![limit],
    )
}

fn unsettled(sql: &Sql<'_>, now: Timestamp, limit: u32) -> Result<Vec<ScopedKey>, Fault> {
    let due = select!("WHERE settles_at <= ?1 ORDER BY settles_at, row");
    let keys: Vec<KeyRecord> = sql.list_genuine((due, params![now.unix_ms()]), limit)?;
    Ok(keys.into_iter().map(|key| key.key).collect())
}

fn members(
    sql: &Sql<'_>,
    account: &AccountId,
    key_id: &KeyId,
) -> Result<Vec<Versioned<KeyRecord>>, Fault> {
    sql.list_versioned(
        select!("WHERE account = ?1 AND key_id = ?2 AND is_multi_region = 1 ORDER BY region"),
        params![account.as_str(), key_id.as_str()],
    )
}

/// Whether there is a row of the key, genuine or not.
pub(crate) fn exists(sql: &Sql<'_>, key: &ScopedKey) -> Result<bool, Fault> {
    Ok(manager_of(sql, key)?.is_some())
}

/// Who manages the key by its row, genuine or not.
fn manager_of(sql: &Sql<'_>, key: &ScopedKey) -> Result<Option<String>, Fault> {
    let ScopedKey { scope, key_id } = key;
    let mut statement = sql
        .statement("SELECT manager FROM keys WHERE account = ?1 AND region = ?2 AND key_id = ?3")?;
    let params = params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()];
    Ok(statement.query_row(params, |row| row.get(0)).optional()?)
}

/// Whether a customer manages the key by its row.
fn is_of_customer(manager: Option<&str>) -> bool {
    manager == Some(KeyManager::Customer.as_str())
}

/// The key in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<KeyRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// Adds or replaces a key.
pub(crate) fn put(sql: &Sql<'_>, record: &KeyRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(record.key.shard())?;
    let code = sql.code(record, change)?;
    let before = manager_of(sql, &record.key)?;
    let (set, rotation) = (record.wider_set(), &record.rotation);
    sql.execute(
        PUT,
        named_params! {
            ":account": record.key.scope.account.as_str(),
            ":region": record.key.scope.region.as_str(),
            ":key_id": record.key.key_id.as_str(),
            ":spec": record.spec.as_str(),
            ":usage": record.usage.as_str(),
            ":origin": record.origin.as_str(),
            ":manager": record.manager.as_str(),
            ":state": record.state.as_str(),
            ":is_multi_region": record.multi_region.is_some(),
            ":description": record.description,
            ":created_at": record.created_at.unix_ms(),
            ":deletion_date": record.deletion_date.map(Timestamp::unix_ms),
            ":pending_window_days": record.pending_window_days,
            ":current_material": record.current_material.as_ref().map(KeyMaterialId::as_bytes),
            ":primary_region": set.map(|set| set.primary.as_str()),
            ":replica_regions": set.map(KeyRecord::replica_list),
            ":rotation_period_days": rotation.period_days,
            ":next_rotation": rotation.next_date.map(Timestamp::unix_ms),
            ":on_demand_started": rotation.on_demand_started.map(Timestamp::unix_ms),
            ":on_demand_count": rotation.on_demand_count,
            ":settles_at": record.settles_at.map(Timestamp::unix_ms),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    let counted = is_of_customer(before.as_deref());
    let counts = record.manager == KeyManager::Customer;
    key_counts::follow(sql, &record.key.scope, (counted, counts))?;
    Ok(change)
}

const PUT: &str = "INSERT INTO keys
         (account, region, key_id, spec, usage, origin, manager, state, is_multi_region,
          description, created_at, deletion_date, pending_window_days, current_material,
          primary_region, replica_regions, rotation_period_days, next_rotation,
          on_demand_started, on_demand_count, settles_at,
          change_shard, change_number, domain_key, mac)
     VALUES
         (:account, :region, :key_id, :spec, :usage, :origin, :manager, :state,
          :is_multi_region, :description, :created_at, :deletion_date, :pending_window_days,
          :current_material, :primary_region, :replica_regions, :rotation_period_days,
          :next_rotation, :on_demand_started, :on_demand_count, :settles_at,
          :change_shard, :change_number, :domain_key, :mac)
     ON CONFLICT (account, region, key_id) DO UPDATE SET
         spec = excluded.spec, usage = excluded.usage, origin = excluded.origin,
         manager = excluded.manager, state = excluded.state,
         is_multi_region = excluded.is_multi_region, description = excluded.description,
         created_at = excluded.created_at, deletion_date = excluded.deletion_date,
         pending_window_days = excluded.pending_window_days,
         current_material = excluded.current_material, primary_region = excluded.primary_region,
         replica_regions = excluded.replica_regions,
         rotation_period_days = excluded.rotation_period_days,
         next_rotation = excluded.next_rotation, on_demand_started = excluded.on_demand_started,
         on_demand_count = excluded.on_demand_count, settles_at = excluded.settles_at,
         change_shard = excluded.change_shard, change_number = excluded.change_number,
         domain_key = excluded.domain_key, mac = excluded.mac";

/// Removes a key with all that hangs on it.
pub(crate) fn delete(sql: &Sql<'_>, key: &ScopedKey) -> Result<ChangeNumber, Fault> {
    let before = manager_of(sql, key)?;
    aliases::delete_of_key(sql, key)?;
    grants::delete_of_key(sql, key)?;
    import_wrapping_keys::delete_of_key(sql, key)?;
    last_uses::delete_of_key(sql, key)?;
    materials::delete_of_key(sql, key)?;
    policies::delete_of_key(sql, key)?;
    tags::delete_of_key(sql, key)?;
    let change = sql.next_change(key.shard())?;
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "DELETE FROM keys WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    key_counts::follow(sql, scope, (is_of_customer(before.as_deref()), false))?;
    Ok(change)
}
