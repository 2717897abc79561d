//! What IAM names.

use keyward_model::{UniqueId, UniqueIdKind};

use super::samples::{
    account, account_record, entity_record, group_record, mfa_device_record, put_entity,
    role_record, time, unique_id, user_record,
};
use super::{Subject, sealed};
use crate::{
    Change, CommitError, EntityBody, EntityKind, EntityName, EntityRecord, EntityRelation,
    EntityTarget, GroupBody, MfaDeviceBody, OidcProviderBody, PolicyBody, PolicyVersion, RoleBody,
    StoreError, UserBody, Write,
};

const POLICY: &str = "arn:aws:iam::111100000000:policy/team/p";

async fn put_accounts(subject: &Subject) {
    subject.write([0, 1].map(|n| Write::PutAccount(account_record(n))).into()).await;
}

async fn put_all(subject: &Subject, records: impl IntoIterator<Item = EntityRecord>) {
    subject.write(records.into_iter().map(put_entity).collect()).await;
}

async fn find(subject: &Subject, entity: &EntityName) -> Option<EntityRecord> {
    subject.store.entities().find(entity).await.unwrap().map(|found| found.record)
}

fn text(text: &str) -> String {
    format!("‹{text}› '\"\\; --\u{0}\n")
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|it| text(it)).collect()
}

fn tags() -> Vec<(String, String)> {
    vec![(text("b"), String::new()), (text("a"), text("ü"))]
}

/// Bodies of every kind, once with everything and once with as little as can be.
fn bodies() -> Vec<EntityBody> {
    let inline_policies = || [(text("p"), text("{}")), (text("q"), text("[]"))].into();
    let full_user = UserBody {
        tags: tags(),
        permissions_boundary: Some(text("b")),
        attached_policies: texts(&["z", "a"]),
        inline_policies: inline_policies(),
        groups: [3, 1].map(|n| unique_id(UniqueIdKind::Group, n)).into(),
    };
    let full_role = RoleBody {
        assume_role_policy_document: text("{}"),
        trust_bindings: [(text("arn"), unique_id(UniqueIdKind::User, 1))].into(),
        description: Some(text("d")),
        max_session_duration_s: 43_200,
        tags: tags(),
        permissions_boundary: Some(text("b")),
        attached_policies: texts(&["z", "a"]),
        inline_policies: inline_policies(),
        is_service_linked: true,
        service: Some(text("s")),
    };
    let full_group =
        GroupBody { attached_policies: texts(&["z", "a"]), inline_policies: inline_policies() };
    let version = |number| PolicyVersion { number, document: text("{}"), created_at: time(number) };
    let full_policy = PolicyBody {
        description: Some(text("d")),
        tags: tags(),
        default_version: 7,
        next_version: 9,
        versions: vec![version(7), version(8)],
        updated_at: time(8),
    };
    let full_provider = OidcProviderBody {
        url: text("https://id.example.com"),
        client_ids: texts(&["c"]),
        thumbprints: texts(&["t"]),
        tags: tags(),
        jwks: Some(text("{}")),
    };
    let full_device = MfaDeviceBody {
        sealed_seed: sealed(1, "seed"),
        user: Some(unique_id(UniqueIdKind::User, 1)),
        enabled_at: Some(time(3)),
        last_step: i64::MIN,
        tags: tags(),
    };
    let bare_policy =
        PolicyBody { description: None, tags: vec![], versions: vec![], ..full_policy.clone() };
    let bare_device = MfaDeviceBody { sealed_seed: sealed(1, ""), ..MfaDeviceBody::default() };
    vec![
        EntityBody::User(full_user),
        EntityBody::User(UserBody::default()),
        EntityBody::Role(full_role),
        EntityBody::Role(RoleBody::default()),
        EntityBody::Group(full_group),
        EntityBody::Group(GroupBody::default()),
        EntityBody::Policy(full_policy),
        EntityBody::Policy(bare_policy),
        EntityBody::OidcProvider(full_provider),
        EntityBody::OidcProvider(OidcProviderBody::default()),
        EntityBody::MfaDevice(full_device),
        EntityBody::MfaDevice(bare_device),
    ]
}

