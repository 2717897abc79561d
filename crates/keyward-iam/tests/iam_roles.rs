//! What all operations on roles, policies and providers have in common: who may not, whom a policy
//! lets, and that what is attached decides at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use keyward_store::UserBody;
use keyward_testkit::{Client, Refused, TestApp};
use serde_json::{Value, json};

const IAM: &str = "arn:aws:iam::111122223333";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/id.example.com";

fn policy(statement: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn trust() -> String {
    let principal = json!({ "AWS": "111122223333" });
    policy(&json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }))
}

fn document() -> String {
    policy(&allow("kms:*", "*"))
}

fn with(mut input: Value, member: &str, value: &str) -> Value {
    input.as_object_mut().unwrap().insert(member.to_owned(), json!(value));
    input
}

fn on_roles() -> Vec<(&'static str, Value)> {
    vec![
        ("AttachRolePolicy", json!({ "PolicyArn": READ_ONLY })),
        ("DeleteRole", json!({})),
        ("DeleteRolePermissionsBoundary", json!({})),
        ("DeleteRolePolicy", json!({ "PolicyName": "p" })),
        ("DetachRolePolicy", json!({ "PolicyArn": READ_ONLY })),
        ("GetRole", json!({})),
        ("GetRolePolicy", json!({ "PolicyName": "p" })),
        ("ListAttachedRolePolicies", json!({})),
        ("ListInstanceProfilesForRole", json!({})),
        ("ListRolePolicies", json!({})),
        ("ListRoleTags", json!({})),
        ("PutRolePermissionsBoundary", json!({ "PermissionsBoundary": READ_ONLY })),
        ("PutRolePolicy", json!({ "PolicyName": "p", "PolicyDocument": document() })),
        ("TagRole", json!({ "Tags": [{ "Key": "a", "Value": "b" }] })),
        ("UntagRole", json!({ "TagKeys": ["a"] })),
        ("UpdateAssumeRolePolicy", json!({ "PolicyDocument": trust() })),
        ("UpdateRole", json!({ "Description": "x" })),
        ("UpdateRoleDescription", json!({ "Description": "x" })),
    ]
}

fn on_policies() -> Vec<(&'static str, Value)> {
    vec![
        ("CreatePolicyVersion", json!({ "PolicyDocument": document() })),
        ("DeletePolicy", json!({})),
        ("DeletePolicyVersion", json!({ "VersionId": "v1" })),
        ("GetPolicy", json!({})),
        ("GetPolicyVersion", json!({ "VersionId": "v1" })),
        ("ListEntitiesForPolicy", json!({})),
        ("ListPolicyTags", json!({})),
        ("ListPolicyVersions", json!({})),
        ("SetDefaultPolicyVersion", json!({ "VersionId": "v1" })),
        ("TagPolicy", json!({ "Tags": [{ "Key": "a", "Value": "b" }] })),
        ("UntagPolicy", json!({ "TagKeys": ["a"] })),
    ]
}

fn on_providers() -> Vec<(&'static str, Value)> {
    vec![
        ("AddClientIDToOpenIDConnectProvider", json!({ "ClientID": "a" })),
        ("DeleteOpenIDConnectProvider", json!({})),
        ("GetOpenIDConnectProvider", json!({})),
        ("ListOpenIDConnectProviderTags", json!({})),
        ("RemoveClientIDFromOpenIDConnectProvider", json!({ "ClientID": "a" })),
        ("TagOpenIDConnectProvider", json!({ "Tags": [{ "Key": "a", "Value": "b" }] })),
        ("UntagOpenIDConnectProvider", json!({ "TagKeys": ["a"] })),
        ("UpdateOpenIDConnectProviderThumbprint", json!({ "ThumbprintList": [] })),
    ]
}

