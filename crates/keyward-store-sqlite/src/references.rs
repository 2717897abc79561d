//! The index of what entities name. Its rows carry no code: what is deduced from one is asked of the
//! entity itself.

use keyward_store::{EntityName, EntityRecord, EntityTarget};
use rusqlite::params;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::Sql;

/// At most `limit` entities that name the target, behind `after`, by kind and folded name.
pub(crate) fn list(
    sql: &Sql<'_>,
    target: &EntityTarget,
    after: Option<&EntityName>,
    limit: u32,
) -> Result<Vec<EntityName>, Fault> {
    let mut statement = sql.statement(
        "SELECT account, referrer_kind, referrer_name FROM iam_references
         WHERE account = ?1 AND relation = ?2 AND target = ?3
           AND (referrer_kind, referrer_folded) > (?4, ?5)
         ORDER BY referrer_kind, referrer_folded LIMIT ?6",
    )?;
    let mut rows = statement.query(params![
        target.account.as_str(),
        target.relation.as_str(),
        target.target,
        after.map_or("", |after| after.kind.as_str()),
        after.map(EntityName::folded).unwrap_or_default(),
        limit,
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name = name(&mut Columns::of(row));
        found.push(name.ok_or(keyward_store::StoreError::Unreadable { table: TABLE })?);
    }
    Ok(found)
}

const TABLE: &str = "iam_references";

fn name(columns: &mut Columns<'_>) -> Option<EntityName> {
    Some(EntityName { account: columns.word()?, kind: columns.word()?, name: columns.value()? })
}

/// How many entities name the target.
pub(crate) fn count(sql: &Sql<'_>, target: &EntityTarget) -> Result<u32, Fault> {
    Ok(sql.count(
        "SELECT count(*) FROM iam_references
         WHERE account = ?1 AND relation = ?2 AND target = ?3",
        params![target.account.as_str(), target.relation.as_str(), target.target],
    )?)
}

/// Writes what the entity names now in place of what it named.
pub(crate) fn replace(sql: &Sql<'_>, record: &EntityRecord) -> Result<(), Fault> {
    let entity = record.entity_name();
    delete(sql, &entity)?;
    for (relation, target) in record.body.references() {
        sql.execute(
            "INSERT INTO iam_references
                 (account, relation, target, referrer_kind, referrer_folded, referrer_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                entity.account.as_str(),
                relation.as_str(),
                target,
                entity.kind.as_str(),
                entity.folded(),
                record.name,
            ],
        )?;
    }
    Ok(())
}

/// Removes what the entity names.
pub(crate) fn delete(sql: &Sql<'_>, entity: &EntityName) -> Result<(), Fault> {
    sql.execute(
        "DELETE FROM iam_references
         WHERE account = ?1 AND referrer_kind = ?2 AND referrer_folded = ?3",
        params![entity.account.as_str(), entity.kind.as_str(), entity.folded()],
    )?;
    Ok(())
}
