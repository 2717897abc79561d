//! Records to write, told apart by small numbers, and ways to write many at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use keyward_model::{
    AccountId, KeyId, KeyManager, KeyMaterialId, KeySpec, KeyState, KeyUsage, Origin, Timestamp,
};
use uuid::Uuid;

use super::numbered_keys::sealed;
use crate::{
    AccountRecord, AliasRecord, AuditRow, CredentialRecord, CredentialStatus, DomainKeyRecord,
    KeyRecord, MaterialRecord, PolicyRecord, Scope, ScopedAlias, ScopedKey, TagRecord, Write,
};

pub fn account(n: u32) -> AccountId {
    format!("1111{n:08}").parse().unwrap()
}

pub fn account_record(n: u32) -> AccountRecord {
    AccountRecord { account: account(n), created_at: time(n) }
}

pub fn alias(name: &str) -> ScopedAlias {
    scope().alias(name.parse().unwrap())
}

pub fn alias_record(name: &str, key: &ScopedKey) -> AliasRecord {
    let alias = key.scope.alias(name.parse().unwrap());
    AliasRecord { alias, target: key.key_id, created_at: time(1), updated_at: time(2) }
}

pub fn audit_row(n: u32) -> AuditRow {
    AuditRow { event_id: Uuid::from_u128(n.into()), line: format!("{{\"n\":{n}}}").into_bytes() }
}

pub fn credential_record(n: u32) -> CredentialRecord {
    CredentialRecord {
        access_key_id: format!("AKIA{n:016}").parse().unwrap(),
        account: account(0),
        status: CredentialStatus::Active,
        sealed_secret: sealed(1, &format!("secret {n}")),
        created_at: time(n),
    }
}

pub fn domain_key_record(number: u32) -> DomainKeyRecord {
    DomainKeyRecord { number, wrapped: vec![1, 2, 3], created_at: time(number) }
}

pub fn key(n: u32) -> ScopedKey {
    scope().key(key_id(n))
}

pub fn key_id(n: u32) -> KeyId {
    format!("{n:08x}-1234-4abc-8def-1234567890ab").parse().unwrap()
}

pub fn key_record(key: &ScopedKey) -> KeyRecord {
    KeyRecord {
        key: key.clone(),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        origin: Origin::AwsKms,
        manager: KeyManager::Customer,
        state: KeyState::Enabled,
        is_multi_region: false,
        description: "for tests".to_owned(),
        created_at: time(1),
        deletion_date: None,
        pending_window_days: None,
        current_material: Some(material_id(1)),
    }
}

pub fn material_id(n: u8) -> KeyMaterialId {
    KeyMaterialId::new([n; 32])
}

pub fn material_record(key: &ScopedKey, n: u8) -> MaterialRecord {
    MaterialRecord {
        key: key.clone(),
        material_id: material_id(n),
        sealed: sealed(1, &format!("material {n}")),
        created_at: time(n.into()),
    }
}

pub fn policy_record(key: &ScopedKey, document: &str) -> PolicyRecord {
    PolicyRecord { key: key.clone(), document: document.to_owned() }
}

pub fn scope() -> Scope {
    Scope { account: account(0), region: "eu-central-1".parse().unwrap() }
}

pub fn tag_record(key: &ScopedKey, tag_key: &str, tag_value: &str) -> TagRecord {
    let (tag_key, tag_value) = (tag_key.to_owned(), tag_value.to_owned());
    TagRecord { key: key.clone(), tag_key, tag_value }
}

pub fn time(n: u32) -> Timestamp {
    Timestamp::from_unix_ms(1_700_000_000_000 + i64::from(n))
}

pub fn put_key(key: &ScopedKey) -> Write {
    Write::PutKey(Box::new(key_record(key)))
}

/// A key with one row in every table that hangs on it.
pub fn put_whole_key(key: &ScopedKey, alias: &str) -> Vec<Write> {
    vec![
        put_key(key),
        Write::PutMaterial(material_record(key, 1)),
        Write::PutPolicy(policy_record(key, "{}")),
        Write::PutAlias(alias_record(alias, key)),
        Write::PutTag(tag_record(key, "team", "blue")),
    ]
}

/// Runs the futures side by side and answers their results in order.
pub async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|it| (Box::pin(it), None)).collect();
    poll_fn(|context| {
        for (future, result) in &mut running {
            if result.is_none()
                && let Poll::Ready(done) = Pin::new(future).poll(context)
            {
                *result = Some(done);
            }
        }
        let is_done = running.iter().all(|(_, result)| result.is_some());
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, result)| result).collect()
}
