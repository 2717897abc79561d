//! Grants.

use async_trait::async_trait;
use keyward_model::{GrantId, Region, UnknownValue};
use keyward_store::{
    CanonicalRow, ChangeNumber, GrantConstraints, GrantFilter, GrantFingerprint, GrantPrincipal,
    GrantRecord, Grants, ScopedKey, StoreError, Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

/// What every query of grants begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account, region, key_id, grant_id, name, grantee_principal,
                    grantee_service_principal, retiring_principal, retiring_service_principal,
                    issuing_account, operations, encryption_context_equals,
                    encryption_context_subset, source_arn, fingerprint, created_at,
                    grantee_id, retiring_id, created_by_service,
                    change_shard, change_number, domain_key, mac
             FROM grants ",
            $rest
        )
    };
}

#[async_trait]
impl Grants for SqliteStore {
    async fn find(
        &self,
        key: &ScopedKey,
        grant_id: &GrantId,
    ) -> Result<Option<GrantRecord>, StoreError> {
        let (key, grant_id) = (key.clone(), *grant_id);
        self.read(move |sql| find(sql, &key, &grant_id)).await
    }

    async fn count(&self, key: &ScopedKey) -> Result<u32, StoreError> {
        let key = key.clone();
        self.read(move |sql| count_of_key(sql, &key)).await
    }

    async fn find_named(
        &self,
        key: &ScopedKey,
        fingerprint: &GrantFingerprint,
    ) -> Result<Option<GrantRecord>, StoreError> {
        let (key, fingerprint) = (key.clone(), *fingerprint);
        self.read(move |sql| find_named(sql, &key, &fingerprint)).await
    }

    async fn list(
        &self,
        key: &ScopedKey,
        filter: &GrantFilter,
        after: Option<&GrantId>,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        let (key, filter, after) = (key.clone(), filter.clone(), after.copied());
        self.read(move |sql| list(sql, &key, &filter, (after.as_ref(), limit))).await
    }

    async fn of_grantees(
        &self,
        key: &ScopedKey,
        grantees: &[GrantPrincipal<'_>],
    ) -> Result<Vec<GrantRecord>, StoreError> {
        let key = key.clone();
        let grantees: Vec<_> = grantees.iter().copied().map(of_grantee).collect();
        self.read(move |sql| {
            let mut found = Vec::new();
            for (query, grantee) in &grantees {
                found.extend(list_of_grantee(sql, &key, query, grantee)?);
            }
            Ok(found)
        })
        .await
    }

    async fn list_retirable(
        &self,
        region: &Region,
        retiring: GrantPrincipal<'_>,
        after: Option<&GrantId>,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        let (query, retiring) = of_retiring(retiring);
        let (region, after) = (region.clone(), after.copied());
        self.read(move |sql| {
            sql.list(query, params![region.as_str(), retiring, behind(after.as_ref()), limit])
        })
        .await
    }
}

impl DecidingRow for GrantRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            key: columns.scoped_key()?,
            grant_id: GrantId::new(columns.value()?),
            name: columns.value()?,
            grantee_principal: columns.value()?,
            grantee_service_principal: columns.value()?,
            retiring_principal: columns.value()?,
            retiring_service_principal: columns.value()?,
            issuing_account: columns.word()?,
            operations: columns.words()?,
            constraints: GrantConstraints {
                encryption_context_equals: pairs(columns).ok()?,
                encryption_context_subset: pairs(columns).ok()?,
                source_arn: columns.value()?,
            },
            fingerprint: columns.value()?,
            created_at: columns.timestamp()?,
            grantee_id: columns.optional_word().ok()?,
            retiring_id: columns.optional_word().ok()?,
            created_by_service: columns.value()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

/// The next column, the pairs of an encryption context constraint, or nothing.
fn pairs(columns: &mut Columns<'_>) -> Result<Option<Vec<(String, String)>>, UnknownValue> {
    let bytes: Option<Option<Vec<u8>>> = columns.value();
    let pairs = |bytes: Vec<u8>| GrantConstraints::pairs_from_bytes(&bytes).ok_or(UnknownValue);
    bytes.ok_or(UnknownValue)?.map(pairs).transpose()
}

/// The query for the grants of a key to a grantee, and the grantee.
fn of_grantee(grantee: GrantPrincipal<'_>) -> (&'static str, String) {
    match grantee {
        GrantPrincipal::Principal(arn) => (
            select!(
                "WHERE account = ?1 AND region = ?2 AND key_id = ?3 AND grantee_principal = ?4
                 ORDER BY grant_id"
            ),
            arn.to_owned(),
        ),
        GrantPrincipal::Service(name) => (
            select!(
                "WHERE account = ?1 AND region = ?2 AND key_id = ?3
                   AND grantee_service_principal = ?4
                 ORDER BY grant_id"
            ),
            name.to_owned(),
        ),
    }
}

/// The query for the grants that somebody may retire, and who.
fn of_retiring(retiring: GrantPrincipal<'_>) -> (&'static str, String) {
    match retiring {
        GrantPrincipal::Principal(arn) => (
            select!(
                "WHERE region = ?1 AND retiring_principal = ?2 AND grant_id > ?3
                 ORDER BY grant_id LIMIT ?4"
            ),
            arn.to_owned(),
        ),
        GrantPrincipal::Service(name) => (
            select!(
                "WHERE region = ?1 AND retiring_service_principal = ?2 AND grant_id > ?3
                 ORDER BY grant_id LIMIT ?4"
            ),
            name.to_owned(),
        ),
    }
}

fn list_of_grantee(
    sql: &Sql<'_>,
    key: &ScopedKey,
    query: &str,
    grantee: &str,
) -> Result<Vec<GrantRecord>, Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.list(
        query,
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str(), grantee],
    )
}

