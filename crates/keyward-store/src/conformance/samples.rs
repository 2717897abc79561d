//! Records to write, told apart by small numbers, and ways to write many at once.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use keyward_model::{
    AccountId, GrantId, GrantOperation, KeyId, KeyManager, KeyMaterialId, KeyMaterialState,
    KeySpec, KeyState, KeyUsage, Origin, Region, Timestamp, UniqueId, UniqueIdKind,
    WrappingAlgorithm, WrappingKeySpec,
};
use uuid::Uuid;

use super::numbered_keys::sealed;
use crate::{
    AccountRecord, AliasRecord, AuditRow, CredentialOwner, CredentialRecord, CredentialStatus,
    DomainKeyRecord, EntityBody, EntityKind, EntityRecord, GrantConstraints, GrantRecord,
    GroupBody, ImportTokenId, ImportWrappingKeyRecord, KeyRecord, LastUseRecord, MaterialRecord,
    MfaDeviceBody, PolicyRecord, PreviousDigest, PrincipalUseRecord, RoleBody, Rotation, Scope,
    ScopedAlias, ScopedKey, ServiceKind, ServiceRecord, TagRecord, TrailCursorRecord,
    TrailDigestRecord, TrailFileRecord, TrailObject, TrailSigningKeyRecord, TrailState,
    UsedPrincipal, UserBody, Write,
};

pub fn account(n: u32) -> AccountId {
    format!("1111{n:08}").parse().unwrap()
}

pub fn account_record(n: u32) -> AccountRecord {
    AccountRecord { account: account(n), created_at: time(n), owner_service: None }
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
        owner: CredentialOwner::Root,
        status: CredentialStatus::Active,
        sealed_secret: sealed(1, &format!("secret {n}")),
        created_at: time(n),
    }
}

pub fn domain_key_record(number: u32) -> DomainKeyRecord {
    DomainKeyRecord { number, wrapped: vec![1, 2, 3], created_at: time(number) }
}

/// An entity, numbered or named by `n`; a user, group, role or policy has the unique id of this
/// number.
pub fn entity_record(n: u32, name: &str, body: EntityBody) -> EntityRecord {
    let unique_id = match body.kind() {
        EntityKind::Group => Some(unique_id(UniqueIdKind::Group, n)),
        EntityKind::Policy => Some(unique_id(UniqueIdKind::Policy, n)),
        EntityKind::Role => Some(unique_id(UniqueIdKind::Role, n)),
        EntityKind::User => Some(unique_id(UniqueIdKind::User, n)),
        EntityKind::MfaDevice | EntityKind::OidcProvider => None,
    };
    let (account, name, path) = (account(0), name.to_owned(), "/".to_owned());
    EntityRecord { account, name, unique_id, path, created_at: time(n), body }
}

pub fn user_record(n: u32, name: &str) -> EntityRecord {
    entity_record(n, name, EntityBody::User(UserBody::default()))
}

pub fn group_record(n: u32, name: &str) -> EntityRecord {
    entity_record(n, name, EntityBody::Group(GroupBody::default()))
}

pub fn role_record(n: u32, name: &str) -> EntityRecord {
    entity_record(n, name, EntityBody::Role(RoleBody::default()))
}

pub fn mfa_device_record(n: u32, name: &str) -> EntityRecord {
    let sealed_seed = sealed(1, &format!("seed {n}"));
    let body = MfaDeviceBody { sealed_seed, ..MfaDeviceBody::default() };
    entity_record(n, name, EntityBody::MfaDevice(body))
}

pub fn grant_id(n: u32) -> GrantId {
    let mut bytes = [0; 32];
    bytes.split_last_chunk_mut::<4>().unwrap().1.copy_from_slice(&n.to_be_bytes());
    GrantId::new(bytes)
}

