//! What records say of requests that are refused before anything of them is read.

use keyward_ops::OPERATIONS;
use keyward_testkit::{TestApp, hidden_members_told};
use serde_json::{Value, json};

#[tokio::test]
async fn a_request_refused_unread_tells_no_hidden_member_in_its_record() {
    let app = TestApp::new().await;
    let (broken, told) = hidden_members_told(&app, &app.root(), OPERATIONS).await;
    assert_eq!(told, Vec::<Value>::new());
    assert!(broken > 200, "only {broken} requests were broken");
}

#[tokio::test]
async fn a_request_refused_unread_shows_what_is_sound() {
    let app = TestApp::new().await;
    let root = app.root();
    let token = "t".repeat(8193);
    let asked = format!(
        r#"{{"KeyId": "alias/app", "Plaintext": "", "EncryptionContext": {{"b": "1", "a": 2}},
            "GrantTokens": ["{token}"], "DryRun": true}}"#
    );
    let refused = root.call_with_body("Encrypt", asked.as_bytes()).await.unwrap_err();
    assert!(refused.message.unwrap().contains("ttt"), "the caller may see what it sent");
    let recorded = app.recorded();
    let line = String::from_utf8(app.journal().pop().unwrap()).unwrap();
    let shown = r#"{"keyId":"alias/app","encryptionContext":{"b":"1","a":"2"},"dryRun":true}"#;
    assert!(line.contains(&format!(r#""requestParameters":{shown},"#)), "{line}");
    assert_eq!(
        recorded["errorMessage"],
        "2 validation errors detected: Value at 'plaintext' failed to satisfy constraint: Member \
         must have length greater than or equal to 1; Value at 'grantTokens' failed to satisfy \
         constraint: Member must satisfy constraint: [Member must have length less than or equal \
         to 8192, Member must have length greater than or equal to 1]"
    );
    root.refused("CreateKey", json!({ "KeySpec": "none", "Description": "d" })).await;
    assert_eq!(app.recorded()["requestParameters"], json!({ "description": "d" }));
    root.refused("DescribeKey", json!({ "KeyId": "" })).await;
    assert_eq!(app.recorded()["requestParameters"], Value::Null);
}
