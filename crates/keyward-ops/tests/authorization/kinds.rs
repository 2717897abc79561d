//! Every operation under each kind of policy.

use keyward_store::{EntityBody, PolicyBody, PolicyVersion};
use keyward_testkit::Refused;
use serde_json::{Value, json};

use crate::requests::{key_for, operation_of};
use crate::tables::{Row, actions};
use crate::world::{
    ALICE, DENIED, World, allow, allow_all_but, body, delegation, deny, document, for_principal,
};

#[test]
fn the_table_has_every_operation() {
    let mut operations: Vec<_> =
        actions().iter().map(|row| operation_of(row.action)).chain(["RetireGrant"]).collect();
    operations.dedup();
    operations.sort_unstable();
    let mut known: Vec<_> = keyward_ops::OPERATIONS.iter().map(|entry| entry.name).collect();
    known.sort_unstable();
    assert_eq!(operations, known);
}

#[tokio::test]
async fn the_account_decides_by_its_own_policies_where_the_key_policy_lets_it() {
    let world = World::new().await;
    for Row { action, is_on_key, .. } in actions() {
        let key = world.key(action).await;
        world.let_alice(&[allow_all_but(action)]).await;
        let refused = world.ask(&world.alice, action, &key).await.unwrap_err();
        assert_eq!(refused.name, DENIED, "{action}");
        let message = refused.message().to_owned();
        let reason = format!("because no identity-based policy allows the kms:{action} action");
        assert!(message.starts_with(&format!("User: {ALICE} is not ")), "{action}: {message}");
        assert!(message.ends_with(&reason), "{action}: {message}");
        let resource = if is_on_key || action == "ListRetirableGrants" { "arn:aws:" } else { "* " };
        assert!(message.contains(&format!("on resource: {resource}")), "{action}: {message}");

        world.let_alice(&[allow_all_but(action), allow(action)]).await;
        assert!(world.may(&world.alice, action, &key).await, "{action}");
    }
}

#[tokio::test]
async fn an_explicit_deny_of_an_identity_policy_holds_whatever_allows() {
    let world = World::new().await;
    for Row { action, .. } in actions() {
        let statements = json!([delegation(), for_principal(ALICE, allow("*"))]);
        let key = world.key_with(action, Some(statements)).await;
        world.let_alice(&[allow("*"), deny(action)]).await;
        let refused = world.ask(&world.alice, action, &key).await.unwrap_err();
        let reason = "with an explicit deny in an identity-based policy";
        assert!(refused.message().ends_with(reason), "{action}: {refused:?}");
    }
}

#[tokio::test]
async fn a_key_policy_lets_do_what_is_done_to_its_key_and_no_more() {
    let world = World::new().await;
    world.let_alice(&[]).await;
    for Row { action, is_on_key, .. } in actions() {
        let statements = json!([delegation(), for_principal(ALICE, allow(action))]);
        let key = world.key_with(action, Some(statements)).await;
        // An alias and a Region to replicate to are for the account's policies to give.
        let beside: &[Value] = match action {
            "CreateAlias" | "DeleteAlias" | "UpdateAlias" => &[json!({
                "Effect": "Allow",
                "Action": format!("kms:{action}"),
                "Resource": "arn:aws:kms:us-east-1:111122223333:alias/*",
            })],
            "ReplicateKey" => &[allow("CreateKey")],
            "ReEncryptFrom" => &[allow("ReEncryptTo")],
            "ReEncryptTo" => &[allow("ReEncryptFrom")],
            // Every member has its own policy.
            "UpdatePrimaryRegion" => &[allow("UpdatePrimaryRegion")],
            _ => &[],
        };
        world.let_alice(beside).await;
        assert_eq!(world.may(&world.alice, action, &key).await, is_on_key, "{action}");
    }
}

