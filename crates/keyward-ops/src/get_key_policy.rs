//! GetKeyPolicy: the key policy, as it was sent.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType, PolicyNameType};
use crate::shape::record_text;
use crate::{action, key_policy};

/// The operation.
pub(crate) enum GetKeyPolicy {}

/// The one policy a key has.
pub(crate) const POLICY_NAME: &str = "default";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    policy_name: Option<Text<'a, PolicyNameType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy: String,
    policy_name: &'static str,
}

impl Operation for GetKeyPolicy {
    const NAME: &'static str = "GetKeyPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_KEY_POLICY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::GetKeyPolicy {
            policy_name: input.policy_name.as_deref().unwrap_or(POLICY_NAME),
        };
        let key = cx.authorize(target, asked).await?;
        if input.policy_name.is_some_and(|name| name.as_str() != POLICY_NAME) {
            return Err(op_error!(NotFound, "No such policy exists"));
        }
        let found = cx.engine().store().policies().find(&key.record.key).await;
        let policy = found.map_err(OpError::internal)?;
        let policy = policy.ok_or_else(|| OpError::internal("a key has no policy"))?;
        let policy = key_policy::shown(cx.engine(), policy.record).await?;
        Ok(Output { policy, policy_name: POLICY_NAME })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        64 + output.policy.len() * 2
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_text(to, "policyName", self.policy_name.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, Refused, TestApp, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("GetKeyPolicy", json!({})).keys_only()
    }

    #[tokio::test]
    async fn a_key_made_without_a_policy_has_the_default_one_in_the_services_layout() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let reply = root.ok("GetKeyPolicy", json!({ "KeyId": key })).await;
        let policy = "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \
                      \"Statement\" : [ {\n    \"Sid\" : \"Enable IAM User Permissions\",\n    \
                      \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \
                      \"arn:aws:iam::111122223333:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \
                      \"Resource\" : \"*\"\n  } ]\n}";
        assert_eq!(reply, json!({ "Policy": policy, "PolicyName": "default" }));
    }

    #[tokio::test]
    async fn the_policy_comes_back_as_it_was_sent() {
        let app = TestApp::new().await;
        let root = app.root();
        let policy = "{ \"Version\":\"2012-10-17\",\n\t\"Statement\": [{\"Effect\":\"Allow\",\
                      \"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}] }";
        let key = root.create_key_with(json!({ "Policy": policy })).await;
        let input = json!({ "KeyId": key, "PolicyName": "default" });
        assert_eq!(root.ok("GetKeyPolicy", input).await["Policy"], policy);
    }

    #[tokio::test]
    async fn the_policy_of_an_aws_managed_key_can_be_read() {
        let app = TestApp::new().await;
        let root = app.root();
        let managed = root.aws_managed_key().await;
        let reply = root.ok("GetKeyPolicy", json!({ "KeyId": managed })).await;
        let policy: Value = serde_json::from_str(reply["Policy"].as_str().unwrap()).unwrap();
        assert!(policy["Id"].as_str().unwrap().starts_with("auto-s3-"));
    }

    #[tokio::test]
    async fn a_policy_of_another_name_does_not_exist() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for name in ["AWS_RAM", "Default"] {
            let refused =
                root.refused("GetKeyPolicy", json!({ "KeyId": key, "PolicyName": name })).await;
            assert_eq!(refused, Refused::new("NotFoundException", "No such policy exists"));
        }
        let refused =
            root.refused("GetKeyPolicy", json!({ "KeyId": key, "PolicyName": "a b" })).await;
        let clause = "'a b' at 'policyName' failed to satisfy constraint: Member must satisfy \
                      regular expression pattern: [\\w]+";
        assert_eq!(refused, Refused::constraint(clause));
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_are_denied() {
        request().is_denied_elsewhere("kms:GetKeyPolicy").await;
    }

    #[tokio::test]
    async fn the_policy_is_there_in_every_state() {
        request().answers_by_state(&[]).await;
    }

    #[tokio::test]
    async fn the_record_shows_no_policy() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("GetKeyPolicy", json!({ "KeyId": key, "PolicyName": "default" })).await;
        let expected = json!({
            "requestParameters": { "keyId": key, "policyName": "default" },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
