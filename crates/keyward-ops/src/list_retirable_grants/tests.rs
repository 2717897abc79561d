use keyward_testkit::{Client, Refused, TestApp};
use serde_json::{Value, json};

const ALICE: &str = "arn:aws:sts::111122223333:federated-user/alice";
const JANITOR: &str = "arn:aws:sts::111122223333:federated-user/janitor";
const STRANGER: &str = "arn:aws:iam::444455556666:root";

/// The id of a new grant.
async fn grant(root: &Client, key: &str, retiring: &str) -> String {
    let input = json!({
        "KeyId": key,
        "GranteePrincipal": ALICE,
        "RetiringPrincipal": retiring,
        "Operations": ["Decrypt"],
    });
    root.ok("CreateGrant", input).await["GrantId"].as_str().unwrap().to_owned()
}

async fn list(client: &Client, retiring: &str) -> Vec<String> {
    let page = client.ok("ListRetirableGrants", json!({ "RetiringPrincipal": retiring })).await;
    ids(&page)
}

fn ids(page: &Value) -> Vec<String> {
    let grants = page["Grants"].as_array().unwrap();
    grants.iter().map(|grant| grant["GrantId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn grants_on_every_key_of_the_region_are_listed_page_by_page() {
    let app = TestApp::new().await;
    let (root, abroad) = (app.root(), app.root_in("eu-central-1"));
    let mut made = Vec::new();
    for _ in 0..3 {
        let key = root.create_key().await;
        made.push(grant(&root, &key, JANITOR).await);
        grant(&root, &key, ALICE).await;
    }
    let far = grant(&abroad, &abroad.create_key().await, JANITOR).await;
    made.sort_unstable();
    assert_eq!(list(&root, JANITOR).await, made);
    assert_eq!(list(&abroad, JANITOR).await, [far]);

    let first =
        root.ok("ListRetirableGrants", json!({ "RetiringPrincipal": JANITOR, "Limit": 2 })).await;
    assert_eq!((ids(&first).as_slice(), &first["Truncated"]), (&made[..2], &json!(true)));
    let input = json!({ "RetiringPrincipal": JANITOR, "Marker": first["NextMarker"] });
    assert_eq!(ids(&root.ok("ListRetirableGrants", input).await), made[2..]);
    let input = json!({ "RetiringPrincipal": ALICE, "Marker": first["NextMarker"] });
    assert_eq!(root.refused("ListRetirableGrants", input).await.name, "InvalidMarkerException");
}

#[tokio::test]
async fn a_principal_sees_grants_on_keys_of_other_accounts() {
    let app = TestApp::new().await;
    let (root, stranger) = (app.root(), app.other_account().await);
    let key = root.create_key().await;
    let id = grant(&root, &key, STRANGER).await;
    let page = stranger.ok("ListRetirableGrants", json!({ "RetiringPrincipal": STRANGER })).await;
    assert_eq!(ids(&page), [id]);
    assert_eq!(page["Grants"][0]["KeyId"], root.arn(&key).await);
    assert_eq!(page["Grants"][0]["IssuingAccount"], "arn:aws:iam::111122223333:root");
}

#[tokio::test]
async fn principals_of_other_accounts_are_denied_whether_they_exist_or_not() {
    let app = TestApp::new().await;
    let root = app.root();
    app.other_account().await;
    for arn in [STRANGER, "arn:aws:iam::777788889999:root"] {
        let refused =
            root.refused("ListRetirableGrants", json!({ "RetiringPrincipal": arn })).await;
        let message = format!(
            "User: arn:aws:iam::111122223333:root is not authorized to perform: \
             kms:ListRetirableGrants on resource: {arn} because no identity-based policy allows \
             the kms:ListRetirableGrants action"
        );
        assert_eq!(refused, Refused::new("AccessDeniedException", message));
    }
}

#[tokio::test]
async fn one_principal_is_asked_about() {
    let app = TestApp::new().await;
    let root = app.root();
    let either = "Specify either a RetiringPrincipal or a RetiringServicePrincipal.";
    let service = "Only an AWS service can specify a RetiringServicePrincipal.";
    let name = "s3.amazonaws.com";
    for (input, message) in [
        (json!({}), either),
        (json!({ "RetiringPrincipal": JANITOR, "RetiringServicePrincipal": name }), either),
        (json!({ "RetiringServicePrincipal": name }), service),
    ] {
        let refused = root.refused("ListRetirableGrants", input).await;
        assert_eq!(refused, Refused::new("ValidationException", message));
    }
    for arn in ["111122223333", "s3.amazonaws.com", "arn:aws:iam::111122223333:group/team"] {
        let refused =
            root.refused("ListRetirableGrants", json!({ "RetiringPrincipal": arn })).await;
        let message = format!("ARN does not refer to a valid principal: {arn}");
        assert_eq!(refused, Refused::new("InvalidArnException", message));
    }
}

#[tokio::test]
async fn the_record_shows_the_principal_and_no_resource() {
    let app = TestApp::new().await;
    let root = app.root();
    root.ok("ListRetirableGrants", json!({ "RetiringPrincipal": JANITOR, "Limit": 7 })).await;
    let expected = json!({
        "requestParameters": { "retiringPrincipal": JANITOR, "limit": 7 },
        "responseElements": null,
        "readOnly": true,
    });
    assert_eq!(app.recorded(), expected);
}
