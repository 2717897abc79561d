//! What a golden database holds: a row or two of everything, always the same.

use std::path::Path;
use std::sync::Arc;

use keyward_model::{
    KeyMaterialState, KeyState, LookupAttribute, MultiRegionSet, Origin, Partition, Region,
    RotationType, UniqueIdKind,
};
use keyward_store::conformance::samples::{
    account, account_record, alias_record, audit_row, credential_record, domain_key_record,
    entity_record, grant_record, import_wrapping_key_record, key, key_record, last_use_record,
    material_id, material_record, policy_record, principal_use_record, put_entity, scope,
    service_record, tag_record, time, trail_cursor_record, trail_digest_record, trail_file_record,
    trail_signing_key_record, unique_id, user,
};
use keyward_store::conformance::{NumberedKeys, sealed};
use keyward_store::{
    AccountRecord, AliasRecord, Change, CredentialOwner, CredentialRecord, CredentialStatus,
    DeploymentRecord, EntityBody, EntityRecord, GrantConstraints, GrantRecord, GroupBody,
    ImportWrappingKeyRecord, JournalRange, KeyRecord, LastUseRecord, MaterialRecord, MfaDeviceBody,
    OidcProviderBody, PolicyBody, PolicyRecord, PolicyVersion, PrincipalUseRecord, RoleBody,
    Rotation, ServiceKind, ServiceRecord, Store, TagRecord, TrailCursorRecord, TrailDigestRecord,
    TrailFileRecord, TrailSigningKeyRecord, TrailState, TrailValues, UsedPrincipal, UserBody,
    Write,
};
use keyward_store_sqlite::Database;

/// How far the clock was moved, from 0002 on.
pub(crate) const CLOCK_OFFSET_MS: i64 = 3_600_000;

pub(crate) fn deployment() -> DeploymentRecord {
    DeploymentRecord {
        deployment_id: uuid::Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef),
        partition: Partition::Aws,
        regions: ["eu-central-1", "us-east-1"].map(region).into(),
        is_development: true,
        created_at: time(1),
    }
}

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

pub(crate) fn keys() -> [KeyRecord; 2] {
    let doomed = KeyRecord {
        state: KeyState::PendingDeletion,
        deletion_date: Some(time(9)),
        pending_window_days: Some(7),
        current_material: None,
        description: "wird gelöscht".to_owned(),
        ..key_record(&key(2))
    };
    [key_record(&key(1)), doomed]
}

pub(crate) fn materials() -> [MaterialRecord; 2] {
    let newer = MaterialRecord {
        material_id: material_id(2),
        sealed: Some(sealed(2, "material 2")),
        created_at: time(2),
        ..material_record(&key(1), 1)
    };
    [material_record(&key(1), 1), newer]
}

pub(crate) fn policy() -> PolicyRecord {
    policy_record(&key(1), "{\"Version\":\"2012-10-17\",\"Statement\":[]}")
}

pub(crate) fn alias() -> AliasRecord {
    alias_record("alias/golden", &key(1))
}

pub(crate) fn tags() -> [TagRecord; 2] {
    [tag_record(&key(1), "owner", "Zoë"), tag_record(&key(1), "team", "")]
}

pub(crate) fn credentials() -> [CredentialRecord; 2] {
    let inactive = CredentialRecord { status: CredentialStatus::Inactive, ..credential_record(2) };
    [credential_record(1), inactive]
}

/// A rotating primary key with its replica, a lone primary key, and an imported key.
pub(crate) fn keys_of_0002() -> [KeyRecord; 4] {
    let set = MultiRegionSet::of_primary(region("eu-central-1"))
        .with_replica(region("us-west-2"))
        .with_replica(region("us-east-1"));
    let primary = KeyRecord {
        multi_region: Some(set),
        rotation: Rotation {
            period_days: Some(365),
            next_date: Some(time(50)),
            on_demand_started: Some(time(40)),
            on_demand_count: 3,
        },
        settles_at: Some(time(60)),
        ..key_record(&key(3))
    };
    let mut replica =
        KeyRecord { state: KeyState::Creating, rotation: Rotation::default(), ..primary.clone() };
    replica.key.scope.region = region("us-west-2");
    let alone = MultiRegionSet::of_primary(region("eu-central-1"));
    let alone = KeyRecord { multi_region: Some(alone), ..key_record(&key(4)) };
    let imported = KeyRecord { origin: Origin::External, ..key_record(&key(5)) };
    [primary, replica, alone, imported]
}