/// What ids are compared with to go on behind one; every id is behind no bytes.
fn behind(after: Option<&GrantId>) -> &[u8] {
    after.map_or(&[], |after| after.as_bytes())
}

const BY_ID: &str = select!("WHERE account = ?1 AND region = ?2 AND key_id = ?3 AND grant_id = ?4");
const BY_FINGERPRINT: &str =
    select!("WHERE account = ?1 AND region = ?2 AND key_id = ?3 AND fingerprint = ?4");

/// The grant.
pub(crate) fn find(
    sql: &Sql<'_>,
    key: &ScopedKey,
    grant_id: &GrantId,
) -> Result<Option<GrantRecord>, Fault> {
    let ScopedKey { scope, key_id } = key;
    let found = sql.find(
        BY_ID,
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            key_id.as_str(),
            grant_id.as_bytes()
        ],
    )?;
    Ok(found.map(|found| found.record))
}

/// The key's grant with this fingerprint.
pub(crate) fn find_named(
    sql: &Sql<'_>,
    key: &ScopedKey,
    fingerprint: &GrantFingerprint,
) -> Result<Option<GrantRecord>, Fault> {
    let ScopedKey { scope, key_id } = key;
    let found = sql.find(
        BY_FINGERPRINT,
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str(), fingerprint],
    )?;
    Ok(found.map(|found| found.record))
}

/// The most selective member of the filter picks the index; the query compares the others too.
fn filtered(filter: &GrantFilter) -> &'static str {
    if filter.grant_id.is_some() {
        select!(
            "WHERE account = :account AND region = :region AND key_id = :key_id
               AND grant_id = :grant_id AND grant_id > :after
               AND (:grantee IS NULL OR grantee_principal = :grantee)
               AND (:service IS NULL OR grantee_service_principal = :service)
             LIMIT :limit"
        )
    } else if filter.grantee_principal.is_some() {
        select!(
            "WHERE account = :account AND region = :region AND key_id = :key_id
               AND :grant_id IS NULL AND grant_id > :after
               AND grantee_principal = :grantee
               AND (:service IS NULL OR grantee_service_principal = :service)
             ORDER BY grant_id LIMIT :limit"
        )
    } else if filter.grantee_service_principal.is_some() {
        select!(
            "WHERE account = :account AND region = :region AND key_id = :key_id
               AND :grant_id IS NULL AND grant_id > :after AND :grantee IS NULL
               AND grantee_service_principal = :service
             ORDER BY grant_id LIMIT :limit"
        )
    } else {
        select!(
            "WHERE account = :account AND region = :region AND key_id = :key_id
               AND :grant_id IS NULL AND grant_id > :after
               AND :grantee IS NULL AND :service IS NULL
             ORDER BY grant_id LIMIT :limit"
        )
    }
}

