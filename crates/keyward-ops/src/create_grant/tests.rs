use keyward_engine::Quotas;
use keyward_model::{KeySpec, KeyState, KeyUsage};
use keyward_store::UserBody;
use keyward_testkit::{Client, KeyRequest, Refused, TestApp, TestOptions, UNUSABLE, resource};
use serde_json::{Value, json};

const ROOT: &str = "arn:aws:iam::111122223333:root";
const ALICE: &str = "arn:aws:sts::111122223333:federated-user/alice";

fn request() -> KeyRequest {
    let input = json!({ "GranteePrincipal": ALICE, "Operations": ["DescribeKey"] });
    KeyRequest::new("CreateGrant", input).keys_only()
}

/// A sound request with some members replaced.
fn with(key: &str, members: Value) -> Value {
    let mut input = json!({
        "KeyId": key,
        "GranteePrincipal": ALICE,
        "Operations": ["Decrypt", "Encrypt"],
    });
    let Value::Object(members) = members else { panic!("members are an object") };
    input.as_object_mut().unwrap().extend(members);
    input
}

async fn refused_for_key(root: &Client, key: &str, members: Value) -> Refused {
    root.refused("CreateGrant", with(key, members)).await
}

fn validation(message: &str) -> Refused {
    Refused::new("ValidationException", message)
}

#[tokio::test]
async fn a_grant_has_an_id_and_a_token_and_is_listed_as_it_was_made() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let members = json!({
        "Operations": ["GenerateDataKey", "Decrypt", "GenerateDataKey", "RetireGrant"],
        "RetiringPrincipal": "arn:aws:sts::111122223333:federated-user/janitor",
        "Constraints": {
            "EncryptionContextSubset": { "Tenant": "blue", "n": 7 },
            "SourceArn": "arn:aws:s3:us-east-1:111122223333:bucket",
        },
        "Name": "reader-blue",
    });
    let made = root.ok("CreateGrant", with(&key, members)).await;
    let id = made["GrantId"].as_str().unwrap();
    assert!(id.len() == 64 && id.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')));
    assert!((200..=8192).contains(&made["GrantToken"].as_str().unwrap().len()));

    let listed = root.ok("ListGrants", json!({ "KeyId": key })).await;
    let entry = &listed["Grants"][0];
    let expected = json!({
        "KeyId": root.arn(&key).await,
        "GrantId": id,
        "Name": "reader-blue",
        "CreationDate": entry["CreationDate"],
        "GranteePrincipal": ALICE,
        "RetiringPrincipal": "arn:aws:sts::111122223333:federated-user/janitor",
        "IssuingAccount": ROOT,
        "Operations": ["GenerateDataKey", "Decrypt", "RetireGrant"],
        "Constraints": {
            "EncryptionContextSubset": { "Tenant": "blue", "n": "7" },
            "SourceArn": "arn:aws:s3:us-east-1:111122223333:bucket",
        },
    });
    assert_eq!(entry, &expected);
}

#[tokio::test]
async fn without_a_name_every_call_makes_a_grant() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let first = root.ok("CreateGrant", with(&key, json!({}))).await;
    let second = root.ok("CreateGrant", with(&key, json!({}))).await;
    assert_ne!(first["GrantId"], second["GrantId"]);
    let listed = root.ok("ListGrants", json!({ "KeyId": key })).await;
    assert_eq!(listed["Grants"].as_array().unwrap().len(), 2);
    assert_eq!(listed["Grants"][0]["Name"], "");
}

#[tokio::test]
async fn the_same_named_request_finds_its_grant_and_gives_it_a_new_token() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let members = |operations: Value, context: Value| {
        let constraints = json!({ "EncryptionContextEquals": context });
        json!({ "Name": "n", "Operations": operations, "Constraints": constraints })
    };
    let first = with(&key, members(json!(["Decrypt", "Encrypt"]), json!({ "a": "1", "b": "2" })));
    let first = root.ok("CreateGrant", first).await;
    let again = json!(["Encrypt", "Decrypt", "Encrypt"]);
    let again = with(&key, members(again, json!({ "b": "2", "a": "1" })));
    let again = root.ok("CreateGrant", again).await;
    assert_eq!(first["GrantId"], again["GrantId"]);
    assert_ne!(first["GrantToken"], again["GrantToken"]);

    for grant in [&first, &again] {
        let input = json!({ "KeyId": key, "GrantTokens": [grant["GrantToken"]] });
        root.ok("DescribeKey", input).await;
    }
    let input = json!({ "KeyId": key, "GrantId": first["GrantId"] });
    root.ok("RevokeGrant", input).await;
    let anew = with(&key, members(json!(["Decrypt", "Encrypt"]), json!({ "a": "1", "b": "2" })));
    assert_ne!(root.ok("CreateGrant", anew).await["GrantId"], first["GrantId"]);
}