/// Material rotated, deleted after an import, and about to expire.
pub(crate) fn materials_of_0002() -> [MaterialRecord; 3] {
    let rotated = MaterialRecord {
        public_key: Some(vec![0x30, 0x03, 0x02, 0x01, 0x07]),
        state: KeyMaterialState::NonCurrent,
        rotated_at: Some(time(4)),
        rotation_type: Some(RotationType::OnDemand),
        ..material_record(&key(5), 1)
    };
    let deleted = MaterialRecord { sealed: None, ..material_record(&key(5), 2) };
    let expiring = MaterialRecord {
        state: KeyMaterialState::PendingRotation,
        description: Some("für später".to_owned()),
        expires_at: Some(time(70)),
        ..material_record(&key(5), 3)
    };
    [rotated, deleted, expiring]
}

pub(crate) fn grants_of_0002() -> [GrantRecord; 2] {
    let service = || Some("dynamodb.us-east-1.amazonaws.com".to_owned());
    let nameless = GrantRecord {
        name: None,
        grantee_principal: None,
        grantee_service_principal: service(),
        retiring_principal: None,
        retiring_service_principal: service(),
        constraints: GrantConstraints {
            encryption_context_equals: Some(vec![("team".to_owned(), "größer".to_owned())]),
            encryption_context_subset: None,
            source_arn: Some("arn:aws:dynamodb:us-east-1:111100000000:table/t".to_owned()),
        },
        fingerprint: None,
        ..grant_record(&key(3), 2)
    };
    [grant_record(&key(3), 1), nameless]
}

pub(crate) fn import_wrapping_key_of_0002() -> ImportWrappingKeyRecord {
    import_wrapping_key_record(&key(5), 1)
}

pub(crate) fn last_use_of_0002() -> LastUseRecord {
    last_use_record(&key(3), 9)
}

fn writes_of_0002() -> Vec<Write> {
    let mut writes: Vec<_> = keys_of_0002().map(|it| Write::PutKey(Box::new(it))).into();
    writes.extend(materials_of_0002().map(Write::PutMaterial));
    writes.extend(grants_of_0002().map(|it| Write::PutGrant(Box::new(it))));
    writes.push(Write::PutImportWrappingKey(Box::new(import_wrapping_key_of_0002())));
    writes.push(Write::PutLastUse(last_use_of_0002()));
    writes
}

pub(crate) fn hidden_account_of_0003() -> AccountRecord {
    AccountRecord { owner_service: Some("backup".to_owned()), ..account_record(1) }
}

/// An access key of a user and one of a service.
pub(crate) fn credentials_of_0003() -> [CredentialRecord; 2] {
    let user = CredentialOwner::User(unique_id(UniqueIdKind::User, 1));
    let service = CredentialOwner::Service("s3".to_owned());
    let owned = |n, owner| CredentialRecord { owner, ..credential_record(n) };
    [owned(3, user), owned(4, service)]
}

pub(crate) fn policy_of_0003() -> PolicyRecord {
    let bindings = [
        (user("alice"), unique_id(UniqueIdKind::User, 1).to_string()),
        ("arn:aws:iam::111100000000:role/ops/app".to_owned(), "AROAXXXXXXXXXXXXXXXX3".to_owned()),
    ];
    PolicyRecord { bindings: bindings.into(), ..policy_record(&key(3), "{\"Statement\":[ ]}") }
}