fn list(
    sql: &Sql<'_>,
    key: &ScopedKey,
    filter: &GrantFilter,
    (after, limit): (Option<&GrantId>, u32),
) -> Result<Vec<GrantRecord>, Fault> {
    sql.list(
        filtered(filter),
        named_params! {
            ":account": key.scope.account.as_str(),
            ":region": key.scope.region.as_str(),
            ":key_id": key.key_id.as_str(),
            ":grant_id": filter.grant_id.as_ref().map(GrantId::as_bytes),
            ":grantee": filter.grantee_principal,
            ":service": filter.grantee_service_principal,
            ":after": behind(after),
            ":limit": limit,
        },
    )
}

/// The grant in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<GrantRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// How many grants the key has.
pub(crate) fn count_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<u32, Fault> {
    let ScopedKey { scope, key_id } = key;
    Ok(sql.count(
        "SELECT ifnull(
             (SELECT count FROM grant_counts WHERE account = ?1 AND region = ?2 AND key_id = ?3), 0)",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?)
}

/// Adds or replaces a grant.
pub(crate) fn put(sql: &Sql<'_>, record: &GrantRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(GrantRecord::shard(&record.key))?;
    let code = sql.code(record, change)?;
    let GrantConstraints { encryption_context_equals, encryption_context_subset, source_arn } =
        &record.constraints;
    let pairs = GrantConstraints::pairs_to_bytes;
    let params = named_params! {
        ":account": record.key.scope.account.as_str(),
        ":region": record.key.scope.region.as_str(),
        ":key_id": record.key.key_id.as_str(),
        ":grant_id": record.grant_id.as_bytes(),
        ":name": record.name,
        ":grantee_principal": record.grantee_principal,
        ":grantee_service_principal": record.grantee_service_principal,
        ":retiring_principal": record.retiring_principal,
        ":retiring_service_principal": record.retiring_service_principal,
        ":issuing_account": record.issuing_account.as_str(),
        ":operations": record.operation_list(),
        ":encryption_context_equals": encryption_context_equals.as_deref().map(pairs),
        ":encryption_context_subset": encryption_context_subset.as_deref().map(pairs),
        ":source_arn": source_arn,
        ":fingerprint": record.fingerprint,
        ":created_at": record.created_at.unix_ms(),
        ":grantee_id": record.grantee_id.map(|id| id.to_string()),
        ":retiring_id": record.retiring_id.map(|id| id.to_string()),
        ":created_by_service": record.created_by_service,
        ":change_shard": change.shard,
        ":change_number": code.number()?,
        ":domain_key": code.domain_key,
        ":mac": code.mac.as_slice(),
    };
    if sql.execute(UPDATE, params)? == 0 {
        sql.execute(INSERT, params)?;
        count_one_more(sql, &record.key)?;
    }
    Ok(change)
}

const UPDATE: &str = "UPDATE grants SET
         name = :name, grantee_principal = :grantee_principal,
         grantee_service_principal = :grantee_service_principal,
         retiring_principal = :retiring_principal,
         retiring_service_principal = :retiring_service_principal,
         issuing_account = :issuing_account, operations = :operations,
         encryption_context_equals = :encryption_context_equals,
         encryption_context_subset = :encryption_context_subset, source_arn = :source_arn,
         fingerprint = :fingerprint, created_at = :created_at, grantee_id = :grantee_id,
         retiring_id = :retiring_id, created_by_service = :created_by_service,
         change_shard = :change_shard, change_number = :change_number, domain_key = :domain_key, mac = :mac
     WHERE account = :account AND region = :region AND key_id = :key_id AND grant_id = :grant_id";

const INSERT: &str = "INSERT INTO grants
         (account, region, key_id, grant_id, name, grantee_principal, grantee_service_principal,
          retiring_principal, retiring_service_principal, issuing_account, operations,
          encryption_context_equals, encryption_context_subset, source_arn, fingerprint,
          created_at, grantee_id, retiring_id, created_by_service,
          change_shard, change_number, domain_key, mac)
     VALUES
         (:account, :region, :key_id, :grant_id, :name, :grantee_principal,
          :grantee_service_principal, :retiring_principal, :retiring_service_principal,
          :issuing_account, :operations, :encryption_context_equals,
          :encryption_context_subset, :source_arn, :fingerprint, :created_at,
          :grantee_id, :retiring_id, :created_by_service,
          :change_shard, :change_number, :domain_key, :mac)";

fn count_one_more(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "INSERT INTO grant_counts (account, region, key_id, count) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (account, region, key_id) DO UPDATE SET count = count + 1",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    Ok(())
}

/// Removes a grant.
pub(crate) fn delete(
    sql: &Sql<'_>,
    key: &ScopedKey,
    grant_id: &GrantId,
) -> Result<ChangeNumber, Fault> {
    let ScopedKey { scope, key_id } = key;
    let change = sql.next_change(GrantRecord::shard(key))?;
    let removed = sql.execute(
        "DELETE FROM grants
         WHERE account = ?1 AND region = ?2 AND key_id = ?3 AND grant_id = ?4",
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            key_id.as_str(),
            grant_id.as_bytes()
        ],
    )?;
    if removed > 0 {
        sql.execute(
            "UPDATE grant_counts SET count = max(count - 1, 0)
             WHERE account = ?1 AND region = ?2 AND key_id = ?3",
            params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
        )?;
    }
    Ok(change)
}

