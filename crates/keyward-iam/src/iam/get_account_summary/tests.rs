use keyward_testkit::TestApp;
use serde_json::json;

use crate::iam::role_samples::{create_policy, create_role};

#[tokio::test]
async fn the_summary_counts_what_there_is() {
    let app = TestApp::new().await;
    let root = app.root();
    let before = root.ok("GetAccountSummary", json!({})).await["SummaryMap"].take();
    create_role(&root, "a").await;
    create_role(&root, "b").await;
    create_policy(&root, "p").await;
    let after = root.ok("GetAccountSummary", json!({})).await["SummaryMap"].take();
    let grown = |name: &str| after[name].as_i64().unwrap() - before[name].as_i64().unwrap();
    assert_eq!([grown("Roles"), grown("Policies"), grown("PolicyVersionsInUse")], [2, 1, 1]);
    assert_eq!(grown("Users"), 0);
    assert_eq!(after["AccountAccessKeysPresent"], 1);
    assert_eq!(after["RolePolicySizeQuota"], 10240);
}