#[tokio::test]
async fn a_named_request_that_differs_in_anything_makes_another_grant() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let retiring = json!({ "RetiringPrincipal": ROOT });
    let context = |kind: &str, pairs: Value| json!({ "Constraints": { (kind): pairs } });
    let source = json!({ "SourceArn": "arn:aws:s3:us-east-1:111122223333:bucket" });
    let variants = [
        json!({}),
        json!({ "Name": "m" }),
        json!({ "GranteePrincipal": ROOT }),
        json!({ "GranteePrincipal": "arn:aws:sts::111122223333:federated-user/Alice" }),
        retiring,
        json!({ "Operations": ["Decrypt"] }),
        json!({ "Constraints": source }),
        context("EncryptionContextEquals", json!({ "a": "b" })),
        context("EncryptionContextSubset", json!({ "a": "b" })),
        context("EncryptionContextSubset", json!({ "A": "b" })),
        context("EncryptionContextSubset", json!({ "ab": "" })),
        context("EncryptionContextEquals", json!({})),
    ];
    let mut ids = std::collections::HashSet::new();
    for members in variants {
        let mut input = with(&key, json!({ "Name": "n" }));
        input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let made = root.ok("CreateGrant", input.clone()).await;
        assert!(ids.insert(made["GrantId"].clone()), "{input}");
        assert_eq!(root.ok("CreateGrant", input).await["GrantId"], made["GrantId"]);
    }
    let other = root.create_key().await;
    let made = root.ok("CreateGrant", with(&other, json!({ "Name": "n" }))).await;
    assert!(ids.insert(made["GrantId"].clone()));
}

#[tokio::test]
async fn principals_are_arns_of_accounts_users_and_roles_that_exist() {
    let app = TestApp::new().await;
    let root = app.root();
    app.other_account().await;
    app.user("alice", UserBody::default()).await;
    app.role("app", "{}").await;
    let key = root.create_key().await;
    let sound = [
        ROOT,
        "arn:aws:iam::444455556666:root",
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:sts::111122223333:assumed-role/app/session",
        "arn:aws:sts::444455556666:federated-user/bob",
    ];
    let unsound = [
        "111122223333",
        "alice",
        "s3.amazonaws.com",
        "dynamodb.us-west-2.amazonaws.com",
        "arn:aws:iam::111122223333:group/team",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:user/bob",
        "arn:aws:iam::111122223333:user/Alice",
        "arn:aws:iam::111122223333:user/division/alice",
        "arn:aws:iam::444455556666:user/alice",
        "arn:aws:iam::111122223333:role/alice",
        "arn:aws:sts::111122223333:assumed-role/alice/session",
        "arn:aws:iam::777788889999:root",
        "arn:aws:iam::777788889999:user/alice",
        "arn:aws:sts::777788889999:federated-user/bob",
        "arn:aws-cn:iam::111122223333:root",
        "arn:aws:sts::111122223333:assumed-role/app",
        "AIDACKCEVSQ6C2EXAMPLE",
    ];
    for member in ["GranteePrincipal", "RetiringPrincipal"] {
        for arn in sound {
            root.ok("CreateGrant", with(&key, json!({ (member): arn }))).await;
        }
        for arn in unsound {
            let message = format!("ARN does not refer to a valid principal: {arn}");
            let refused = refused_for_key(&root, &key, json!({ (member): arn })).await;
            assert_eq!(refused, Refused::new("InvalidArnException", message));
        }
        let refused =
            refused_for_key(&root, &key, json!({ (member): "arn:aws:iam::*:root" })).await;
        let clause = "failed to satisfy constraint: Member must satisfy regular expression";
        assert!(refused.message().contains(clause));
    }
}

