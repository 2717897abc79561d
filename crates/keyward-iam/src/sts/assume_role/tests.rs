//! Who may become a role, and what is left of the request in the session.

use std::collections::BTreeMap;

use keyward_engine::NewServiceKind;
use keyward_model::{Clock, Identity, Principal};
use keyward_store::{EntityBody, RoleBody, UserBody};
use keyward_testkit::{Client, OTHER_ACCOUNT, Refused, TestApp};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

fn policy(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
}

/// A trust policy that allows `actions` to a principal under conditions.
fn trust(principal: &str, actions: &str, conditions: &str) -> String {
    policy(&format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":{actions},
            "Condition":{conditions}}}"#
    ))
}

const ASSUME: &str = r#""sts:AssumeRole""#;
const ALL: &str = r#""sts:*""#;

fn with_policy(statement: &str) -> UserBody {
    let inline_policies = BTreeMap::from([("p".to_owned(), policy(statement))]);
    UserBody { inline_policies, ..UserBody::default() }
}

async fn alice(app: &TestApp) -> Client {
    app.user("alice", UserBody::default()).await
}

/// A role that may list keys and aliases, and itself assume roles.
async fn role(app: &TestApp, name: &str, trust_policy: &str) -> Identity {
    let may =
        r#"{"Effect":"Allow","Action":["kms:ListKeys","kms:ListAliases","sts:*"],"Resource":"*"}"#;
    let body = RoleBody {
        assume_role_policy_document: trust_policy.to_owned(),
        max_session_duration_s: 7200,
        inline_policies: BTreeMap::from([("p".to_owned(), policy(may))]),
        tags: vec![("Team".to_owned(), "red".to_owned())],
        ..RoleBody::default()
    };
    app.put_entity(name, EntityBody::Role(body)).await
}

fn request(more: Value) -> Value {
    let mut input = json!({ "RoleArn": ROLE, "RoleSessionName": "s-1" });
    if let Value::Object(more) = more {
        input.as_object_mut().unwrap().extend(more);
    }
    input
}

async fn assume(client: &Client, more: Value) -> Result<Value, Refused> {
    client.call("AssumeRole", request(more)).await
}

fn denied(caller: &str, action: &str) -> Refused {
    let message =
        format!("User: {caller} is not authorized to perform: sts:{action} on resource: {ROLE}");
    Refused::new("AccessDenied", message)
}

#[tokio::test]
async fn whom_the_trust_policy_names_becomes_the_role() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    let role = role(&app, "app", &trust(ALICE, ASSUME, "{}")).await;
    let reply = assume(&alice, json!({})).await.unwrap();
    assert_eq!(reply["AssumedRoleUser"]["AssumedRoleId"], format!("{}:s-1", role.unique_id));
    let arn = "arn:aws:sts::111122223333:assumed-role/app/s-1";
    assert_eq!(reply["AssumedRoleUser"]["Arn"], arn);
    assert_eq!(reply.get("PackedPolicySize"), None);
    let session = alice.signing_with(&reply["Credentials"]);
    assert_eq!(session.ok("GetCallerIdentity", json!({})).await["Arn"], arn);
    session.ok("ListKeys", json!({})).await;
    assert_eq!(
        session.refused("GenerateRandom", json!({ "NumberOfBytes": 1 })).await.name,
        "AccessDeniedException"
    );
    let key = reply["Credentials"]["AccessKeyId"].as_str().unwrap();
    assert!(key.starts_with("ASIA") && key.len() == 20);
    assert_eq!(reply["Credentials"]["SecretAccessKey"].as_str().unwrap().len(), 40);
}