/// A named grant to one user that another may retire.
pub fn grant_record(key: &ScopedKey, n: u32) -> GrantRecord {
    GrantRecord {
        key: key.clone(),
        grant_id: grant_id(n),
        name: Some(format!("grant {n}")),
        grantee_principal: Some(user("alice")),
        grantee_service_principal: None,
        retiring_principal: Some(user("bob")),
        retiring_service_principal: None,
        issuing_account: account(0),
        operations: vec![GrantOperation::Decrypt, GrantOperation::Encrypt],
        constraints: GrantConstraints {
            encryption_context_subset: Some(vec![("team".to_owned(), "blue".to_owned())]),
            ..GrantConstraints::default()
        },
        fingerprint: Some(*grant_id(n).as_bytes()),
        created_at: time(n),
        grantee_id: None,
        retiring_id: None,
        created_by_service: None,
    }
}

pub fn import_token_id(n: u32) -> ImportTokenId {
    *grant_id(n).as_bytes()
}

pub fn import_wrapping_key_record(key: &ScopedKey, n: u32) -> ImportWrappingKeyRecord {
    ImportWrappingKeyRecord {
        token_id: import_token_id(n),
        key: key.clone(),
        algorithm: WrappingAlgorithm::RsaesOaepSha256,
        wrapping_key_spec: WrappingKeySpec::Rsa4096,
        sealed_private_key: sealed(1, &format!("private key {n}")),
        expires_at: time(n + 10),
        created_at: time(n),
    }
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
        multi_region: None,
        description: "for tests".to_owned(),
        created_at: time(1),
        deletion_date: None,
        pending_window_days: None,
        current_material: Some(material_id(1)),
        rotation: Rotation::default(),
        settles_at: None,
    }
}

pub fn last_use_record(key: &ScopedKey, n: u32) -> LastUseRecord {
    LastUseRecord {
        key: key.clone(),
        operation: "Encrypt".to_owned(),
        used_at: time(n),
        event_id: Uuid::from_u128(n.into()),
        request_id: Uuid::from_u128(u128::from(n) + 1),
    }
}

pub fn material_id(n: u8) -> KeyMaterialId {
    KeyMaterialId::new([n; 32])
}

pub fn material_record(key: &ScopedKey, n: u8) -> MaterialRecord {
    MaterialRecord {
        key: key.clone(),
        material_id: material_id(n),
        sealed: Some(sealed(1, &format!("material {n}"))),
        public_key: None,
        state: KeyMaterialState::Current,
        rotated_at: None,
        rotation_type: None,
        description: None,
        expires_at: None,
        created_at: time(n.into()),
    }
}

pub fn policy_record(key: &ScopedKey, document: &str) -> PolicyRecord {
    PolicyRecord { key: key.clone(), document: document.to_owned(), bindings: BTreeMap::new() }
}

pub fn principal_use_record(principal: UsedPrincipal, n: u32) -> PrincipalUseRecord {
    let (service, region) = ("kms".to_owned(), "eu-central-1".parse().unwrap());
    PrincipalUseRecord { principal, used_at: time(n), service, region }
}

pub fn scope() -> Scope {
    Scope { account: account(0), region: "eu-central-1".parse().unwrap() }
}

pub fn service_record(name: &str) -> ServiceRecord {
    ServiceRecord {
        name: name.to_owned(),
        account: account(0),
        kind: ServiceKind::OnBehalf,
        source_arn: None,
        source_account: None,
        role: None,
        owned_account: None,
        created_at: time(1),
    }
}

pub fn tag_record(key: &ScopedKey, tag_key: &str, tag_value: &str) -> TagRecord {
    let (tag_key, tag_value) = (tag_key.to_owned(), tag_value.to_owned());
    TagRecord { key: key.clone(), tag_key, tag_value }
}

pub fn time(n: u32) -> Timestamp {
    Timestamp::from_unix_ms(1_700_000_000_000 + i64::from(n))
}