#[tokio::test]
async fn a_grant_has_one_grantee_and_at_most_one_who_retires_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let service = "s3.amazonaws.com";
    let grantee = validation("Specify either a GranteePrincipal or a GranteeServicePrincipal.");
    let retiring =
        validation("Specify at most one of RetiringPrincipal and RetiringServicePrincipal.");
    let requires = validation(
        "A GranteeServicePrincipal requires a SourceArn constraint and a retiring principal.",
    );
    let source = json!({ "SourceArn": "arn:aws:s3:us-east-1:111122223333:bucket" });
    let for_service = |more: Value| {
        let mut members = json!({ "GranteePrincipal": null, "GranteeServicePrincipal": service });
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        members
    };
    for (members, refused) in [
        (json!({ "GranteePrincipal": null }), &grantee),
        (json!({ "GranteeServicePrincipal": service }), &grantee),
        (json!({ "RetiringPrincipal": ROOT, "RetiringServicePrincipal": service }), &retiring),
        (for_service(json!({})), &requires),
        (for_service(json!({ "Constraints": source })), &requires),
        (for_service(json!({ "RetiringPrincipal": ROOT })), &requires),
    ] {
        assert_eq!(&refused_for_key(&root, "nonsense", members).await, refused);
    }
    for retiring in ["RetiringPrincipal", "RetiringServicePrincipal"] {
        let who = if retiring == "RetiringPrincipal" { ROOT } else { service };
        let members = for_service(json!({ "Constraints": source, (retiring): who }));
        let made = root.ok("CreateGrant", with(&key, members)).await;
        let input = json!({ "KeyId": key, "GrantId": made["GrantId"] });
        let entry = root.ok("ListGrants", input).await["Grants"][0].clone();
        assert_eq!(entry["GranteeServicePrincipal"], service);
        assert_eq!(entry["GranteePrincipal"], Value::Null);
        assert_eq!(entry[retiring], who);
    }
}

#[tokio::test]
async fn a_grant_permits_something_beyond_making_grants() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for (operations, message) in [
        (json!([]), "Grants must contain at least one operation."),
        (json!(["CreateGrant"]), "Grants must not contain only the CreateGrant operation."),
        (
            json!(["CreateGrant", "CreateGrant"]),
            "Grants must not contain only the CreateGrant operation.",
        ),
    ] {
        let refused = refused_for_key(&root, "nonsense", json!({ "Operations": operations })).await;
        assert_eq!(refused, validation(message));
    }
    let members = json!({ "Operations": ["CreateGrant", "Decrypt"] });
    root.ok("CreateGrant", with(&key, members)).await;
    let refused = refused_for_key(&root, &key, json!({ "Operations": ["Decipher"] })).await;
    assert!(refused.message().contains("Member must satisfy enum value set: [Decrypt, Encrypt,"));
}

#[tokio::test]
async fn operations_fit_the_kind_of_key() {
    let app = TestApp::new().await;
    let root = app.root();
    for (spec, usage, fits, does_not) in [
        (KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt, "GenerateDataKeyPair", "Sign"),
        (KeySpec::Rsa2048, KeyUsage::EncryptDecrypt, "GetPublicKey", "GenerateDataKey"),
        (KeySpec::Rsa2048, KeyUsage::SignVerify, "Sign", "Encrypt"),
        (KeySpec::EccNistP256, KeyUsage::KeyAgreement, "DeriveSharedSecret", "Verify"),
        (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac, "VerifyMac", "GetPublicKey"),
        (KeySpec::MlKem768, KeyUsage::EncapsulateDecapsulate, "Decapsulate", "Decrypt"),
    ] {
        let input = json!({ "KeySpec": spec.as_str(), "KeyUsage": usage.as_str() });
        let key = root.create_key_with(input).await;
        let members = json!({ "Operations": ["DescribeKey", fits] });
        root.ok("CreateGrant", with(&key, members)).await;
        let refused =
            refused_for_key(&root, &key, json!({ "Operations": ["DescribeKey", does_not] })).await;
        let message = format!(
            "The operation {does_not} is not valid for a key with key spec {spec} and key usage \
             {usage}."
        );
        assert_eq!(refused, validation(&message));
    }
}

#[tokio::test]
async fn a_context_constraint_is_one_small_map_for_operations_that_take_a_context() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let map = |pairs: usize, value: usize| {
        let pairs = (0..pairs).map(|at| (at.to_string(), json!("ü".repeat(value))));
        Value::Object(pairs.collect())
    };
    for kind in ["EncryptionContextEquals", "EncryptionContextSubset"] {
        let constrained = |map: Value| json!({ "Constraints": { (kind): map } });
        root.ok("CreateGrant", with(&key, constrained(map(8, 384)))).await;
        let long_key = json!({ ("k".repeat(8192)): "" });
        for (map, message) in [
            (map(9, 1), "An encryption context constraint holds at most 8 pairs."),
            (
                map(1, 385),
                "A value in an encryption context constraint has at most 384 characters.",
            ),
            (long_key, "The encryption context is larger than 8192 bytes."),
        ] {
            let refused = refused_for_key(&root, "nonsense", constrained(map)).await;
            assert_eq!(refused, validation(message));
        }
        let mut members = constrained(map(1, 1));
        members["Operations"] = json!(["DescribeKey", "RetireGrant", "CreateGrant"]);
        let message = "An encryption context constraint requires an operation that takes an \
                       encryption context.";
        assert_eq!(refused_for_key(&root, "nonsense", members).await, validation(message));
    }
    let both = json!({ "EncryptionContextEquals": { "a": "b" }, "EncryptionContextSubset": {} });
    let refused = refused_for_key(&root, "nonsense", json!({ "Constraints": both })).await;
    assert_eq!(refused, validation("More than one constraint supplied"));
}

