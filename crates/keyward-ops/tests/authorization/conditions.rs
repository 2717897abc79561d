//! Every condition key, where it has a value and which.

use keyward_audit::iso_date;
use keyward_model::Clock;
use serde_json::{Value, json};

use crate::requests::attested;
use crate::tables::{Row, actions, of_callers, value};
use crate::world::{World, allow_all_but};

/// What lets do an action if all condition keys have these values, and all the others without asking.
/// The alias that goes with an action on a key is not in question.
fn allow_if(action: &str, pairs: &[(&str, String)]) -> Vec<Value> {
    let pairs: serde_json::Map<_, _> =
        pairs.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let action_name = format!("kms:{action}");
    vec![
        allow_all_but(action),
        json!({
            "Effect": "Allow",
            "Action": action_name,
            "Resource": "arn:aws:kms:us-east-1:111122223333:alias/*",
        }),
        json!({
            "Effect": "Allow",
            "Action": action_name,
            "Resource": "*",
            "Condition": { "ForAnyValue:StringEquals": pairs },
        }),
    ]
}

/// Alice may do the action exactly if the keys have these values.
async fn require(world: &World, action: &str, key: &str, pairs: &[(&str, String)]) {
    world.let_alice(&allow_if(action, pairs)).await;
    let result = world.ask(&world.alice, action, key).await;
    let is_denied = matches!(&result, Err(refused) if refused.name == crate::world::DENIED);
    assert!(!is_denied, "{action} {pairs:?}: {result:?}");
    for at in 0..pairs.len() {
        let mut others = pairs.to_vec();
        others[at].1.push('x');
        world.let_alice(&allow_if(action, &others)).await;
        assert!(!world.may(&world.alice, action, key).await, "{action} {others:?}");
    }
}

#[tokio::test]
async fn a_request_says_of_itself_what_the_table_says() {
    let world = World::new().await;
    let (_, register) = attested(&world.app);
    let tomorrow = iso_date(world.app.clock().now().plus_days(1)).to_string();
    for Row { action, keys, .. } in actions() {
        if keys.is_empty() || keys.contains(&"kms:TrailingDaysWithoutKeyUsage") {
            continue;
        }
        let key = world.key(action).await;
        let pairs: Vec<_> = keys
            .iter()
            .map(|key| {
                let value = value(action, key).unwrap_or_else(|| panic!("{action} {key}"));
                (*key, value.replace("{PCR0}", &register).replace("{TOMORROW}", &tomorrow))
            })
            .collect();
        require(&world, action, &key, &pairs).await;
    }
}

#[tokio::test]
async fn days_without_use_count_from_the_last_use_and_before_it_from_the_creation() {
    let world = World::new().await;
    for action in ["DisableKey", "ScheduleKeyDeletion"] {
        let key = world.key(action).await;
        world.app.clock().advance_days(2);
        world.root.encrypt(&key, b"x").await;
        world.app.clock().advance_days(3);
        let days = |days: &str| vec![("kms:TrailingDaysWithoutKeyUsage", days.to_owned())];
        require(&world, action, &key, &days("3")).await;
        let unused = world.key(action).await;
        require(&world, action, &unused, &days("0")).await;
    }
    let key = world.key("ScheduleKeyDeletion").await;
    let window = "kms:ScheduleKeyDeletionPendingWindowInDays";
    require(&world, "ScheduleKeyDeletion", &key, &[(window, "30".to_owned())]).await;
}

#[tokio::test]
async fn every_action_on_a_key_knows_the_key() {
    let world = World::new().await;
    for Row { action, is_on_key, .. } in actions() {
        if !is_on_key {
            continue;
        }
        let key = world.key(action).await;
        let metadata = world.root.describe(&key).await;
        let of = |member: &str| metadata[member].as_str().unwrap().to_owned();
        let is_multi_region = metadata["MultiRegion"] == json!(true);
        let mut pairs = vec![
            ("kms:CallerAccount", "111122223333".to_owned()),
            ("kms:KeySpec", of("KeySpec")),
            ("kms:KeyUsage", of("KeyUsage")),
            ("kms:KeyOrigin", of("Origin")),
            ("kms:MultiRegion", is_multi_region.to_string()),
            ("aws:ResourceAccount", "111122223333".to_owned()),
        ];
        // A replica has no aliases and no tags of its primary key's.
        if action != "UpdatePrimaryRegion" {
            pairs.push(("kms:ResourceAliases", "alias/app".to_owned()));
            pairs.push(("aws:ResourceTag/team", "red".to_owned()));
        }
        if action == "ReplicateKey" {
            pairs.push(("kms:MultiRegionKeyType", "PRIMARY".to_owned()));
        }
        require(&world, action, &key, &pairs).await;
    }
}