pub(crate) fn grant_of_0003() -> GrantRecord {
    GrantRecord {
        grantee_id: Some(unique_id(UniqueIdKind::User, 1)),
        retiring_id: Some(unique_id(UniqueIdKind::Role, 3)),
        created_by_service: Some("s3.amazonaws.com".to_owned()),
        ..grant_record(&key(4), 3)
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn tags_of_0003() -> Vec<(String, String)> {
    vec![("team".to_owned(), "Zoë".to_owned()), ("empty".to_owned(), String::new())]
}

/// An entity of every kind, with all that can be said of it.
pub(crate) fn entities_of_0003() -> [EntityRecord; 6] {
    let policy = || "arn:aws:iam::111100000000:policy/ops/read".to_owned();
    let inline_policies = || [("inline".to_owned(), "{\"Statement\":[]}".to_owned())].into();
    let alice = UserBody {
        tags: tags_of_0003(),
        permissions_boundary: Some(policy()),
        attached_policies: vec![policy(), "arn:aws:iam::aws:policy/other".to_owned()],
        inline_policies: inline_policies(),
        groups: vec![unique_id(UniqueIdKind::Group, 2)],
    };
    let group = GroupBody { attached_policies: vec![policy()], inline_policies: inline_policies() };
    let role = RoleBody {
        assume_role_policy_document: "{\"Statement\":[]}".to_owned(),
        trust_bindings: [(user("Alice"), unique_id(UniqueIdKind::User, 1))].into(),
        description: Some("für alle".to_owned()),
        max_session_duration_s: 3600,
        tags: tags_of_0003(),
        permissions_boundary: Some(policy()),
        attached_policies: vec![policy()],
        inline_policies: inline_policies(),
        is_service_linked: true,
        service: Some("s3.amazonaws.com".to_owned()),
    };
    let version = |number| PolicyVersion {
        number,
        document: "{\"Statement\":[]}".to_owned(),
        created_at: time(number),
    };
    let policy = PolicyBody {
        description: Some("read".to_owned()),
        tags: tags_of_0003(),
        default_version: 3,
        next_version: 4,
        versions: vec![version(1), version(3)],
        updated_at: time(3),
    };
    let provider = OidcProviderBody {
        url: "https://id.example.com/a".to_owned(),
        client_ids: texts(&["sts.amazonaws.com", "other"]),
        thumbprints: vec!["0f".repeat(20)],
        tags: tags_of_0003(),
        jwks: None,
    };
    let device = MfaDeviceBody {
        sealed_seed: sealed(1, "seed"),
        user: Some(unique_id(UniqueIdKind::User, 1)),
        enabled_at: Some(time(6)),
        last_step: 56_666_666,
        tags: tags_of_0003(),
    };
    [
        entity_record(1, "Alice", EntityBody::User(alice)),
        entity_record(2, "team", EntityBody::Group(group)),
        at_ops(entity_record(3, "app", EntityBody::Role(role))),
        at_ops(entity_record(4, "read", EntityBody::Policy(policy))),
        entity_record(5, "id.example.com/a", EntityBody::OidcProvider(provider)),
        entity_record(6, "phone", EntityBody::MfaDevice(device)),
    ]
}

fn at_ops(record: EntityRecord) -> EntityRecord {
    EntityRecord { path: "/ops/".to_owned(), ..record }
}

pub(crate) fn service_of_0003() -> ServiceRecord {
    ServiceRecord {
        kind: ServiceKind::AsItself,
        source_arn: Some("arn:aws:s3:::bucket".to_owned()),
        source_account: Some(account(0)),
        role: Some(unique_id(UniqueIdKind::Role, 3)),
        owned_account: Some(account(1)),
        ..service_record("s3")
    }
}

/// Of an access key and of a role.
pub(crate) fn principal_uses_of_0003() -> [PrincipalUseRecord; 2] {
    let access_key = UsedPrincipal::AccessKey(credential_record(3).access_key_id);
    let role = UsedPrincipal::Role(unique_id(UniqueIdKind::Role, 3));
    [principal_use_record(access_key, 8), principal_use_record(role, 9)]
}

fn writes_of_0003() -> Vec<Write> {
    let mut writes = vec![
        Write::PutAccount(hidden_account_of_0003()),
        Write::PutPolicy(policy_of_0003()),
        Write::PutGrant(Box::new(grant_of_0003())),
        Write::PutService(Box::new(service_of_0003())),
    ];
    writes.extend(credentials_of_0003().map(Write::PutCredential));
    writes.extend(entities_of_0003().map(put_entity));
    writes.extend(principal_uses_of_0003().map(Write::PutPrincipalUse));
    writes
}

pub(crate) fn trail_cursors_of_0004() -> [TrailCursorRecord; 2] {
    let far = TrailCursorRecord {
        name: "sink".to_owned(),
        segment: 5_000_000_000,
        ..trail_cursor_record(7)
    };
    [trail_cursor_record(7), far]
}

/// The first is in a digest and too old for lookups.
pub(crate) fn trail_files_of_0004() -> [TrailFileRecord; 2] {
    let old = TrailFileRecord {
        event_ids: None,
        digest_ended_at: Some(time(30)),
        ..trail_file_record(&scope(), 1)
    };
    let staged = TrailFileRecord { state: TrailState::Staged, ..trail_file_record(&scope(), 2) };
    [old, staged]
}

pub(crate) fn trail_file_of_0005() -> TrailFileRecord {
    let journal = Some(JournalRange { segment: 3, from: 70, to: 5_000_000_000 });
    TrailFileRecord { journal, ..trail_file_record(&scope(), 3) }
}

pub(crate) fn trail_values_of_0004() -> TrailValues {
    let [_, file] = trail_files_of_0004();
    let values = LookupAttribute::ALL.iter().map(|&it| (it, format!("größer {it}"))).collect();
    TrailValues { file: file.name, values }
}

/// The first of a chain, and one behind it.
pub(crate) fn trail_digests_of_0004() -> [TrailDigestRecord; 2] {
    let first = TrailDigestRecord { previous: None, ..trail_digest_record(&scope(), 29) };
    let second =
        TrailDigestRecord { state: TrailState::Staged, ..trail_digest_record(&scope(), 30) };
    [first, second]
}

pub(crate) fn trail_signing_key_of_0004() -> TrailSigningKeyRecord {
    trail_signing_key_record(&scope().region, 1)
}

fn writes_of_0004() -> Vec<Write> {
    let mut writes: Vec<_> = trail_cursors_of_0004().map(Write::PutTrailCursor).into();
    writes.extend(trail_files_of_0004().map(|it| Write::PutTrailFile(Box::new(it))));
    writes.push(Write::PutTrailValues(Box::new(trail_values_of_0004())));
    writes.extend(trail_digests_of_0004().map(|it| Write::PutTrailDigest(Box::new(it))));
    writes.push(Write::PutTrailSigningKey(Box::new(trail_signing_key_of_0004())));
    writes
}

/// Writes a new database, some of it before and some after a rotation of the domain key.
pub(crate) async fn write(path: &Path) {
    let database = Database::open(path).unwrap();
    database.add_domain_key(&domain_key_record(1)).unwrap();
    database.add_domain_key(&domain_key_record(2)).unwrap();
    let rows = Arc::new(NumberedKeys::new(1));
    let store = database.into_store(rows.clone()).unwrap();
    store.deployment().create(deployment()).await.unwrap();
    store.deployment().remember_time(time(77)).await.unwrap();
    store.deployment().move_clock(CLOCK_OFFSET_MS).await.unwrap();
    let put_keys = keys().map(|record| Write::PutKey(Box::new(record)));
    let [old_material, new_material] = materials().map(Write::PutMaterial);
    let mut writes: Vec<_> = put_keys.into();
    writes.extend([old_material, Write::PutPolicy(policy()), Write::PutAlias(alias())]);
    writes.extend(tags().map(Write::PutTag));
    let audit = vec![audit_row(2), audit_row(1)];
    store.commit(Change { writes, audit, ..Change::default() }).await.unwrap();
    store.commit(Change { writes: writes_of_0002(), ..Change::default() }).await.unwrap();
    rows.rotate();
    let mut writes = vec![new_material, Write::PutAccount(account_record(0))];
    writes.extend(credentials().map(Write::PutCredential));
    writes.extend(writes_of_0003());
    writes.extend(writes_of_0004());
    writes.push(Write::PutTrailFile(Box::new(trail_file_of_0005())));
    store.commit(Change { writes, ..Change::default() }).await.unwrap();
    store.close().await.unwrap();
}
