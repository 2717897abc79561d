//! PutGroupPolicy: adds an inline policy to a group, or replaces it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::GroupBody;
use serde::Deserialize;

use super::action;
use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, GroupNameType, PolicyDocumentType, PolicyNameType};
use super::policy_holder::put_inline;

/// The operation.
pub(crate) enum PutGroupPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    group_name: Text<'a, GroupNameType>,
    #[serde(borrow)]
    policy_name: Text<'a, PolicyNameType>,
    #[serde(borrow)]
    policy_document: Text<'a, PolicyDocumentType>,
}

impl Operation for PutGroupPolicy {
    const NAME: &'static str = "PutGroupPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::PUT_GROUP_POLICY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let conditions = Conditions::none();
        let holder =
            existing::<action::PutGroupPolicy, GroupBody>(cx, &input.group_name, conditions)
                .await?;
        put_inline(cx, holder, (&input.policy_name, &input.policy_document))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("groupName", &self.group_name);
        to.text("policyName", &self.policy_name);
        to.text("policyDocument", &self.policy_document);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::{Value, json};

    const DOCUMENT: &str = r#"{ "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "kms:é*", "Resource": "*" }] }"#;

    fn input(name: &str, document: &str) -> Value {
        json!({ "GroupName": "x", "PolicyName": name, "PolicyDocument": document })
    }

    #[tokio::test]
    async fn a_policy_comes_back_as_it_was_sent_but_escaped() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "x" })).await;
        root.ok("PutGroupPolicy", input("p", DOCUMENT)).await;
        let sought = json!({ "GroupName": "x", "PolicyName": "p" });
        let reply = root.ok("GetGroupPolicy", sought.clone()).await;
        let document = reply["PolicyDocument"].as_str().unwrap();
        assert!(document.starts_with("%7B%20%22Version%22%3A"), "{document}");
        assert!(document.contains("kms%3A%C3%A9%2A"), "{document}");
        let listed = root.ok("ListGroupPolicies", json!({ "GroupName": "x" })).await;
        assert_eq!(listed["PolicyNames"], json!(["p"]));
        root.ok("DeleteGroupPolicy", sought.clone()).await;
        let message = "The group policy with name p cannot be found.";
        for operation in ["GetGroupPolicy", "DeleteGroupPolicy"] {
            let refused = root.refused(operation, sought.clone()).await;
            assert_eq!(refused, Refused::new("NoSuchEntity", message));
        }
    }

    #[tokio::test]
    async fn all_policies_together_have_a_quota_that_white_space_does_not_count_against() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "x" })).await;
        let of_chars = |chars: usize| {
            let rest =
                chars - r#"{"Statement":[{"Effect":"Deny","Action":"kms:","Resource":"*"}]}"#.len();
            let action = "a".repeat(rest);
            format!(
                "{{\n \"Statement\":[{{\"Effect\":\"Deny\",\"Action\":\"kms:{action}\",\"Resource\":\"*\"}}]}}"
            )
        };
        root.ok("PutGroupPolicy", input("p", &of_chars(5020))).await;
        root.ok("PutGroupPolicy", input("q", &of_chars(100))).await;
        let refused = root.refused("PutGroupPolicy", input("q", &of_chars(101))).await;
        let message = "Maximum policy size of 5120 bytes exceeded for group x";
        assert_eq!(refused, Refused::new("LimitExceeded", message));
    }

    #[tokio::test]
    async fn a_document_that_is_no_identity_policy_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "x" })).await;
        let named = DOCUMENT.replace("\"Effect\"", "\"Principal\": \"*\", \"Effect\"");
        for (document, message) in [
            ("{", "Syntax errors in policy."),
            (&*named, "Policy document should not specify a principal."),
        ] {
            let refused = root.refused("PutGroupPolicy", input("p", document)).await;
            assert_eq!(refused, Refused::new("MalformedPolicyDocument", message));
        }
    }
}