pub async fn every_column_of_an_entity_survives(subject: &Subject) {
    put_accounts(subject).await;
    for (n, body) in (1..).zip(bodies()) {
        let mut record = entity_record(n, &text(&format!("Name {n}")), body);
        record.path = text("/Path/");
        record.account = account(n % 2);
        put_all(subject, [record.clone()]).await;
        assert_eq!(find(subject, &record.entity_name()).await, Some(record));
    }
}

pub async fn an_entity_is_replaced_whole(subject: &Subject) {
    put_accounts(subject).await;
    for (n, body) in (1..).zip(bodies()) {
        let mut record = entity_record(n, "name", body);
        record.path = format!("/{n}/");
        put_all(subject, [record.clone()]).await;
        assert_eq!(find(subject, &record.entity_name()).await, Some(record));
    }
    let kinds = [EntityKind::User, EntityKind::MfaDevice, EntityKind::Policy];
    for kind in kinds {
        assert_eq!(subject.store.entities().count(&account(0), kind).await.unwrap(), 1);
    }
}

pub async fn an_entity_is_found_with_the_change_that_wrote_it(subject: &Subject) {
    put_accounts(subject).await;
    let record = user_record(1, "Alice");
    let written = subject.write(vec![put_entity(record.clone())]).await;
    let found = subject.store.entities().find(&record.entity_name()).await.unwrap().unwrap();
    assert_eq!(Some(&found.change), written.changes.first());
    assert_eq!(found.change.shard, record.entity_name().shard());
    let by_id = subject.store.entities().find_by_id(&record.unique_id.unwrap()).await.unwrap();
    assert_eq!(by_id, Some(found));
}

pub async fn an_entity_is_found_by_every_spelling_and_keeps_its_own(subject: &Subject) {
    put_accounts(subject).await;
    put_all(subject, [user_record(1, "Alice")]).await;
    for name in ["Alice", "alice", "ALICE"] {
        let found = find(subject, &user_record(1, name).entity_name()).await.unwrap();
        assert_eq!(found.name, "Alice");
    }
    put_all(subject, [user_record(1, "aLice")]).await;
    let found = find(subject, &user_record(1, "alice").entity_name()).await.unwrap();
    assert_eq!(found.name, "aLice");
}

pub async fn an_entity_is_found_in_its_account_and_kind_only(subject: &Subject) {
    put_accounts(subject).await;
    put_all(subject, [user_record(1, "alice")]).await;
    for (account, kind) in [(account(1), EntityKind::User), (account(0), EntityKind::Role)] {
        assert_eq!(find(subject, &EntityName::new(account, kind, "alice")).await, None);
        let listed = subject.store.entities().list(&account, kind, "/", None, 10).await.unwrap();
        assert_eq!(listed, []);
    }
}

pub async fn an_entity_is_found_by_its_unique_id_in_any_account(subject: &Subject) {
    put_accounts(subject).await;
    let elsewhere = EntityRecord { account: account(1), ..user_record(2, "alice") };
    let records = [user_record(1, "alice"), elsewhere, role_record(1, "alice")];
    put_all(subject, records.clone()).await;
    for record in records {
        let id = record.unique_id.unwrap();
        let found = subject.store.entities().find_by_id(&id).await.unwrap().unwrap();
        assert_eq!(found.record, record);
    }
    let absent = unique_id(UniqueIdKind::User, 3);
    assert_eq!(subject.store.entities().find_by_id(&absent).await.unwrap(), None);
}

