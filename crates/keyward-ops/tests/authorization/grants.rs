//! What grants allow, to whom, and when they do not.

use keyward_store::{EntityKind, RoleBody, UserBody};
use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::requests::ALIAS;
use crate::tables::{Row, actions};
use crate::world::{
    ALICE, DENIED, World, allow, allow_all_but, deny, document, for_principal, session, session_of,
};

/// Grants alice an operation; the reply.
async fn grant(world: &World, key: &str, members: Value) -> Value {
    let mut input = json!({ "KeyId": key, "GranteePrincipal": ALICE });
    input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    world.root.ok("CreateGrant", input).await
}

#[tokio::test]
async fn a_grant_allows_its_operation_without_any_policy_until_it_is_gone() {
    let world = World::new().await;
    for Row { action, is_granted, .. } in actions() {
        if !is_granted {
            continue;
        }
        let key = world.key(action).await;
        // Of ReEncrypt the other half is not in question.
        let beside: &[Value] =
            if action.starts_with("ReEncrypt") { &[allow_all_but(action)] } else { &[] };
        world.let_alice(beside).await;
        let operations = if action == "CreateGrant" {
            json!(["CreateGrant", "Decrypt"])
        } else {
            json!([action])
        };
        assert!(!world.may(&world.alice, action, &key).await, "{action}");
        let granted = grant(&world, &key, json!({ "Operations": operations })).await;
        assert!(world.may(&world.alice, action, &key).await, "{action}");

        let denying: Vec<_> = beside.iter().cloned().chain([deny(action)]).collect();
        world.let_alice(&denying).await;
        assert!(!world.may(&world.alice, action, &key).await, "{action} denied");
        world.let_alice(beside).await;
        assert!(world.may(&world.alice, action, &key).await, "{action} again");

        let gone = json!({ "KeyId": key, "GrantId": granted["GrantId"] });
        world.root.ok("RevokeGrant", gone).await;
        assert!(!world.may(&world.alice, action, &key).await, "{action} revoked");
    }
}

#[tokio::test]
async fn a_grant_allows_nothing_but_its_operations_on_its_key() {
    let world = World::new().await;
    let (key, other) = (world.key("Encrypt").await, world.key("Encrypt").await);
    grant(&world, &key, json!({ "Operations": ["DescribeKey"] })).await;
    for (operation, named, is_allowed) in
        [("DescribeKey", &key, true), ("DescribeKey", &other, false), ("GetKeyPolicy", &key, false)]
    {
        let result = world.alice.call(operation, json!({ "KeyId": named })).await;
        assert_eq!(result.is_ok(), is_allowed, "{operation}: {result:?}");
    }
}

#[tokio::test]
async fn a_context_constraint_binds_operations_that_take_a_context_and_no_others() {
    let world = World::new().await;
    for (constraint, extra_is_allowed) in
        [("EncryptionContextEquals", false), ("EncryptionContextSubset", true)]
    {
        let key = world.key("Encrypt").await;
        let constraints = json!({ (constraint): { "tenant": "blue", "purpose": "backup" } });
        let operations = json!(["Encrypt", "DescribeKey"]);
        let members = json!({ "Operations": operations, "Constraints": constraints });
        grant(&world, &key, members).await;
        for (context, is_allowed) in [
            (json!({ "tenant": "blue", "purpose": "backup" }), true),
            // Keys are compared ignoring case, values are not.
            (json!({ "Tenant": "blue", "PURPOSE": "backup" }), true),
            (json!({ "tenant": "Blue", "purpose": "backup" }), false),
            (json!({ "tenant": "blue" }), false),
            (json!({}), false),
            (json!({ "tenant": "blue", "purpose": "backup", "n": "1" }), extra_is_allowed),
        ] {
            let input = json!({
                "KeyId": key,
                "Plaintext": "AAAA",
                "EncryptionContext": context,
            });
            let result = world.alice.call("Encrypt", input).await;
            assert_eq!(result.is_ok(), is_allowed, "{constraint} {context}: {result:?}");
        }
        world.alice.ok("DescribeKey", json!({ "KeyId": key })).await;
    }
}

#[tokio::test]
async fn a_grantee_with_a_great_many_grants_is_told_them_apart_by_their_contexts() {
    let world = World::new().await;
    let key = world.key("Encrypt").await;
    for volume in 0..40 {
        let constraints = json!({ "EncryptionContextSubset": { "volume": volume.to_string() } });
        let members = json!({ "Operations": ["Encrypt"], "Constraints": constraints });
        grant(&world, &key, members).await;
    }
    for (volume, is_allowed) in [("0", true), ("39", true), ("40", false)] {
        let context = json!({ "volume": volume, "other": "x" });
        let input = json!({ "KeyId": key, "Plaintext": "AAAA", "EncryptionContext": context });
        assert_eq!(world.alice.call("Encrypt", input).await.is_ok(), is_allowed, "{volume}");
    }
}