#[tokio::test]
async fn every_action_knows_the_caller_and_the_connection() {
    let world = World::new().await;
    for action in ["Encrypt", "ListKeys"] {
        let key = world.key(action).await;
        let pairs: Vec<_> =
            of_callers().into_iter().map(|(key, value)| (key, value.to_owned())).collect();
        require(&world, action, &key, &pairs).await;
        let now = iso_date(world.app.clock().now()).to_string();
        let regional = [("aws:RequestedRegion", "us-east-1".to_owned()), ("aws:CurrentTime", now)];
        require(&world, action, &key, &regional).await;
    }
}

#[tokio::test]
async fn a_parameter_with_a_default_has_it_and_one_without_is_absent() {
    let world = World::new().await;
    let key = world.key("Encrypt").await;
    let absent = |key: &str| {
        let condition = json!({ "Null": { key: "true" } });
        json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition }])
    };
    for (operation, input, name, is_absent) in [
        ("EnableKeyRotation", json!({}), "kms:RotationPeriodInDays", false),
        (
            "ScheduleKeyDeletion",
            json!({ "PendingWindowInDays": 7 }),
            "kms:ScheduleKeyDeletionPendingWindowInDays",
            false,
        ),
        ("GetKeyPolicy", json!({}), "kms:PolicyName", false),
        ("DescribeKey", json!({}), "kms:RequestAlias", true),
        ("DescribeKey", json!({}), "kms:ViaService", true),
        ("DescribeKey", json!({}), "kms:MultiRegionKeyType", true),
        ("DescribeKey", json!({}), "aws:MultiFactorAuthPresent", true),
        ("DescribeKey", json!({}), "aws:TokenIssueTime", true),
        ("Encrypt", json!({ "Plaintext": "AAAA" }), "kms:EncryptionContextKeys", true),
        ("Encrypt", json!({ "Plaintext": "AAAA" }), "kms:EncryptionAlgorithm", false),
        ("Encrypt", json!({ "Plaintext": "AAAA" }), "kms:RecipientAttestation:PCR0", true),
        ("UntagResource", json!({ "TagKeys": ["a"] }), "aws:RequestTag/a", true),
    ] {
        let mut input = input;
        input["KeyId"] = json!(key);
        world.let_alice(&[absent(name)]).await;
        let result = world.alice.call(operation, input).await;
        let is_denied = matches!(&result, Err(refused) if refused.name == crate::world::DENIED);
        assert_eq!(is_denied, !is_absent, "{operation} {name}: {result:?}");
    }
}

#[tokio::test]
async fn tags_and_aliases_of_a_key_are_for_identity_policies_only_and_count_at_once() {
    let world = World::new().await;
    for (name, value) in [("aws:ResourceTag/team", "red"), ("kms:ResourceAliases", "alias/app")] {
        let condition = json!({ "ForAnyValue:StringEquals": { (name): value } });
        let statement = json!({
            "Effect": "Allow",
            "Action": "kms:Encrypt",
            "Resource": "*",
            "Condition": condition,
        });
        let in_key_policy = crate::world::for_principal(crate::world::ALICE, statement.clone());
        let statements = json!([crate::world::delegation(), in_key_policy]);
        let key = world.key_with("Encrypt", Some(statements)).await;
        world.let_alice(&[]).await;
        let input = json!({ "KeyId": key, "Plaintext": "AAAA" });
        world.alice.refused("Encrypt", input.clone()).await;
        world.let_alice(&[statement]).await;
        world.alice.ok("Encrypt", input.clone()).await;

        world.root.ok("UntagResource", json!({ "KeyId": key, "TagKeys": ["Team"] })).await;
        world.root.ok("DeleteAlias", json!({ "AliasName": "alias/app" })).await;
        world.alice.refused("Encrypt", input).await;
    }
}
