//! How policies name callers, and what becomes of those they name.

use keyward_model::Principal;
use keyward_store::{EntityBody, EntityKind, RoleBody, UserBody};
use serde_json::{Value, json};

use crate::world::{
    ALICE, DENIED, World, allow, body, delegation, deny, document, for_principal, session,
    session_of,
};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/one";

/// A key policy of these statements, and what lets the account go on with it.
fn policy(statements: &[Value]) -> String {
    let mut all = vec![for_principal(
        "arn:aws:iam::111122223333:root",
        json!({
            "Effect": "Allow",
            "Action": ["kms:PutKeyPolicy", "kms:GetKeyPolicy"],
            "Resource": "*",
        }),
    )];
    all.extend(statements.iter().cloned());
    document(&json!(all))
}

/// Who calls, whom the key policy names, the caller's own policies, the session's, the outcome.
type Case<'a> = (&'a str, &'a str, &'a [Value], Option<&'a [Value]>, bool);

#[tokio::test]
async fn a_caller_named_itself_needs_no_more_and_one_named_by_its_role_is_limited() {
    let world = World::new().await;
    let nothing: &[Value] = &[];
    let all = &[allow("*")][..];
    let cases: [Case<'_>; 12] = [
        ("user", ALICE, nothing, None, true),
        ("role", ROLE, nothing, None, true),
        ("role", ROLE, all, Some(nothing), false),
        ("role", ROLE, nothing, Some(all), true),
        ("role", SESSION, nothing, Some(nothing), true),
        ("federated", "arn:aws:sts::111122223333:federated-user/bob", nothing, Some(nothing), true),
        ("federated", ALICE, all, Some(nothing), false),
        ("federated", ALICE, nothing, Some(all), true),
        ("role", "*", nothing, Some(nothing), true),
        ("user", "arn:aws:iam::111122223333:root", nothing, None, false),
        ("role", "arn:aws:iam::111122223333:root", all, Some(nothing), false),
        ("federated", "arn:aws:iam::111122223333:root", all, Some(all), true),
    ];
    let role = world.app.role("app", "{}").await;
    for (caller, named, own, of_session, is_allowed) in cases {
        world.let_alice(own).await;
        let inline = body(own).inline_policies;
        let role_body = RoleBody { inline_policies: inline, ..RoleBody::default() };
        world.app.put_entity("app", EntityBody::Role(role_body)).await;
        let policies = of_session.map(|statements| {
            if statements.is_empty() {
                vec![document(&json!([allow("ListKeys")]))]
            } else {
                statements.iter().map(document).collect()
            }
        });
        let principal = match caller {
            "role" => Some(session_of(&role, "one")),
            "federated" => {
                let Principal::User(user) = world.alice.caller().principal.clone() else {
                    panic!("alice is a user");
                };
                Some(Principal::FederatedUser { name: "bob".to_owned(), user: Some(user) })
            }
            _ => None,
        };
        let client = match principal {
            Some(principal) => {
                let session = keyward_model::Session { policies, ..session(&world.app) };
                world.app.session(principal, session)
            }
            None => world.alice.clone(),
        };
        let input = json!({
            "Policy": policy(&[for_principal(named, allow("DescribeKey"))]),
        });
        let key = world.root.create_key_with(input).await;
        let result = client.call("DescribeKey", json!({ "KeyId": key })).await;
        assert_eq!(result.is_ok(), is_allowed, "{caller} {named} {own:?}: {result:?}");
    }
}

#[tokio::test]
async fn a_session_is_limited_by_its_policies_and_tagged_beyond_its_role() {
    let world = World::new().await;
    let key = world.key("DescribeKey").await;
    let role_body = RoleBody {
        inline_policies: body(&[allow("*")]).inline_policies,
        tags: vec![("team".to_owned(), "red".to_owned()), ("a".to_owned(), "1".to_owned())],
        ..RoleBody::default()
    };
    let role = world.app.put_entity("app", EntityBody::Role(role_body)).await;
    let call = async |policy: Value| {
        let session = keyward_model::Session {
            policies: Some(vec![document(&policy)]),
            tags: vec![("Team".to_owned(), "blue".to_owned())],
            source_identity: Some("carol".to_owned()),
            ..session(&world.app)
        };
        let client = world.app.session(session_of(&role, "one"), session);
        client.call("DescribeKey", json!({ "KeyId": key })).await
    };
    let refused = call(allow("Encrypt")).await.unwrap_err();
    let reason = "because no session policy allows the kms:DescribeKey action";
    assert!(refused.message().ends_with(reason), "{refused:?}");
    assert!(refused.message().starts_with(&format!("User: {SESSION} is not ")));
    let refused = call(json!([allow("*"), deny("DescribeKey")])).await.unwrap_err();
    assert!(refused.message().ends_with("with an explicit deny in a session policy"));
    for (key, value, is_allowed) in [
        ("aws:PrincipalTag/team", "blue", true),
        ("aws:PrincipalTag/team", "red", false),
        ("aws:PrincipalTag/a", "1", true),
        ("aws:SourceIdentity", "carol", true),
        ("aws:PrincipalArn", ROLE, true),
        ("aws:PrincipalType", "AssumedRole", true),
        ("aws:MultiFactorAuthPresent", "false", true),
    ] {
        let mut statement = allow("*");
        statement["Condition"] = json!({ "StringEquals": { (key): value } });
        assert_eq!(call(statement).await.is_ok(), is_allowed, "{key}");
    }
}