#[tokio::test]
async fn who_is_granted_to_make_grants_makes_none_broader_than_its_own() {
    let world = World::new().await;
    let key = world.key("Encrypt").await;
    let constraints = json!({ "EncryptionContextSubset": { "tenant": "blue" } });
    let members = json!({
        "Operations": ["CreateGrant", "Encrypt", "Decrypt"],
        "Constraints": constraints,
    });
    grant(&world, &key, members).await;
    let child = |operations: &[&str], constraints: Value| {
        json!({
            "KeyId": key,
            "GranteePrincipal": "arn:aws:iam::111122223333:root",
            "Operations": operations,
            "Constraints": constraints,
        })
    };
    let narrower = json!({ "EncryptionContextSubset": { "tenant": "blue", "purpose": "backup" } });
    let equal = json!({ "EncryptionContextEquals": { "tenant": "blue" } });
    let looser = json!({ "EncryptionContextSubset": { "purpose": "backup" } });
    for (operations, constraints, is_allowed) in [
        (&["Encrypt"][..], constraints.clone(), true),
        (&["Encrypt", "CreateGrant"], narrower, true),
        (&["Encrypt"], equal, true),
        (&["Encrypt"], looser, false),
        (&["Encrypt"], json!({}), false),
        (&["Encrypt", "DescribeKey"], constraints, false),
    ] {
        let input = child(operations, constraints);
        let result = world.alice.call("CreateGrant", input.clone()).await;
        assert_eq!(result.is_ok(), is_allowed, "{input}: {result:?}");
        if let Err(refused) = result {
            let reason = "because no identity-based policy allows the kms:CreateGrant action";
            assert!(refused.message().ends_with(reason), "{refused:?}");
        }
    }
    world.let_alice(&[allow("CreateGrant")]).await;
    world.alice.ok("CreateGrant", child(&["DescribeKey"], json!({}))).await;
}

#[tokio::test]
async fn a_token_makes_its_own_grant_count_and_gives_no_one_else_rights() {
    let world = World::new().await;
    let key = world.key("Encrypt").await;
    let bob = world.app.user("bob", UserBody::default()).await;
    let granted = grant(&world, &key, json!({ "Operations": ["Encrypt"] })).await;
    let input = json!({
        "KeyId": key,
        "Plaintext": "AAAA",
        "GrantTokens": [granted["GrantToken"]],
    });
    world.alice.ok("Encrypt", input.clone()).await;
    assert_eq!(bob.refused("Encrypt", input.clone()).await.name, DENIED);
    let gone = json!({ "KeyId": key, "GrantId": granted["GrantId"] });
    world.root.ok("RevokeGrant", gone).await;
    let refused = world.alice.refused("Encrypt", input).await;
    assert_eq!(refused.name, "InvalidGrantTokenException");
}

#[tokio::test]
async fn a_grant_to_a_role_is_for_its_sessions_and_one_to_a_session_for_that_one() {
    let world = World::new().await;
    let role = world.app.role("app", "{}").await;
    let session = |name: &str| world.app.session(session_of(&role, name), session(&world.app));
    let (one, other) = (session("one"), session("other"));
    let (of_role, of_session) = (world.key("Encrypt").await, world.key("Encrypt").await);
    for (key, grantee) in [
        (&of_role, "arn:aws:iam::111122223333:role/app"),
        (&of_session, "arn:aws:sts::111122223333:assumed-role/app/one"),
    ] {
        let members = json!({ "Operations": ["DescribeKey"], "GranteePrincipal": grantee });
        grant(&world, key, members).await;
    }
    for (client, key, is_allowed) in [
        (&one, &of_role, true),
        (&other, &of_role, true),
        (&one, &of_session, true),
        (&other, &of_session, false),
        (&world.alice, &of_role, false),
    ] {
        let result = client.call("DescribeKey", json!({ "KeyId": key })).await;
        assert_eq!(result.is_ok(), is_allowed, "{result:?}");
    }
}

#[tokio::test]
async fn a_grant_to_an_account_is_for_whom_the_account_lets_use_it() {
    let world = World::new().await;
    let statement = for_principal("arn:aws:iam::111122223333:root", allow("CreateGrant"));
    let input = json!({
        "Policy": document(&statement),
        "BypassPolicyLockoutSafetyCheck": true,
    });
    let key = world.root.create_key_with(input).await;
    let to_account = json!({
        "Operations": ["DescribeKey"],
        "GranteePrincipal": "arn:aws:iam::111122223333:root",
    });
    grant(&world, &key, to_account).await;
    let input = json!({ "KeyId": key });
    world.root.ok("DescribeKey", input.clone()).await;
    world.let_alice(&[]).await;
    world.alice.refused("DescribeKey", input.clone()).await;
    world.let_alice(&[allow("DescribeKey")]).await;
    world.alice.ok("DescribeKey", input).await;
}