#[tokio::test]
async fn what_the_key_policy_neither_allows_nor_leaves_to_the_account_is_refused_to_all_of_it() {
    let world = World::new().await;
    world.let_alice(&[allow("*")]).await;
    for Row { action, is_on_key, .. } in actions() {
        if !is_on_key {
            continue;
        }
        let all_but = json!({
            "Effect": "Allow",
            "Principal": { "AWS": "111122223333" },
            "NotAction": format!("kms:{action}"),
            "Resource": "*",
        });
        // What readies the world for a request needs the action too.
        let is_needed = matches!(action, "UpdateAlias" | "CreateAlias" | "DeleteAlias");
        if is_needed || action == "PutKeyPolicy" {
            continue;
        }
        let key = world.key_with(action, Some(json!([all_but]))).await;
        for client in [&world.alice, &world.root] {
            let refused = world.ask(client, action, &key).await.unwrap_err();
            let reason = format!("because no resource-based policy allows the kms:{action} action");
            assert!(refused.message().ends_with(&reason), "{action}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn an_explicit_deny_of_a_key_policy_holds_for_the_root_user_too() {
    let world = World::new().await;
    world.let_alice(&[allow("*")]).await;
    for Row { action, is_on_key, .. } in actions() {
        if !is_on_key || matches!(action, "UpdateAlias" | "CreateAlias" | "DeleteAlias") {
            continue;
        }
        let denying = for_principal("*", deny(action));
        let key = world.key_with(action, Some(json!([delegation(), denying]))).await;
        for client in [&world.alice, &world.root] {
            let refused = world.ask(client, action, &key).await.unwrap_err();
            let reason = "with an explicit deny in a resource-based policy";
            assert!(refused.message().ends_with(reason), "{action}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_boundary_limits_what_identity_policies_give() {
    let world = World::new().await;
    let boundary = |statements| put_boundary(&world, statements);
    for Row { action, .. } in actions() {
        let key = world.key(action).await;
        let arn = boundary(json!([allow_all_but(action)])).await;
        world.bound_alice(&[allow("*")], &arn).await;
        let refused = world.ask(&world.alice, action, &key).await.unwrap_err();
        let reason = format!("because no permissions boundary allows the kms:{action} action");
        assert!(refused.message().ends_with(&reason), "{action}: {refused:?}");

        boundary(json!([allow("*"), deny(action)])).await;
        let refused = world.ask(&world.alice, action, &key).await.unwrap_err();
        let reason = "with an explicit deny in a permissions boundary";
        assert!(refused.message().ends_with(reason), "{action}: {refused:?}");

        boundary(json!([allow("*")])).await;
        assert!(world.may(&world.alice, action, &key).await, "{action}");
    }
}

/// Puts a managed policy of these statements; its ARN.
async fn put_boundary(world: &World, statements: Value) -> String {
    use keyward_model::Clock;
    let created_at = world.app.clock().now();
    let version = PolicyVersion { number: 1, document: document(&statements), created_at };
    let policy = PolicyBody {
        description: None,
        tags: Vec::new(),
        default_version: 1,
        next_version: 2,
        versions: vec![version],
        updated_at: created_at,
    };
    world.app.put_entity("limit", EntityBody::Policy(policy)).await;
    "arn:aws:iam::111122223333:policy/limit".to_owned()
}

#[tokio::test]
async fn tags_of_a_new_key_need_a_permission_of_their_own() {
    let world = World::new().await;
    let tags = json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] });
    world.let_alice(&[allow("CreateKey")]).await;
    world.alice.ok("CreateKey", json!({})).await;
    let refused = world.alice.refused("CreateKey", tags.clone()).await;
    assert!(refused.message().contains("perform: kms:TagResource on resource: *"), "{refused:?}");
    world.let_alice(&[allow("CreateKey"), allow("TagResource")]).await;
    world.alice.ok("CreateKey", tags).await;
}

#[tokio::test]
async fn a_replica_needs_what_a_new_key_in_its_region_needs() {
    let world = World::new().await;
    let key = world.root.create_key_with(key_for("ReplicateKey")).await;
    let input = json!({ "KeyId": key, "ReplicaRegion": "eu-central-1" });
    let in_region = |region: &str| {
        json!({
            "Effect": "Allow",
            "Action": "kms:CreateKey",
            "Resource": "*",
            "Condition": { "StringEquals": { "aws:RequestedRegion": region } },
        })
    };
    world.let_alice(&[allow("ReplicateKey"), in_region("us-east-1")]).await;
    let refused = world.alice.refused("ReplicateKey", input.clone()).await;
    assert!(refused.message().contains("perform: kms:CreateKey on resource: *"), "{refused:?}");
    world.let_alice(&[allow("ReplicateKey"), in_region("eu-central-1")]).await;
    world.alice.ok("ReplicateKey", input).await;
}

#[tokio::test]
async fn a_policy_that_goes_decides_no_more_and_a_user_that_goes_signs_no_more() {
    use keyward_store::EntityKind;
    let world = World::new().await;
    let key = world.key("Encrypt").await;
    world.let_alice(&[allow("Encrypt")]).await;
    assert!(world.may(&world.alice, "Encrypt", &key).await);
    world.let_alice(&[]).await;
    assert!(!world.may(&world.alice, "Encrypt", &key).await);
    world.let_alice(&[allow("Encrypt")]).await;
    assert!(world.may(&world.alice, "Encrypt", &key).await);
    world.app.delete_entity(EntityKind::User, "alice").await;
    let refused: Refused = world.ask(&world.alice, "Encrypt", &key).await.unwrap_err();
    assert_eq!(refused.name, "UnrecognizedClientException");
}

#[tokio::test]
async fn policies_of_groups_and_of_the_partition_count_as_the_users_own() {
    use keyward_store::{GroupBody, UserBody};
    let world = World::new().await;
    let key = world.key("Encrypt").await;
    let mut group = GroupBody::default();
    group.inline_policies.insert("p".to_owned(), document(&allow("Encrypt")));
    let group = world.app.put_entity("team", EntityBody::Group(group)).await;
    let groups = vec![group.unique_id];
    let user = EntityBody::User(UserBody { groups, ..body(&[]) });
    world.app.put_entity("alice", user).await;
    assert!(world.may(&world.alice, "Encrypt", &key).await);
    assert!(!world.may(&world.alice, "Decrypt", &key).await);

    let attached_policies = vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    let user = EntityBody::User(UserBody { attached_policies, ..body(&[]) });
    world.app.put_entity("alice", user).await;
    assert!(world.may(&world.alice, "Decrypt", &key).await);
}
