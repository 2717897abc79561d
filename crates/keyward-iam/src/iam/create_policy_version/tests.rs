use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

use crate::iam::role_samples::{allow, create_policy, escaped};

fn new_version(arn: &str, action: &str, is_default: bool) -> Value {
    json!({ "PolicyArn": arn, "PolicyDocument": allow(action), "SetAsDefault": is_default })
}

#[tokio::test]
async fn five_versions_fit_and_numbers_are_not_given_twice() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_policy(&root, "use").await;
    for number in 2..=5 {
        let made = root.ok("CreatePolicyVersion", new_version(&arn, "kms:*", false)).await;
        assert_eq!(made["PolicyVersion"]["VersionId"], format!("v{number}"));
        assert_eq!(made["PolicyVersion"]["IsDefaultVersion"], false);
    }
    let message = "A managed policy can have up to 5 versions. Before you create a new version, \
                   you must delete an existing version.";
    let refused = root.refused("CreatePolicyVersion", new_version(&arn, "kms:*", true)).await;
    assert_eq!(refused, Refused::new("LimitExceeded", message));
    let version = json!({ "PolicyArn": arn, "VersionId": "v5" });
    root.ok("DeletePolicyVersion", version.clone()).await;
    let message = format!("Policy {arn} version v5 does not exist or is not attachable.");
    for operation in ["DeletePolicyVersion", "GetPolicyVersion", "SetDefaultPolicyVersion"] {
        let refused = root.refused(operation, version.clone()).await;
        assert_eq!(refused, Refused::new("NoSuchEntity", message.as_str()), "{operation}");
    }
    let made = root.ok("CreatePolicyVersion", new_version(&arn, "kms:Sign", true)).await;
    assert_eq!(made["PolicyVersion"]["VersionId"], "v6");
    let listed = root.ok("ListPolicyVersions", json!({ "PolicyArn": arn })).await;
    let versions = listed["Versions"].as_array().unwrap();
    let ids: Vec<_> =
        versions.iter().map(|version| version["VersionId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["v6", "v4", "v3", "v2", "v1"]);
    assert_eq!(versions[0]["IsDefaultVersion"], true);
}

#[tokio::test]
async fn the_version_in_force_stays_until_another_is() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_policy(&root, "use").await;
    root.ok("CreatePolicyVersion", new_version(&arn, "kms:Sign", false)).await;
    let first = json!({ "PolicyArn": arn, "VersionId": "v1" });
    let message = "Cannot delete the default version of a policy.";
    let refused = root.refused("DeletePolicyVersion", first.clone()).await;
    assert_eq!(refused, Refused::new("DeleteConflict", message));
    let refused = root.refused("DeletePolicy", json!({ "PolicyArn": arn })).await;
    assert!(refused.message().starts_with("This policy has more than one version."));
    let second = json!({ "PolicyArn": arn, "VersionId": "v2" });
    root.ok("SetDefaultPolicyVersion", second.clone()).await;
    root.ok("DeletePolicyVersion", first).await;
    let found = root.ok("GetPolicyVersion", second).await["PolicyVersion"].take();
    assert_eq!(found["IsDefaultVersion"], true);
    assert_eq!(found["Document"], escaped(&allow("kms:Sign")));
    root.ok("DeletePolicy", json!({ "PolicyArn": arn })).await;
}