#[tokio::test]
async fn whoever_is_made_again_has_nothing_of_what_was_granted_to_the_name() {
    let world = World::new().await;
    let key = world.key("Encrypt").await;
    let granted = grant(&world, &key, json!({ "Operations": ["DescribeKey"], "Name": "n" })).await;
    let input = json!({ "KeyId": key });
    world.alice.ok("DescribeKey", input.clone()).await;
    let id = granted["GrantId"].clone();

    world.app.delete_entity(EntityKind::User, "alice").await;
    let listed = world.root.ok("ListGrants", input.clone()).await;
    let shown = listed["Grants"][0]["GranteePrincipal"].as_str().unwrap();
    assert!(shown.starts_with("AIDA"), "{shown}");

    let alice = world.app.user("alice", UserBody::default()).await;
    assert_eq!(alice.refused("DescribeKey", input.clone()).await.name, DENIED);
    let again = grant(&world, &key, json!({ "Operations": ["DescribeKey"], "Name": "n" })).await;
    assert_ne!(again["GrantId"], id);
    alice.ok("DescribeKey", input).await;
}

#[tokio::test]
async fn a_grant_is_retired_by_whom_it_names_and_whom_the_account_that_made_it_lets() {
    let world = World::new().await;
    let bob = world.app.user("bob", UserBody::default()).await;
    let key = world.key("Encrypt").await;
    let arn = world.root.arn(&key).await;
    let retiring = "arn:aws:iam::111122223333:user/bob";
    let retire = |granted: &Value| json!({ "KeyId": arn, "GrantId": granted["GrantId"] });

    let granted = grant(
        &world,
        &key,
        json!({ "Operations": ["DescribeKey"], "RetiringPrincipal": retiring }),
    )
    .await;
    world.let_alice(&[]).await;
    assert_eq!(world.alice.refused("RetireGrant", retire(&granted)).await.name, DENIED);
    bob.ok("RetireGrant", retire(&granted)).await;

    let granted =
        grant(&world, &key, json!({ "Operations": ["RetireGrant", "DescribeKey"] })).await;
    bob.refused("RetireGrant", retire(&granted)).await;
    world.let_alice(&[deny("RetireGrant")]).await;
    let refused = world.alice.refused("RetireGrant", retire(&granted)).await;
    assert!(refused.message().contains("with an explicit deny in an identity-based policy"));
    world.let_alice(&[]).await;
    world.alice.ok("RetireGrant", retire(&granted)).await;

    // Made by the account, which lets alice retire what is made for a blue tenant.
    let constraints = |tenant: &str| json!({ "EncryptionContextEquals": { "tenant": tenant } });
    let blue = json!({ "Operations": ["Decrypt"], "Constraints": constraints("blue") });
    let red = json!({ "Operations": ["Decrypt"], "Constraints": constraints("red") });
    let (blue, red) = (grant(&world, &key, blue).await, grant(&world, &key, red).await);
    let mut statement = allow("RetireGrant");
    statement["Condition"] = json!({
        "StringEquals": {
            "kms:EncryptionContext:tenant": "blue",
            "kms:GrantConstraintType": "EncryptionContextEquals",
        },
    });
    world.let_alice(&[statement]).await;
    world.alice.refused("RetireGrant", retire(&red)).await;
    world.alice.ok("RetireGrant", retire(&blue)).await;
    world.root.ok("RetireGrant", retire(&red)).await;
}

#[tokio::test]
async fn what_a_grant_allows_shows_the_alias_and_needs_none() {
    let app = TestApp::new().await;
    let role = app.put_entity("app", keyward_store::EntityBody::Role(RoleBody::default())).await;
    let root = app.root();
    let key = root.create_key().await;
    root.create_alias(ALIAS, &key).await;
    let input = json!({
        "KeyId": key,
        "GranteePrincipal": "arn:aws:iam::111122223333:role/app",
        "Operations": ["DescribeKey"],
    });
    root.ok("CreateGrant", input).await;
    let client = app.session(session_of(&role, "s"), session(&app));
    client.ok("DescribeKey", json!({ "KeyId": ALIAS })).await;
    // A role that is gone takes its sessions with it.
    app.delete_entity(EntityKind::Role, "app").await;
    client.refused("DescribeKey", json!({ "KeyId": ALIAS })).await;
}
