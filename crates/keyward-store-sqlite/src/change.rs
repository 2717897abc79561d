//! One change, within the transaction it shares with others.

use keyward_store::{Change, ChangeNumber, CommitError, Committed, Precondition, Versioned, Write};

use crate::fault::Fault;
use crate::sql::Sql;
use crate::{
    accounts, aliases, credentials, entities, grants, import_wrapping_keys, key_counts, keys,
    last_uses, materials, outbox, policies, principal_uses, references, resealing, services, tags,
    trail,
};

/// Checks the preconditions, writes, and checks what is about the result of the writes. On an error
/// the caller rolls back.
pub(crate) fn apply(sql: &Sql<'_>, change: &Change) -> Result<Committed, CommitError> {
    for precondition in change.preconditions.iter().filter(|it| !is_about_the_result(it)) {
        require(sql, precondition)?;
    }
    let changes =
        change.writes.iter().map(|write| apply_write(sql, write)).collect::<Result<_, _>>()?;
    for precondition in change.preconditions.iter().filter(|it| is_about_the_result(it)) {
        require(sql, precondition)?;
    }
    for row in &change.audit {
        outbox::add(sql, row)?;
    }
    Ok(Committed { changes })
}

fn is_about_the_result(precondition: &Precondition) -> bool {
    matches!(precondition, Precondition::TagsAtMost(..))
}

fn require(sql: &Sql<'_>, precondition: &Precondition) -> Result<(), CommitError> {
    let (holds, count) = match precondition {
        Precondition::AliasAbsent(alias) => (aliases::find(sql, alias)?.is_none(), None),
        Precondition::AliasAt(alias, change) => {
            (is_at(aliases::find(sql, alias)?.as_ref(), *change), None)
        }
        Precondition::CredentialPresent(id) => (credentials::exists(sql, id)?, None),
        Precondition::EntityAbsent(entity) => (entities::find(sql, entity)?.is_none(), None),
        Precondition::EntityAt(entity, change) => {
            (is_at(entities::find(sql, entity)?.as_ref(), *change), None)
        }
        Precondition::GrantAbsent(key, fingerprint) => {
            (grants::find_named(sql, key, fingerprint)?.is_none(), None)
        }
        Precondition::GrantPresent(key, id) => (grants::find(sql, key, id)?.is_some(), None),
        Precondition::KeyAbsent(key) => (keys::find(sql, key)?.is_none(), None),
        Precondition::KeyAt(key, change) => (is_at(keys::find(sql, key)?.as_ref(), *change), None),
        Precondition::NotReferenced(target) => (references::count(sql, target)? == 0, None),
        Precondition::AliasesBelow(key, limit) => {
            let count = aliases::count_of_key(sql, key)?;
            (count < *limit, Some(count))
        }
        Precondition::CredentialsBelow(account, owner, limit) => {
            let count = credentials::count(sql, account, owner)?;
            (count < *limit, Some(count))
        }
        Precondition::EntitiesBelow(account, kind, limit) => {
            let count = entities::count(sql, account, *kind)?;
            (count < *limit, Some(count))
        }
        Precondition::GrantsBelow(key, limit) => {
            let count = grants::count_of_key(sql, key)?;
            (count < *limit, Some(count))
        }
        Precondition::KeysBelow(scope, limit) => {
            let count = key_counts::count(sql, scope)?;
            (count < *limit, Some(count))
        }
        Precondition::TagsAtMost(key, limit) => {
            let count = tags::count_of_key(sql, key)?;
            (count <= *limit, Some(count))
        }
    };
    match count {
        _ if holds => Ok(()),
        None => Err(CommitError::Conflict(precondition.clone())),
        Some(count) => Err(CommitError::AtLimit(precondition.clone(), count)),
    }
}

fn is_at<T>(found: Option<&Versioned<T>>, change: ChangeNumber) -> bool {
    found.is_some_and(|found| found.change == change)
}

fn apply_write(sql: &Sql<'_>, write: &Write) -> Result<ChangeNumber, Fault> {
    match write {
        Write::DeleteAlias(alias) => aliases::delete(sql, alias),
        Write::DeleteCredential(id) => credentials::delete(sql, id),
        Write::DeleteEntity(entity) => entities::delete(sql, entity),
        Write::DeleteGrant(key, id) => grants::delete(sql, key, id),
        Write::DeleteImportWrappingKey(token_id) => import_wrapping_keys::delete(sql, token_id),
        Write::DeleteKey(key) => keys::delete(sql, key),
        Write::DeleteMaterial(key, id) => materials::delete(sql, key, id),
        Write::DeleteService(name, account) => services::delete(sql, name, account),
        Write::DeleteTag(key, tag_key) => tags::delete(sql, key, tag_key),
        Write::DeleteTrailCursor(name) => trail::cursors::delete(sql, name),
        Write::DeleteTrailDigest(scope, ended_at) => trail::digests::delete(sql, scope, *ended_at),
        Write::DeleteTrailFile(name) => trail::files::delete(sql, name),
        Write::DeleteTrailValues(name) => trail::files::delete_values(sql, name),
        Write::PutAccount(record) => accounts::put(sql, record),
        Write::PutAlias(record) => aliases::put(sql, record),
        Write::PutCredential(record) => credentials::put(sql, record),
        Write::PutEntity(record) => entities::put(sql, record),
        Write::PutGrant(record) => grants::put(sql, record),
        Write::PutImportWrappingKey(record) => import_wrapping_keys::put(sql, record),
        Write::PutKey(record) => keys::put(sql, record),
        Write::PutLastUse(record) => last_uses::put(sql, record),
        Write::PutMaterial(record) => materials::put(sql, record),
        Write::PutPolicy(record) => policies::put(sql, record),
        Write::PutPrincipalUse(record) => principal_uses::put(sql, record),
        Write::PutService(record) => services::put(sql, record),
        Write::PutTag(record) => tags::put(sql, record),
        Write::PutTrailCursor(record) => trail::cursors::put(sql, record),
        Write::PutTrailDigest(record) => trail::digests::put(sql, record),
        Write::PutTrailFile(record) => trail::files::put(sql, record),
        Write::PutTrailSigningKey(record) => trail::signing_keys::put(sql, record),
        Write::PutTrailValues(values) => trail::files::put_values(sql, values),
        Write::Reseal(row) => resealing::reseal(sql, row),
    }
}