pub fn trail_cursor_record(n: u32) -> TrailCursorRecord {
    TrailCursorRecord { name: "delivery".to_owned(), segment: 3, offset: n.into() }
}

pub fn trail_digest_record(scope: &Scope, n: u32) -> TrailDigestRecord {
    let object = |n: u32| format!("AWSLogs/CloudTrail-Digest/{n:08}.json.gz");
    let byte = u8::try_from(n % 200).unwrap();
    TrailDigestRecord {
        name: TrailObject { scope: scope.clone(), object: object(n) },
        bucket: "audit".to_owned(),
        state: TrailState::Delivered,
        started_at: time(n),
        ended_at: time(n + 1),
        bytes: 900,
        stored_bytes: 400,
        hash: [byte; 32],
        signature: vec![byte; 256],
        fingerprint: format!("{n:032x}"),
        previous: Some(PreviousDigest {
            bucket: "audit".to_owned(),
            object: object(n - 1),
            hash: [byte + 7; 32],
            signature: vec![byte + 7; 256],
        }),
        blocks: vec![byte; 8],
    }
}

/// Its events span the ten milliseconds from `n` on.
pub fn trail_file_record(scope: &Scope, n: u32) -> TrailFileRecord {
    let object = format!("AWSLogs/CloudTrail/{n:08}.json.gz");
    let byte = u8::try_from(n % 200).unwrap();
    TrailFileRecord {
        name: TrailObject { scope: scope.clone(), object },
        bucket: "audit".to_owned(),
        state: TrailState::Delivered,
        delivered_at: time(n + 20),
        oldest: time(n),
        newest: time(n + 10),
        records: 4,
        bytes: 5_000_000_000,
        stored_bytes: 1000 + u64::from(n),
        hash: [byte; 32],
        blocks: vec![byte; 16],
        event_ids: Some(vec![byte; 5]),
        digest_ended_at: None,
        journal: None,
    }
}

pub fn trail_signing_key_record(region: &Region, n: u32) -> TrailSigningKeyRecord {
    TrailSigningKeyRecord {
        fingerprint: format!("{n:032x}"),
        region: region.clone(),
        public_key: vec![0x30, 0x01],
        sealed_private_key: sealed(1, &format!("signing key {n}")),
        valid_from: time(n),
        valid_to: time(n + 10),
    }
}

pub fn unique_id(kind: UniqueIdKind, n: u32) -> UniqueId {
    let digits = format!("{n:017}").replace('0', "X").replace('1', "Y");
    format!("{}{}", kind.prefix(), digits.replace('8', "U").replace('9', "V")).parse().unwrap()
}

/// The ARN of a user.
pub fn user(name: &str) -> String {
    format!("arn:aws:iam::111100000000:user/{name}")
}

pub fn put_entity(record: EntityRecord) -> Write {
    Write::PutEntity(Box::new(record))
}

pub fn put_grant(key: &ScopedKey, n: u32) -> Write {
    Write::PutGrant(Box::new(grant_record(key, n)))
}

pub fn put_key(key: &ScopedKey) -> Write {
    Write::PutKey(Box::new(key_record(key)))
}

/// A key with one row in every table that hangs on it. What is unique beyond the key takes its
/// number from the key's id.
pub fn put_whole_key(key: &ScopedKey, alias: &str) -> Vec<Write> {
    let n = u32::from_str_radix(key.key_id.as_str().get(..8).unwrap(), 16).unwrap();
    let wrapping_key = import_wrapping_key_record(key, n);
    vec![
        put_key(key),
        Write::PutMaterial(material_record(key, 1)),
        Write::PutPolicy(policy_record(key, "{}")),
        Write::PutAlias(alias_record(alias, key)),
        Write::PutTag(tag_record(key, "team", "blue")),
        put_grant(key, n),
        Write::PutImportWrappingKey(Box::new(wrapping_key)),
        Write::PutLastUse(last_use_record(key, n)),
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