#[tokio::test]
async fn in_the_records_there_is_neither_secret_nor_token() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    role(&app, "app", &trust(ALICE, ASSUME, "{}")).await;
    let reply = assume(&alice, json!({ "DurationSeconds": 900 })).await.unwrap();
    let record = app.last_record();
    assert_eq!(record["eventName"], "AssumeRole");
    assert_eq!(record["readOnly"], true);
    let parameters = json!({ "roleArn": ROLE, "roleSessionName": "s-1", "durationSeconds": 900 });
    assert_eq!(record["requestParameters"], parameters);
    let shown = &record["responseElements"]["credentials"];
    assert_eq!(shown["accessKeyId"], reply["Credentials"]["AccessKeyId"]);
    assert_eq!(shown.as_object().unwrap().len(), 2);
    let resource = json!([{ "accountId": "111122223333", "type": "AWS::IAM::Role", "ARN": ROLE }]);
    assert_eq!(record["resources"], resource);
    let text = record.to_string();
    for secret in ["SecretAccessKey", "SessionToken"] {
        assert!(!text.contains(reply["Credentials"][secret].as_str().unwrap()), "{secret}");
    }
}

#[tokio::test]
async fn whom_it_does_not_name_is_told_the_same_as_of_a_role_that_is_not_there() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    assert_eq!(assume(&alice, json!({})).await, Err(denied(ALICE, "AssumeRole")));
    let bob = "arn:aws:iam::111122223333:user/bob";
    role(&app, "app", &trust(bob, ASSUME, "{}")).await;
    assert_eq!(assume(&alice, json!({})).await, Err(denied(ALICE, "AssumeRole")));
    assert_eq!(app.last_record()["errorCode"], "AccessDenied");
    let elsewhere = json!({ "RoleArn": "arn:aws:iam::111122223333:role/path/app" });
    let refused = assume(&alice, elsewhere).await.unwrap_err();
    assert_eq!(refused.name, "AccessDenied");
}

#[tokio::test]
async fn what_is_handed_to_the_account_its_own_policies_decide() {
    let app = TestApp::new().await;
    role(&app, "app", &trust("111122223333", ASSUME, "{}")).await;
    let alice = alice(&app).await;
    assert_eq!(assume(&alice, json!({})).await, Err(denied(ALICE, "AssumeRole")));
    let may = format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{ROLE}"}}"#);
    let bob = app.user("bob", with_policy(&may)).await;
    assume(&bob, json!({})).await.unwrap();
}

#[tokio::test]
async fn across_accounts_both_have_to_allow_and_both_have_a_record() {
    let app = TestApp::new().await;
    app.other_account().await;
    let other = OTHER_ACCOUNT.parse().unwrap();
    role(&app, "app", &trust(OTHER_ACCOUNT, ASSUME, "{}")).await;
    let eve = app.user_of(other, "eve", UserBody::default()).await;
    let arn = "arn:aws:iam::444455556666:user/eve";
    assert_eq!(assume(&eve, json!({})).await, Err(denied(arn, "AssumeRole")));
    let may = format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{ROLE}"}}"#);
    let dan = app.user_of(other, "dan", with_policy(&may)).await;
    assume(&dan, json!({})).await.unwrap();
    let mut records = app.audit();
    let (last, before) = (records.pop().unwrap(), records.pop().unwrap());
    assert_eq!(last["sharedEventID"], before["sharedEventID"]);
    let recipients = [&before["recipientAccountId"], &last["recipientAccountId"]];
    assert!(recipients.contains(&&json!("111122223333")));
    assert!(recipients.contains(&&json!(OTHER_ACCOUNT)));
}

#[tokio::test]
async fn the_root_user_becomes_no_role() {
    let app = TestApp::new().await;
    role(&app, "app", &trust("111122223333", ASSUME, "{}")).await;
    let message = "Roles may not be assumed by root accounts.";
    let refused = assume(&app.root(), json!({})).await;
    assert_eq!(refused, Err(Refused::new("AccessDenied", message)));
}