fn on_others() -> Vec<(&'static str, Value, String)> {
    let service = "mrk.kms.amazonaws.com";
    let of_service = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys";
    let role = json!({ "RoleName": "r2", "Path": "/a/", "AssumeRolePolicyDocument": trust() });
    let simulated = format!("{IAM}:role/team/app");
    let any = || "*".to_owned();
    vec![
        (
            "CreateOpenIDConnectProvider",
            json!({ "Url": "https://x.test" }),
            format!("{IAM}:oidc-provider/x.test"),
        ),
        (
            "CreatePolicy",
            json!({ "PolicyName": "p2", "PolicyDocument": document() }),
            "policy p2".to_owned(),
        ),
        ("CreateRole", role, format!("{IAM}:role/a/r2")),
        (
            "CreateServiceLinkedRole",
            json!({ "AWSServiceName": service }),
            format!("{IAM}:role/aws-service-role/{service}/{of_service}"),
        ),
        ("GetAccountAuthorizationDetails", json!({}), any()),
        ("GetAccountSummary", json!({}), any()),
        ("GetContextKeysForCustomPolicy", json!({ "PolicyInputList": [document()] }), any()),
        (
            "GetContextKeysForPrincipalPolicy",
            json!({ "PolicySourceArn": simulated }),
            simulated.clone(),
        ),
        ("ListOpenIDConnectProviders", json!({}), any()),
        ("ListPolicies", json!({ "PathPrefix": "/a/" }), "policy path /a/".to_owned()),
        ("ListRoles", json!({}), format!("{IAM}:role/")),
        (
            "SimulateCustomPolicy",
            json!({ "PolicyInputList": [document()], "ActionNames": ["kms:Sign"] }),
            any(),
        ),
        (
            "SimulatePrincipalPolicy",
            json!({ "PolicySourceArn": simulated, "ActionNames": ["kms:Sign"] }),
            simulated,
        ),
    ]
}

/// Every operation with an input, and what its refusal calls the resource.
fn all(role: &str, policy: &str, provider: &str) -> Vec<(&'static str, Value, String)> {
    let roles = on_roles().into_iter().map(|(operation, input)| {
        (operation, with(input, "RoleName", role), format!("role {role}"))
    });
    let policies = on_policies().into_iter().map(|(operation, input)| {
        (operation, with(input, "PolicyArn", policy), format!("policy {policy}"))
    });
    let providers = on_providers().into_iter().map(|(operation, input)| {
        (operation, with(input, "OpenIDConnectProviderArn", provider), provider.to_owned())
    });
    roles.chain(policies).chain(providers).chain(on_others()).collect()
}

async fn with_all(app: &TestApp) -> Client {
    let root = app.root();
    let role = json!({ "RoleName": "app", "Path": "/team/", "AssumeRolePolicyDocument": trust() });
    root.ok("CreateRole", role).await;
    root.ok("CreatePolicy", json!({ "PolicyName": "own", "PolicyDocument": document() })).await;
    root.ok("CreateOpenIDConnectProvider", json!({ "Url": "https://id.example.com" })).await;
    root
}

#[tokio::test]
async fn whom_no_policy_allows_is_denied_before_anything_else_is_told() {
    let app = TestApp::new().await;
    with_all(&app).await;
    let nobody = app.user("nobody", UserBody::default()).await;
    let there = all("app", &format!("{IAM}:policy/own"), PROVIDER);
    let absent =
        all("ghost", &format!("{IAM}:policy/ghost"), &format!("{IAM}:oidc-provider/ghost.test"));
    for (operation, input, resource) in there.into_iter().chain(absent) {
        let refused = nobody.refused(operation, input).await;
        let message = format!(
            "User: {IAM}:user/nobody is not authorized to perform: iam:{operation} on resource: \
             {resource} because no identity-based policy allows the iam:{operation} action"
        );
        assert_eq!(refused, Refused::new("AccessDenied", message), "{operation}");
        let record = app.last_record();
        assert_eq!(record["errorCode"], "AccessDenied", "{operation}");
        assert_eq!(record["eventName"], *operation);
    }
}

#[tokio::test]
async fn another_account_has_roles_and_policies_of_its_own() {
    let app = TestApp::new().await;
    with_all(&app).await;
    let other = app.other_account().await;
    assert_eq!(other.refused("GetRole", json!({ "RoleName": "app" })).await.name, "NoSuchEntity");
    let arn = format!("{IAM}:policy/own");
    assert_eq!(other.refused("GetPolicy", json!({ "PolicyArn": arn })).await.name, "NoSuchEntity");
    let provider = json!({ "OpenIDConnectProviderArn": PROVIDER });
    assert_eq!(other.refused("GetOpenIDConnectProvider", provider).await.name, "InvalidInput");
}