#[tokio::test]
async fn only_symmetric_keys_take_context_constraints_but_every_key_a_source() {
    let app = TestApp::new().await;
    let root = app.root();
    let rsa = json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" });
    let key = root.create_key_with(rsa).await;
    let source = "arn:aws:s3:us-east-1:111122223333:bucket";
    root.ok("CreateGrant", with(&key, json!({ "Constraints": { "SourceArn": source } }))).await;
    let members = json!({ "Constraints": { "EncryptionContextSubset": { "a": "b" } } });
    let message = "Encryption context constraints are valid only for symmetric encryption keys.";
    assert_eq!(refused_for_key(&root, &key, members).await, validation(message));
    for source in ["arn:aws:s3:::bucket-of-mine", "too short"] {
        let members = json!({ "Constraints": { "SourceArn": source } });
        let refused = refused_for_key(&root, &key, members).await;
        assert!(refused.message().contains("at 'constraints.sourceArn' failed"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_and_aws_managed_keys_are_denied() {
    request().is_denied_elsewhere("kms:CreateGrant").await;
    request().is_denied_on_aws_managed_keys("kms:CreateGrant").await;
}

#[tokio::test]
async fn only_a_key_that_could_be_used_is_granted() {
    let reachable = |(state, ..): &&(KeyState, _, _)| *state != KeyState::Unavailable;
    let refused: Vec<_> = UNUSABLE.iter().filter(reachable).copied().collect();
    request().answers_by_state(&refused).await;
}

#[tokio::test]
async fn state_comes_before_the_kind_of_operation() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    root.disable(&key).await;
    let refused = refused_for_key(&root, &key, json!({ "Operations": ["Sign"] })).await;
    assert_eq!(refused.name, "DisabledException");
}

#[tokio::test]
async fn a_key_has_so_many_grants_and_a_named_one_is_found_all_the_same() {
    let quotas = Quotas { grants_per_key: 2, ..Quotas::default() };
    let app = TestApp::with(TestOptions { quotas, ..TestOptions::default() }).await;
    let root = app.root();
    let key = root.create_key().await;
    let named = with(&key, json!({ "Name": "n" }));
    let made = root.ok("CreateGrant", named.clone()).await;
    root.ok("CreateGrant", with(&key, json!({}))).await;
    let message = "Grants per key quota for this account in this region is 2, current usage is 2.";
    let refused = refused_for_key(&root, &key, json!({})).await;
    assert_eq!(refused, Refused::new("LimitExceededException", message));
    let dry = refused_for_key(&root, &key, json!({ "DryRun": true })).await;
    assert_eq!(dry, refused);
    let dry = refused_for_key(&root, &key, json!({ "DryRun": true, "Name": "n" })).await;
    assert_eq!(dry.name, "DryRunOperationException");
    assert_eq!(root.ok("CreateGrant", named).await["GrantId"], made["GrantId"]);
    root.ok("RevokeGrant", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await;
    root.ok("CreateGrant", with(&key, json!({}))).await;
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_grants_nothing() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for members in [json!({ "DryRun": true }), json!({ "DryRun": true, "Name": "n" })] {
        assert_eq!(refused_for_key(&root, &key, members).await.name, "DryRunOperationException");
    }
    let members = json!({ "DryRun": true, "Operations": ["Sign"] });
    assert_eq!(refused_for_key(&root, &key, members).await.name, "ValidationException");
    let listed = root.ok("ListGrants", json!({ "KeyId": key })).await;
    assert_eq!(listed["Grants"], json!([]));
}

#[tokio::test]
async fn the_record_shows_the_grant_but_no_token() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let token = root.ok("CreateGrant", with(&key, json!({}))).await["GrantToken"].clone();
    let constraints = json!({ "EncryptionContextEquals": { "Tenant": "blue" } });
    let members = json!({
        "Constraints": constraints,
        "RetiringPrincipal": ROOT,
        "Name": "reader",
        "GrantTokens": [token],
    });
    let made = root.ok("CreateGrant", with(&key, members)).await;
    let expected = json!({
        "requestParameters": {
            "keyId": key,
            "constraints": { "encryptionContextEquals": { "Tenant": "blue" } },
            "operations": ["Decrypt", "Encrypt"],
            "granteePrincipal": ALICE,
            "retiringPrincipal": ROOT,
            "name": "reader",
        },
        "responseElements": { "grantId": made["GrantId"], "keyId": arn },
        "readOnly": false,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
}
