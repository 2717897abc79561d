//! What records say of requests that are refused before anything of them is read.

use keyward_iam::{IAM_OPERATIONS, STS_OPERATIONS};
use keyward_testkit::{TestApp, hidden_members_told};

#[tokio::test]
async fn a_request_refused_unread_tells_no_hidden_member_in_its_record() {
    let app = TestApp::new().await;
    for (operations, expected) in [(IAM_OPERATIONS, 20), (STS_OPERATIONS, 10)] {
        let (broken, told) = hidden_members_told(&app, &app.root(), operations).await;
        assert!(told.is_empty(), "{told:#?}");
        assert!(broken > expected, "only {broken} requests were broken");
    }
}
