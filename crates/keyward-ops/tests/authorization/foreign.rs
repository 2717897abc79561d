//! Callers of other accounts.

use keyward_testkit::{ABSENT, Client, OTHER_ACCOUNT, TestApp, denied_elsewhere};
use serde_json::{Value, json};

use crate::requests::{key_for, operation_of, request};
use crate::tables::{Row, actions};
use crate::world::{DENIED, allow, delegation, document, for_principal};

const OTHER_ROOT: &str = "arn:aws:iam::444455556666:root";

/// A key of the first account that lets the other account do one thing.
async fn shared(root: &Client, action: &str, lets: &str) -> String {
    let mut input = key_for(action);
    let statements = json!([delegation(), for_principal(OTHER_ROOT, allow(lets))]);
    input["Policy"] = json!(document(&statements));
    root.create_key_with(input).await
}

#[tokio::test]
async fn an_action_is_for_callers_of_other_accounts_where_the_table_says_so() {
    let app = TestApp::new().await;
    let (root, other) = (app.root(), app.other_account().await);
    for Row { action, is_on_key, is_for_other_accounts, .. } in actions() {
        if !is_on_key || matches!(action, "DeleteAlias" | "UpdateAlias" | "CreateAlias") {
            continue;
        }
        for (lets, is_let) in [(action, is_for_other_accounts), ("ListKeys", false)] {
            let key = shared(&root, action, lets).await;
            let mut input = ask(&app, &root, action, &key).await;
            if action.starts_with("ReEncrypt") {
                // The other half is the caller's own.
                let own = other.create_key().await;
                let member =
                    if action == "ReEncryptFrom" { "DestinationKeyId" } else { "SourceKeyId" };
                input[member] = json!(own);
                if action == "ReEncryptTo" {
                    input["CiphertextBlob"] = json!(other.encrypt(&own, b"x").await);
                    input.as_object_mut().unwrap().remove("SourceEncryptionContext");
                }
            }
            let result = other.call(operation_of(action), input).await;
            let is_denied = matches!(&result, Err(refused) if refused.name == DENIED);
            assert_eq!(is_denied, !is_let, "{action} let {lets}: {result:?}");
            if is_denied {
                assert_eq!(result, Err(denied_elsewhere(&format!("kms:{action}"))));
            }
        }
    }
}

/// The request, naming the key by its ARN.
async fn ask(app: &TestApp, root: &Client, action: &str, key: &str) -> Value {
    drop(root.call("DeleteAlias", json!({ "AliasName": "alias/app" })).await);
    root.create_alias("alias/app", key).await;
    let mut input = request(app, root, action, key).await;
    let arn = root.arn(key).await;
    for member in ["KeyId", "SourceKeyId", "DestinationKeyId"] {
        if let Some(named) = input.get_mut(member) {
            *named = json!(arn);
        }
    }
    input
}

#[tokio::test]
async fn both_accounts_must_let_a_user_of_another_account() {
    let app = TestApp::new().await;
    let (root, other) = (app.root(), app.other_account().await);
    let key = other.create_key().await;
    let arn = other.arn(&key).await;
    let alice = app.user("alice", crate::world::body(&[])).await;
    let put = async |statements: Value| {
        let input = json!({ "KeyId": key, "Policy": document(&statements) });
        other.ok("PutKeyPolicy", input).await;
    };
    let own = for_principal(OTHER_ROOT, allow("*"));
    let with_root = for_principal("arn:aws:iam::111122223333:root", allow("DescribeKey"));
    let with_alice = for_principal(crate::world::ALICE, allow("DescribeKey"));
    let input = json!({ "KeyId": arn });
    let let_alice = async |policies: &[Value]| {
        let body = keyward_store::EntityBody::User(crate::world::body(policies));
        app.put_entity("alice", body).await;
    };

    let_alice(&[allow("*")]).await;
    let refused = alice.refused("DescribeKey", input.clone()).await;
    assert!(refused.message().contains("on this resource because the resource does not exist"));
    for statement in [with_root, with_alice] {
        put(json!([own, statement])).await;
        let_alice(&[allow("*")]).await;
        alice.ok("DescribeKey", input.clone()).await;
        let_alice(&[]).await;
        let refused = alice.refused("DescribeKey", input.clone()).await;
        let reason = "because no identity-based policy allows the kms:DescribeKey action";
        assert!(refused.message().ends_with(reason), "{refused:?}");
    }
    root.ok("ListKeys", json!({})).await;
    root.refused("DescribeKey", input).await;
}