pub async fn a_unique_id_stands_once(subject: &Subject) {
    put_accounts(subject).await;
    put_all(subject, [user_record(1, "alice")]).await;
    let writes = vec![put_entity(user_record(1, "bob"))];
    let refused = subject.commit(Change { writes, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
    // Those without one do not stand in each other's way.
    put_all(subject, [mfa_device_record(1, "one"), mfa_device_record(2, "two")]).await;
}

pub async fn an_entity_is_renamed_in_one_change(subject: &Subject) {
    put_accounts(subject).await;
    let before = member(1, "alice", &[1]);
    put_all(subject, [before.clone()]).await;
    let after = EntityRecord { name: "bob".to_owned(), path: "/a/".to_owned(), ..before.clone() };
    let delete = Write::DeleteEntity(before.entity_name());
    subject.write(vec![delete, put_entity(after.clone())]).await;
    assert_eq!(find(subject, &before.entity_name()).await, None);
    let found = subject.store.entities().find_by_id(&after.unique_id.unwrap()).await.unwrap();
    assert_eq!(found.unwrap().record, after);
    assert_eq!(referrers(subject, &group(1)).await, [after.entity_name()]);
}

pub async fn an_entity_is_gone_after_it_is_removed(subject: &Subject) {
    put_accounts(subject).await;
    let (alice, bob) = (member(1, "Alice", &[1]), member(2, "bob", &[1]));
    put_all(subject, [alice.clone(), bob.clone()]).await;
    let absent = user_record(9, "carol").entity_name();
    let spelled = user_record(1, "aLICE").entity_name();
    subject.write(vec![Write::DeleteEntity(spelled), Write::DeleteEntity(absent)]).await;
    assert_eq!(find(subject, &alice.entity_name()).await, None);
    let entities = subject.store.entities();
    assert_eq!(entities.find_by_id(&alice.unique_id.unwrap()).await.unwrap(), None);
    let listed = entities.list(&account(0), EntityKind::User, "/", None, 10).await.unwrap();
    assert_eq!(listed.iter().collect::<Vec<_>>(), [&bob]);
    assert_eq!(referrers(subject, &group(1)).await, [bob.entity_name()]);
}

pub async fn an_entity_of_an_account_that_does_not_exist_is_refused(subject: &Subject) {
    let writes = vec![put_entity(user_record(1, "alice"))];
    let refused = subject.commit(Change { writes, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
}

pub async fn entities_are_listed_in_the_order_of_folded_names_page_by_page(subject: &Subject) {
    put_accounts(subject).await;
    let names = ["a", "A-", "a.b", "B", "b+", "c", "D", "e", "F1", "f2", "z"];
    let records = (1..).zip(names.into_iter().rev()).map(|(n, name)| user_record(n, name));
    put_all(subject, records.chain([role_record(20, "b2")])).await;
    let entities = subject.store.entities();
    let mut listed: Vec<String> = Vec::new();
    loop {
        let after = listed.last().map(String::as_str);
        let page = entities.list(&account(0), EntityKind::User, "/", after, 4).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 4);
        listed.extend(page.into_iter().map(|it| it.name));
    }
    let mut expected = names.map(str::to_owned);
    expected.sort_by_key(|name| name.to_ascii_lowercase());
    assert_eq!(listed, expected);
    // The name a page ended with may be gone, and may be spelled in any way.
    let behind = entities.list(&account(0), EntityKind::User, "/", Some("E0"), 1).await.unwrap();
    assert_eq!(behind.first().unwrap().name, "F1");
}

pub async fn entities_are_listed_by_the_beginning_of_their_path(subject: &Subject) {
    put_accounts(subject).await;
    let paths = ["/", "/team/", "/team/a/", "/Team/", "/te%/", "/te_m/"];
    let records = (1..).zip(paths).map(|(n, path)| EntityRecord {
        path: path.to_owned(),
        ..user_record(n, &format!("user{n}"))
    });
    put_all(subject, records).await;
    for (prefix, expected) in [
        ("/", &paths[..]),
        ("/team/", &["/team/", "/team/a/"]),
        ("/te", &["/team/", "/team/a/", "/te%/", "/te_m/"]),
        ("/te%", &["/te%/"]),
        ("/te_m/", &["/te_m/"]),
        ("/nobody/", &[]),
    ] {
        let entities = subject.store.entities();
        let listed = entities.list(&account(0), EntityKind::User, prefix, None, 10).await.unwrap();
        let paths: Vec<_> = listed.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, expected, "{prefix}");
    }
}

pub async fn entities_are_counted_by_account_and_kind(subject: &Subject) {
    put_accounts(subject).await;
    let elsewhere = EntityRecord { account: account(1), ..user_record(9, "x") };
    let records =
        [user_record(1, "a"), user_record(2, "b"), user_record(2, "B"), role_record(1, "a")];
    put_all(subject, records.into_iter().chain([elsewhere])).await;
    for (account, kind, expected) in [
        (account(0), EntityKind::User, 2),
        (account(0), EntityKind::Role, 1),
        (account(0), EntityKind::Group, 0),
        (account(1), EntityKind::User, 1),
    ] {
        let count = subject.store.entities().count(&account, kind).await.unwrap();
        assert_eq!(count, expected, "{kind:?}");
    }
}

/// A user in these groups.
fn member(n: u32, name: &str, groups: &[u32]) -> EntityRecord {
    let groups = groups.iter().map(|&n| unique_id(UniqueIdKind::Group, n)).collect();
    entity_record(n, name, EntityBody::User(UserBody { groups, ..UserBody::default() }))
}

fn target(relation: EntityRelation, target: &str) -> EntityTarget {
    EntityTarget::new(account(0), relation, target)
}

fn group(n: u32) -> EntityTarget {
    target(EntityRelation::Group, &unique_id(UniqueIdKind::Group, n).to_string())
}

async fn referrers(subject: &Subject, target: &EntityTarget) -> Vec<EntityName> {
    let entities = subject.store.entities();
    let found = entities.referrers(target, None, 100).await.unwrap();
    let count = entities.count_referrers(target).await.unwrap();
    assert_eq!(found.len(), usize::try_from(count).unwrap());
    found
}

fn holder(user: UniqueId) -> EntityRecord {
    let user = Some(user);
    let body = MfaDeviceBody { sealed_seed: sealed(1, "seed"), user, ..MfaDeviceBody::default() };
    entity_record(1, "phone", EntityBody::MfaDevice(body))
}

pub async fn referrers_are_those_that_name_the_target_now(subject: &Subject) {
    put_accounts(subject).await;
    let user = |n, attached: &[&str], boundary: Option<&str>| {
        let attached_policies = attached.iter().map(|&it| it.to_owned()).collect();
        let permissions_boundary = boundary.map(str::to_owned);
        let body = UserBody { permissions_boundary, attached_policies, ..UserBody::default() };
        entity_record(n, &format!("User{n}"), EntityBody::User(body))
    };
    let (attached, boundary) =
        (target(EntityRelation::Policy, POLICY), target(EntityRelation::Boundary, POLICY));
    let one = user(1, &[POLICY, POLICY, "other"], None);
    let two = user(2, &[POLICY], Some(POLICY));
    let elsewhere = EntityRecord { account: account(1), ..user(3, &[POLICY], Some(POLICY)) };
    put_all(subject, [one.clone(), two.clone(), elsewhere]).await;
    assert_eq!(referrers(subject, &attached).await, [one.entity_name(), two.entity_name()]);
    assert_eq!(referrers(subject, &boundary).await, [two.entity_name()]);
    let found = referrers(subject, &attached).await;
    assert_eq!(found.first().unwrap().name, "User1");
    put_all(subject, [user(1, &["other"], Some(POLICY)), user(2, &[], None)]).await;
    assert_eq!(referrers(subject, &attached).await, []);
    assert_eq!(referrers(subject, &boundary).await, [one.entity_name()]);

    let holder = holder(one.unique_id.unwrap());
    put_all(subject, [holder.clone()]).await;
    let id = one.unique_id.unwrap().to_string();
    let of_user = target(EntityRelation::MfaUser, &id);
    assert_eq!(referrers(subject, &of_user).await, [holder.entity_name()]);
    assert_eq!(referrers(subject, &target(EntityRelation::Group, &id)).await, []);
}

pub async fn referrers_are_listed_by_kind_and_name_page_by_page(subject: &Subject) {
    put_accounts(subject).await;
    let attached = vec![POLICY.to_owned()];
    let mut expected = Vec::new();
    for (n, name) in (1..).zip(["a", "B", "c", "D", "e"]) {
        let mut group = group_record(n, name);
        let of_group = GroupBody { attached_policies: attached.clone(), ..GroupBody::default() };
        group.body = EntityBody::Group(of_group);
        let mut role = role_record(n, name);
        let of_role = RoleBody { attached_policies: attached.clone(), ..RoleBody::default() };
        role.body = EntityBody::Role(of_role);
        expected.extend([group.entity_name(), role.entity_name()]);
        put_all(subject, [role, group]).await;
    }
    expected.sort();
    let mut listed: Vec<EntityName> = Vec::new();
    loop {
        let (target, after) = (target(EntityRelation::Policy, POLICY), listed.last());
        let page = subject.store.entities().referrers(&target, after, 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        listed.extend(page);
    }
    assert_eq!(listed, expected);
}