/// Removes every grant of a key, with one number of their shard.
pub(crate) fn delete_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    let params = params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()];
    sql.next_change(GrantRecord::shard(key))?;
    sql.execute("DELETE FROM grants WHERE account = ?1 AND region = ?2 AND key_id = ?3", params)?;
    sql.execute(
        "DELETE FROM grant_counts WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    /// Every step of the plan of a query.
    fn plan(query: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyward.db");
        drop(Database::open(&path).unwrap());
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let none = vec![""; statement.parameter_count()];
        let steps = statement.query_map(rusqlite::params_from_iter(none), |row| row.get(3));
        steps.unwrap().map(Result::unwrap).collect()
    }

    /// Or every request would pay for what its key grants to others, of which there may be
    /// thousands.
    #[test]
    fn grants_are_found_by_an_index_of_what_is_asked_and_never_sorted() {
        let (principal, service) = (GrantPrincipal::Principal("a"), GrantPrincipal::Service("a"));
        let text = || Some("a".to_owned());
        let all = GrantFilter::default();
        let one = GrantFilter { grant_id: Some(GrantId::new([0; 32])), ..all.clone() };
        let to_principal = GrantFilter { grantee_principal: text(), ..all.clone() };
        let to_service = GrantFilter { grantee_service_principal: text(), ..all.clone() };
        let by_key = "sqlite_autoindex_grants_1 (account=? AND region=? AND key_id=? AND grant_id";
        let with = |index: &str, member: &str, end: &str| {
            format!("{index} (account=? AND region=? AND key_id=? AND {member}=?{end})")
        };
        let behind = " AND grant_id>?";
        let (grantee, to) = ("grantee_principal", "grantee_service_principal");
        for (query, index) in [
            (BY_ID, format!("{by_key}=?)")),
            (BY_FINGERPRINT, with("grants_by_fingerprint", "fingerprint", "")),
            (of_grantee(principal).0, with("grants_by_grantee", grantee, "")),
            (of_grantee(service).0, with("grants_by_grantee_service", to, "")),
            (filtered(&all), format!("{by_key}>?)")),
            (filtered(&one), format!("{by_key}=?)")),
            (filtered(&to_principal), with("grants_by_grantee", grantee, behind)),
            (filtered(&to_service), with("grants_by_grantee_service", to, behind)),
            (
                of_retiring(principal).0,
                format!("grants_by_retiring (region=? AND retiring_principal=?{behind})"),
            ),
            (
                of_retiring(service).0,
                format!(
                    "grants_by_retiring_service (region=? AND retiring_service_principal=?{behind})"
                ),
            ),
        ] {
            assert_eq!(plan(query), [format!("SEARCH grants USING INDEX {index}")], "{query}");
        }
    }
}