#[tokio::test]
async fn a_policy_is_bound_to_whom_it_named_and_shows_who_is_gone_by_its_id() {
    let world = World::new().await;
    let document = policy(&[for_principal(ALICE, allow("DescribeKey"))]);
    let key = world.root.create_key_with(json!({ "Policy": document })).await;
    let input = json!({ "KeyId": key });
    let shown = async || {
        let reply = world.root.ok("GetKeyPolicy", input.clone()).await;
        reply["Policy"].as_str().unwrap().to_owned()
    };
    world.alice.ok("DescribeKey", input.clone()).await;
    assert_eq!(shown().await, document);

    world.app.rename_entity(EntityKind::User, "alice", "eve").await;
    assert_eq!(shown().await, document.replace("user/alice", "user/eve"));
    world.alice.ok("DescribeKey", input.clone()).await;

    world.app.delete_entity(EntityKind::User, "eve").await;
    let again = world.app.user("alice", UserBody::default()).await;
    assert_eq!(again.refused("DescribeKey", input.clone()).await.name, DENIED);
    let gone = shown().await;
    let Principal::User(user) = &world.alice.caller().principal else { panic!("a user") };
    assert_eq!(gone, document.replace(ALICE, &user.unique_id.to_string()));
    let put = json!({ "KeyId": key, "Policy": gone });
    let refused = world.root.refused("PutKeyPolicy", put).await;
    assert_eq!(refused.name, "MalformedPolicyDocumentException");
    let put = json!({ "KeyId": key, "Policy": document });
    world.root.ok("PutKeyPolicy", put).await;
    again.ok("DescribeKey", input).await;
}

#[tokio::test]
async fn a_policy_under_which_its_writer_could_not_replace_it_is_refused() {
    let world = World::new().await;
    let locked = "The new key policy will not allow you to update the key policy in the future.";
    let key = world.root.create_key().await;
    let via = {
        let mut statement = for_principal(ALICE, allow("PutKeyPolicy"));
        statement["Condition"] = json!({ "StringEquals": { "kms:ViaService": "s3" } });
        statement
    };
    let only_role = for_principal(ROLE, allow("*"));
    world.app.role("app", "{}").await;
    for (own, statements, is_locked_out) in [
        (allow("PutKeyPolicy"), vec![delegation()], false),
        (allow("CreateKey"), vec![delegation()], true),
        (allow("CreateKey"), vec![delegation(), for_principal(ALICE, allow("Put*"))], false),
        (allow("CreateKey"), vec![delegation(), via], true),
        (allow("PutKeyPolicy"), vec![only_role], true),
    ] {
        let policy = document(&json!(statements));
        // Whatever the old policy says, alice may write the new one.
        let old = document(&json!([delegation(), for_principal(ALICE, allow("*"))]));
        world.root.ok("PutKeyPolicy", json!({ "KeyId": key, "Policy": old })).await;
        world.let_alice(&[own.clone(), allow("CreateKey")]).await;
        for (operation, mut input) in
            [("PutKeyPolicy", json!({ "KeyId": key })), ("CreateKey", json!({}))]
        {
            input["Policy"] = json!(policy);
            let result = world.alice.call(operation, input.clone()).await;
            match result {
                Err(refused) => {
                    assert!(is_locked_out, "{operation} {policy}: {refused:?}");
                    assert_eq!(refused.name, "MalformedPolicyDocumentException");
                    assert_eq!(refused.message(), locked);
                    input["BypassPolicyLockoutSafetyCheck"] = json!(true);
                    world.alice.ok(operation, input).await;
                    world
                        .root
                        .call("PutKeyPolicy", json!({ "KeyId": key, "Policy": old }))
                        .await
                        .ok();
                }
                Ok(_) => assert!(!is_locked_out, "{operation} {policy}"),
            }
        }
        if is_locked_out {
            break;
        }
    }
}