#[tokio::test]
async fn a_policy_names_roles_by_path_tags_and_what_is_attached() {
    let app = TestApp::new().await;
    let root = with_all(&app).await;
    let path = format!("{IAM}:role/team/*");
    for (action, resource, condition) in [
        ("iam:GetRole", path.as_str(), json!({})),
        ("iam:AttachRolePolicy", "*", json!({ "ArnEquals": { "iam:PolicyARN": READ_ONLY } })),
        ("iam:TagRole", "*", json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["Team"] } })),
        ("iam:DeleteRole", "*", json!({ "StringEquals": { "iam:ResourceTag/Team": "a" } })),
        (
            "iam:CreateRole",
            "*",
            json!({ "StringEquals": { "iam:PermissionsBoundary": READ_ONLY } }),
        ),
    ] {
        let mut statement = allow(action, resource);
        statement["Condition"] = condition;
        let user = app.user("limited", UserBody::default()).await;
        let put = json!({
            "UserName": "limited",
            "PolicyName": "p",
            "PolicyDocument": policy(&statement),
        });
        root.ok("PutUserPolicy", put).await;
        let (denied, allowed) = match action {
            "iam:GetRole" => {
                let plain = json!({ "RoleName": "plain", "AssumeRolePolicyDocument": trust() });
                root.ok("CreateRole", plain).await;
                (json!({ "RoleName": "plain" }), json!({ "RoleName": "app" }))
            }
            "iam:AttachRolePolicy" => (
                json!({ "RoleName": "app", "PolicyArn": format!("{IAM}:policy/own") }),
                json!({ "RoleName": "app", "PolicyArn": READ_ONLY }),
            ),
            "iam:TagRole" => (
                json!({ "RoleName": "plain", "Tags": [{ "Key": "Other", "Value": "a" }] }),
                json!({ "RoleName": "plain", "Tags": [{ "Key": "Team", "Value": "a" }] }),
            ),
            "iam:DeleteRole" => (json!({ "RoleName": "app" }), json!({ "RoleName": "plain" })),
            _ => {
                let role = json!({ "RoleName": "new", "AssumeRolePolicyDocument": trust() });
                (role.clone(), with(role, "PermissionsBoundary", READ_ONLY))
            }
        };
        let operation = action.strip_prefix("iam:").unwrap();
        assert_eq!(user.refused(operation, denied).await.name, "AccessDenied", "{action}");
        user.ok(operation, allowed).await;
    }
}

#[tokio::test]
async fn what_is_attached_and_put_in_force_decides_at_once() {
    let app = TestApp::new().await;
    let root = app.root();
    let nobody = app.user("nobody", UserBody::default()).await;
    let created =
        json!({ "PolicyName": "p", "PolicyDocument": policy(&allow("iam:ListRoles", "*")) });
    let arn = root.ok("CreatePolicy", created).await["Policy"]["Arn"].take();
    let may = async |operation: &str| nobody.call(operation, json!({})).await.is_ok();
    assert!(!may("ListRoles").await);
    root.ok("AttachUserPolicy", json!({ "UserName": "nobody", "PolicyArn": arn })).await;
    assert!(may("ListRoles").await);
    let document = policy(&allow("iam:ListUsers", "*"));
    let version = json!({ "PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true });
    root.ok("CreatePolicyVersion", version).await;
    assert!(!may("ListRoles").await && may("ListUsers").await);
    root.ok("SetDefaultPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v1" })).await;
    assert!(may("ListRoles").await && !may("ListUsers").await);
    let boundary = json!({ "UserName": "nobody", "PermissionsBoundary": READ_ONLY });
    root.ok("PutUserPermissionsBoundary", boundary).await;
    assert!(may("ListRoles").await);
    root.ok("DetachUserPolicy", json!({ "UserName": "nobody", "PolicyArn": arn })).await;
    assert!(!may("ListRoles").await);
}

#[tokio::test]
async fn one_of_two_changes_at_the_same_time_sees_the_other() {
    let app = TestApp::new().await;
    let root = with_all(&app).await;
    let own = format!("{IAM}:policy/own");
    let (attached, deleted) = tokio::join!(
        root.call("AttachRolePolicy", json!({ "RoleName": "app", "PolicyArn": own })),
        root.call("DeletePolicy", json!({ "PolicyArn": own })),
    );
    assert!(attached.is_ok() != deleted.is_ok(), "{attached:?} {deleted:?}");
    let tags = |number: u32| json!([{ "Key": format!("k{number}"), "Value": "" }]);
    let all = (0..8)
        .map(|number| root.call("TagRole", json!({ "RoleName": "app", "Tags": tags(number) })));
    for done in futures_of(all).await {
        done.unwrap();
    }
    let listed = root.ok("ListRoleTags", json!({ "RoleName": "app" })).await;
    assert_eq!(listed["Tags"].as_array().unwrap().len(), 8);
}

/// Runs them at the same time.
async fn futures_of<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|cx| {
        let mut left = Vec::new();
        for mut one in all.drain(..) {
            match one.as_mut().poll(cx) {
                std::task::Poll::Ready(output) => done.push(output),
                std::task::Poll::Pending => left.push(one),
            }
        }
        all = left;
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}