#[tokio::test]
async fn a_grant_to_a_user_of_another_account_needs_no_policy_there_and_one_to_its_root_does() {
    let app = TestApp::new().await;
    let other = app.other_account().await;
    let alice = app.user("alice", crate::world::body(&[])).await;
    let key = other.create_key().await;
    let arn = other.arn(&key).await;
    let input = json!({ "KeyId": arn });
    for (grantee, is_let) in
        [("arn:aws:iam::111122223333:root", false), (crate::world::ALICE, true)]
    {
        let grant = json!({
            "KeyId": key,
            "GranteePrincipal": grantee,
            "Operations": ["DescribeKey"],
        });
        other.ok("CreateGrant", grant).await;
        let result = alice.call("DescribeKey", input.clone()).await;
        assert_eq!(result.is_ok(), is_let, "{grantee}: {result:?}");
    }
    app.root().ok("DescribeKey", input).await;
}

#[tokio::test]
async fn a_ciphertext_of_another_account_is_opened_without_naming_its_key() {
    let app = TestApp::new().await;
    let (root, other) = (app.root(), app.other_account().await);
    let key = shared(&root, "Decrypt", "Decrypt").await;
    let input = json!({ "CiphertextBlob": root.encrypt(&key, b"x").await });
    let opened = other.ok("Decrypt", input).await;
    assert_eq!(opened["KeyId"], root.arn(&key).await);

    let closed = root.create_key().await;
    let input = json!({ "CiphertextBlob": root.encrypt(&closed, b"x").await });
    let refused = other.refused("Decrypt", input).await;
    let words = "on the resource associated with this ciphertext because the resource does not \
                 exist in this Region";
    assert!(refused.message().contains(words), "{refused:?}");
}

#[tokio::test]
async fn an_alias_arn_of_another_account_names_its_key() {
    let app = TestApp::new().await;
    let (root, other) = (app.root(), app.other_account().await);
    let key = shared(&root, "DescribeKey", "DescribeKey").await;
    let alias = root.create_alias("alias/app", &key).await;
    let described = other.ok("DescribeKey", json!({ "KeyId": alias })).await;
    assert_eq!(described["KeyMetadata"]["KeyId"], key);
    let absent = alias.replace("app", "none");
    let refused = other.refused("DescribeKey", json!({ "KeyId": absent })).await;
    assert_eq!(refused, denied_elsewhere("kms:DescribeKey"));
}

#[tokio::test]
async fn each_account_has_its_record_of_a_use_and_only_the_callers_of_a_refusal() {
    let app = TestApp::new().await;
    let (root, other) = (app.root(), app.other_account().await);
    let key = shared(&root, "Encrypt", "Encrypt").await;
    let arn = root.arn(&key).await;
    let before = app.audit().len();
    other.ok("Encrypt", json!({ "KeyId": arn, "Plaintext": "AAAA" })).await;
    let records = app.audit().split_off(before);
    let [caller, owner] = &*records else { panic!("{records:?}") };
    assert_eq!(caller["recipientAccountId"], OTHER_ACCOUNT);
    assert_eq!(owner["recipientAccountId"], "111122223333");
    assert_eq!(caller["sharedEventID"], owner["sharedEventID"]);
    assert_ne!(caller["sharedEventID"], Value::Null);
    assert_ne!(caller["eventID"], owner["eventID"]);
    assert_eq!(caller["requestID"], owner["requestID"]);
    assert_eq!(owner["userIdentity"]["type"], "AWSAccount");
    let last = root.ok("GetKeyLastUsage", json!({ "KeyId": key })).await;
    assert_eq!(last["KeyLastUsage"]["CloudTrailEventId"], owner["eventID"]);

    let before = app.audit().len();
    let absent = arn.replace(&key, ABSENT);
    for named in [&arn, &absent] {
        other.refused("Decrypt", json!({ "KeyId": named, "CiphertextBlob": "AAAA" })).await;
    }
    let records = app.audit().split_off(before);
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record["recipientAccountId"] == OTHER_ACCOUNT));
    // Whoever gets past authorization and fails later has used the key.
    root.disable(&key).await;
    let before = app.audit().len();
    other.refused("Encrypt", json!({ "KeyId": arn, "Plaintext": "AAAA" })).await;
    assert_eq!(app.audit().len() - before, 2);
}