#[tokio::test]
async fn a_trust_policy_asks_about_everything_in_the_request() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    let full = json!({
        "ExternalId": "ext-1",
        "SourceIdentity": "dana",
        "Tags": [{ "Key": "Cost", "Value": "7" }],
        "TransitiveTagKeys": ["Cost"],
    });
    for (conditions, is_allowed) in [
        (r#"{"StringEquals":{"sts:ExternalId":"ext-1"}}"#, true),
        (r#"{"StringEquals":{"sts:ExternalId":"ext-2"}}"#, false),
        (r#"{"StringEquals":{"sts:RoleSessionName":"s-1"}}"#, true),
        (r#"{"StringEquals":{"sts:RoleSessionName":"${aws:username}"}}"#, false),
        (r#"{"StringEquals":{"sts:SourceIdentity":"dana"}}"#, true),
        (r#"{"Null":{"sts:SourceIdentity":"true"}}"#, false),
        (r#"{"StringEquals":{"aws:RequestTag/cost":"7"}}"#, true),
        (r#"{"StringEquals":{"aws:RequestTag/Cost":"8"}}"#, false),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["Cost"]}}"#, true),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["Team"]}}"#, false),
        (r#"{"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":["Cost"]}}"#, true),
        (r#"{"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":["Team"]}}"#, false),
        (r#"{"StringEquals":{"aws:ResourceTag/Team":"red"}}"#, true),
        (r#"{"StringEquals":{"iam:ResourceTag/Team":"blue"}}"#, false),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/alice"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, false),
        (r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, false),
        (r#"{"Null":{"aws:MultiFactorAuthPresent":"true"}}"#, true),
    ] {
        role(&app, "app", &trust(ALICE, ALL, conditions)).await;
        let found = assume(&alice, full.clone()).await;
        assert_eq!(found.is_ok(), is_allowed, "{conditions}: {found:?}");
    }
}

#[tokio::test]
async fn tags_and_a_source_identity_take_permissions_of_their_own() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    role(&app, "app", &trust(ALICE, ASSUME, "{}")).await;
    let tags = json!({ "Tags": [{ "Key": "Cost", "Value": "7" }] });
    assert_eq!(assume(&alice, tags).await, Err(denied(ALICE, "TagSession")));
    let identity = json!({ "SourceIdentity": "dana" });
    assert_eq!(assume(&alice, identity).await, Err(denied(ALICE, "SetSourceIdentity")));
}

#[tokio::test]
async fn a_code_of_the_callers_device_counts_once_and_is_seen_by_the_trust_policy() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    let Principal::User(user) = alice.caller().principal.clone() else { return };
    let seed = app.mfa_device(&user).await;
    let with_mfa = r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"},
        "NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}"#;
    role(&app, "app", &trust(ALICE, ASSUME, with_mfa)).await;
    assert_eq!(assume(&alice, json!({})).await, Err(denied(ALICE, "AssumeRole")));

    let step = app.clock().now().unix_s() / 30;
    let serial = "arn:aws:iam::111122223333:mfa/alice";
    let shown = |serial: &str, code: &str| json!({ "SerialNumber": serial, "TokenCode": code });
    let code = seed.code(step);
    let wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
    let wrong = || Err(Refused::new("AccessDenied", wrong));
    assert_eq!(assume(&alice, shown(serial, &seed.code(step + 9))).await, wrong());
    let foreign = shown("arn:aws:iam::111122223333:mfa/bob", &code);
    let refused = assume(&alice, foreign).await.unwrap_err();
    assert!(refused.message().contains("unable to validate MFA code"));
    let alone = assume(&alice, json!({ "TokenCode": &*code })).await.unwrap_err();
    assert!(alone.message().contains("must provide both"));

    assume(&alice, shown(serial, &code)).await.unwrap();
    assert_eq!(app.last_record()["requestParameters"]["serialNumber"], serial);
    assert_eq!(assume(&alice, shown(serial, &code)).await, wrong());
    // Five wrong ones are enough: the right one is not heard for a while.
    for _ in 0..3 {
        assert_eq!(assume(&alice, shown(serial, &seed.code(step + 9))).await, wrong());
    }
    let next = seed.code(step + 1);
    assert_eq!(assume(&alice, shown(serial, &next)).await, wrong());
    app.clock().advance(std::time::Duration::from_mins(5));
    let now = app.clock().now().unix_s() / 30;
    assume(&alice, shown(serial, &seed.code(now))).await.unwrap();
}

#[tokio::test]
async fn a_session_is_as_long_as_its_role_allows() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    role(&app, "app", &trust(ALICE, ASSUME, "{}")).await;
    let lasts = |reply: &Value| reply["Credentials"]["Expiration"].as_str().unwrap().to_owned();
    let of = |duration_s: i64| {
        let at = app.clock().now().unix_s() + duration_s;
        keyward_audit::iso_date(keyward_model::Timestamp::from_unix_ms(at * 1000)).to_string()
    };
    assert_eq!(lasts(&assume(&alice, json!({})).await.unwrap()), of(3600));
    let longest = assume(&alice, json!({ "DurationSeconds": 7200 })).await.unwrap();
    assert_eq!(lasts(&longest), of(7200));
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let refused = assume(&alice, json!({ "DurationSeconds": 7201 })).await;
    assert_eq!(refused, Err(Refused::new("ValidationError", message)));
    let refused = assume(&alice, json!({ "DurationSeconds": 899 })).await.unwrap_err();
    assert!(refused.message().contains("greater than or equal to 900"));
}

#[tokio::test]
async fn what_is_transitive_goes_on_from_role_to_role_for_an_hour_each() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    role(&app, "app", &trust(ALICE, ALL, "{}")).await;
    let first = assume(
        &alice,
        json!({
            "Tags": [{ "Key": "Cost", "Value": "7" }, { "Key": "Stays", "Value": "x" }],
            "TransitiveTagKeys": ["cost"],
            "SourceIdentity": "dana",
        }),
    )
    .await
    .unwrap();
    assert_eq!(first["SourceIdentity"], "dana");
    assert_eq!(first["PackedPolicySize"], 1);
    let first = alice.signing_with(&first["Credentials"]);

    let inherited = r#"{"StringEquals":{"aws:PrincipalTag/Cost":"7","aws:SourceIdentity":"dana"}}"#;
    role(&app, "next", &trust(ROLE, ALL, inherited)).await;
    let next = |more: Value| {
        let mut input = request(more);
        input["RoleArn"] = json!("arn:aws:iam::111122223333:role/next");
        input
    };
    let second = first.ok("AssumeRole", next(json!({}))).await;
    assert_eq!(second["SourceIdentity"], "dana");
    let second = alice.signing_with(&second["Credentials"]);

    // The tag that was not transitive stayed behind.
    let has = r#"{"StringEquals":{"aws:PrincipalTag/Cost":"7"},"Null":{"aws:PrincipalTag/Stays":"true"}}"#;
    role(&app, "app", &trust("arn:aws:iam::111122223333:role/next", ALL, has)).await;
    second.ok("AssumeRole", request(json!({}))).await;

    let refused = first.refused("AssumeRole", next(json!({ "DurationSeconds": 3601 }))).await;
    let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles \
        assumed by role chaining";
    assert_eq!(refused, Refused::new("ValidationError", message));
    let again = json!({ "Tags": [{ "Key": "COST", "Value": "8" }] });
    let refused = first.refused("AssumeRole", next(again)).await;
    assert!(refused.message().contains("cannot be overridden"), "{refused:?}");
    let other = first.refused("AssumeRole", next(json!({ "SourceIdentity": "eve" }))).await;
    assert_eq!(other.name, "AccessDenied");
}

#[tokio::test]
async fn session_policies_leave_what_one_of_them_allows() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    role(&app, "app", &trust(ALICE, ASSUME, "{}")).await;
    let keys = policy(r#"{"Effect":"Allow","Action":"kms:ListKeys","Resource":"*"}"#);
    let reply = assume(&alice, json!({ "Policy": keys })).await.unwrap();
    assert_eq!(reply["PackedPolicySize"], 4);
    let session = alice.signing_with(&reply["Credentials"]);
    session.ok("ListKeys", json!({})).await;
    let refused = session.refused("ListAliases", json!({})).await;
    assert!(
        refused.message().ends_with("because no session policy allows the kms:ListAliases action")
    );

    let arn = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser";
    let reply = assume(&alice, json!({ "PolicyArns": [{ "arn": arn }] })).await.unwrap();
    let session = alice.signing_with(&reply["Credentials"]);
    session.ok("ListAliases", json!({})).await;

    let missing = "arn:aws:iam::111122223333:policy/none";
    let refused = assume(&alice, json!({ "PolicyArns": [{ "arn": missing }] })).await.unwrap_err();
    assert_eq!(refused.name, "ValidationError");
    for malformed in ["{", "[]", &policy(r#"{"Effect":"Allow","Principal":"*","Action":"*"}"#)] {
        let refused = assume(&alice, json!({ "Policy": malformed })).await.unwrap_err();
        assert_eq!(refused.name, "MalformedPolicyDocument", "{malformed}");
    }
}

#[tokio::test]
async fn what_does_not_fit_into_a_token_is_refused() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    role(&app, "app", &trust(ALICE, ALL, "{}")).await;
    let tags = |count: usize, length: usize| {
        let tag = |n| json!({ "Key": format!("k{n:02}"), "Value": "v".repeat(length) });
        json!({ "Tags": (0..count).map(tag).collect::<Vec<_>>() })
    };
    let reply = assume(&alice, tags(12, 250)).await.unwrap();
    assert_eq!(reply["PackedPolicySize"], 100);
    assert!(reply["Credentials"]["SessionToken"].as_str().unwrap().len() < 5000);
    let session = alice.signing_with(&reply["Credentials"]);
    session.ok("GetCallerIdentity", json!({})).await;
    let message = "Packed size of session tags consumes 102% of allotted space.";
    let refused = assume(&alice, tags(12, 255)).await;
    assert_eq!(refused, Err(Refused::new("PackedPolicyTooLarge", message)));
}

#[tokio::test]
async fn tags_have_to_be_sound() {
    let app = TestApp::new().await;
    let alice = alice(&app).await;
    role(&app, "app", &trust(ALICE, ALL, "{}")).await;
    let tag = |key: &str| json!({ "Key": key, "Value": "" });
    for (more, words) in [
        (json!({ "Tags": [tag("a"), tag("A")] }), "Duplicate tag keys found"),
        (json!({ "Tags": [tag("aws:a")] }), "aws: prefixed"),
        (json!({ "Tags": [tag("a")], "TransitiveTagKeys": ["b"] }), "transitive tag key must be"),
    ] {
        let refused = assume(&alice, more).await.unwrap_err();
        assert!(refused.message().contains(words), "{refused:?}");
        assert_eq!(refused.name, "ValidationError");
    }
}

#[tokio::test]
async fn a_service_does_not_shed_its_limits_by_another_session() {
    let app = TestApp::new().await;
    role(&app, "app", &trust("*", ALL, "{}")).await;
    role(&app, "worker", &trust("*", ALL, "{}")).await;
    let kind = NewServiceKind::OnBehalf { role: Some("worker".to_owned()) };
    let s3 = app.service("s3", kind).await;
    assert_eq!(assume(&s3, json!({})).await.unwrap_err().name, "AccessDenied");
    let owned = app.service("dynamodb", NewServiceKind::Owned).await;
    for service in [s3, owned] {
        let refused = service.refused("GetSessionToken", json!({})).await;
        assert_eq!(refused.name, "AccessDenied");
    }
}

#[tokio::test]
async fn managed_session_policies_are_those_of_the_account_of_the_role() {
    let app = TestApp::new().await;
    let other = app.other_account().await;
    role(&app, "app", &trust(OTHER_ACCOUNT, ASSUME, "{}")).await;
    let may = with_policy(r#"{"Effect":"Allow","Action":"sts:*","Resource":"*"}"#);
    let bob = app.user_of(other.caller().account, "bob", may).await;
    for (owner, is_taken) in [(app.root(), true), (other, false)] {
        let allow = r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#;
        let input = json!({ "PolicyName": "p", "PolicyDocument": policy(allow) });
        let arn = owner.ok("CreatePolicy", input).await["Policy"]["Arn"].clone();
        let arns = json!({ "PolicyArns": [{ "arn": arn }] });
        assert_eq!(assume(&bob, arns).await.is_ok(), is_taken, "{arn}");
    }
}
