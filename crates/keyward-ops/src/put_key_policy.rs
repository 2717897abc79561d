//! PutKeyPolicy: replaces the key policy.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::Write;
use serde::Deserialize;

use crate::constraints::{self, KeyIdType, PolicyNameType, PolicyType};
use crate::get_key_policy::POLICY_NAME;
use crate::shape::{KeyChanged, record_text};
use crate::{action, key_policy};

/// The operation.
pub(crate) enum PutKeyPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    policy_name: Option<Text<'a, PolicyNameType>>,
    #[serde(borrow)]
    policy: Text<'a, PolicyType>,
    bypass_policy_lockout_safety_check: Option<bool>,
}

impl Operation for PutKeyPolicy {
    const NAME: &'static str = "PutKeyPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::PUT_KEY_POLICY;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        match input.policy_name.as_deref() {
            None | Some(POLICY_NAME) => {}
            Some("AWS_RAM") => {
                return Err(op_error!(
                    Validation,
                    "The AWS_RAM policy can only be managed by the RAM service"
                ));
            }
            Some(_) => return Err(op_error!(Validation, "No such policy exists")),
        }
        let policy = key_policy::check(cx, &input.policy).await?;
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::PutKeyPolicy {
            bypasses_lockout_check: input.bypass_policy_lockout_safety_check,
            policy_name: POLICY_NAME,
        };
        let key = cx.authorize(target, asked).await?;
        let bypasses = input.bypass_policy_lockout_safety_check;
        policy.require_control(cx, &key.record, key.tags().to_vec(), bypasses).await?;
        cx.stage(&key, [Write::PutPolicy(policy.into_record(key.record.key.clone()))]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_text(to, "policyName", self.policy_name.as_ref());
        to.text("policy", &self.policy);
        if let Some(bypasses) = self.bypass_policy_lockout_safety_check {
            to.boolean("bypassPolicyLockoutSafetyCheck", bypasses);
        }
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, Refused, TestApp, resource};
    use serde_json::{Value, json};

    const POLICY: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}}"#;

    fn request() -> KeyRequest {
        KeyRequest::new("PutKeyPolicy", json!({ "Policy": POLICY })).keys_only()
    }

    #[tokio::test]
    async fn the_whole_document_is_replaced() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for name in [Value::Null, json!("default")] {
            let document = format!("{POLICY}{}", " ".repeat(name.as_str().map_or(0, str::len)));
            let input = json!({ "KeyId": key, "PolicyName": name, "Policy": document });
            root.ok("PutKeyPolicy", input).await;
            let reply = root.ok("GetKeyPolicy", json!({ "KeyId": key })).await;
            assert_eq!(reply["Policy"], document);
        }
    }

    #[tokio::test]
    async fn a_policy_of_another_name_cannot_be_written() {
        let app = TestApp::new().await;
        let root = app.root();
        for (name, message) in [
            ("AWS_RAM", "The AWS_RAM policy can only be managed by the RAM service"),
            ("other", "No such policy exists"),
        ] {
            let input = json!({ "KeyId": "nonsense", "PolicyName": name, "Policy": POLICY });
            let refused = root.refused("PutKeyPolicy", input).await;
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
    }

    #[tokio::test]
    async fn a_document_that_is_no_key_policy_is_refused_before_the_key_is_looked_for() {
        let app = TestApp::new().await;
        let root = app.root();
        let with = |principal: &str| POLICY.replace(r#"{"AWS":"111122223333"}"#, principal);
        let malformed = "MalformedPolicyDocumentException";
        for (document, name, message) in [
            ("{}".to_owned(), malformed, None),
            ("nonsense".to_owned(), malformed, None),
            (
                POLICY.replace(r#""Principal":{"AWS":"111122223333"},"#, ""),
                malformed,
                Some("Policy contains a statement with no principal."),
            ),
            (
                with(r#"{"AWS":"999988887777"}"#),
                malformed,
                Some("Policy contains a statement with one or more invalid principals."),
            ),
            (
                with(r#"{"AWS":"arn:aws:iam::111122223333:group/g"}"#),
                "InvalidArnException",
                Some("An ARN in the specified key policy is invalid."),
            ),
            (format!("{POLICY}{}", " ".repeat(32_768)), "LimitExceededException", None),
        ] {
            let input = json!({ "KeyId": "nonsense", "Policy": document });
            let refused = root.refused("PutKeyPolicy", input).await;
            assert_eq!(refused.name, name, "{document}");
            assert!(message.is_none_or(|message| message == refused.message()), "{refused:?}");
        }
        let null = "null at 'policy' failed to satisfy constraint: Member must not be null";
        let refused = root.refused("PutKeyPolicy", json!({ "KeyId": "k" })).await;
        assert_eq!(refused, Refused::constraint(null));
        let refused =
            root.refused("PutKeyPolicy", json!({ "KeyId": "k", "Policy": "\u{100}" })).await;
        assert!(refused.message().contains("Member must satisfy regular expression pattern"));
        let refused = root.refused("PutKeyPolicy", json!({ "KeyId": "k", "Policy": {} })).await;
        assert_eq!(refused.name, "SerializationException");
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:PutKeyPolicy").await;
        request().is_denied_on_aws_managed_keys("kms:PutKeyPolicy").await;
    }

    #[tokio::test]
    async fn the_policy_can_be_replaced_in_every_state() {
        request().answers_by_state(&[]).await;
    }

    #[tokio::test]
    async fn the_record_holds_the_whole_document() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        let input = json!({
            "KeyId": key,
            "PolicyName": "default",
            "Policy": POLICY,
            "BypassPolicyLockoutSafetyCheck": true,
        });
        root.ok("PutKeyPolicy", input).await;
        let expected = json!({
            "requestParameters": {
                "keyId": key,
                "policyName": "default",
                "policy": POLICY,
                "bypassPolicyLockoutSafetyCheck": true,
            },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
