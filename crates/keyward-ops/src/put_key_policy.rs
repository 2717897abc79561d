//! PutKeyPolicy: replaces the key policy.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::{PolicyRecord, Write};
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
        key_policy::check(cx, &input.policy).await?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::PutKeyPolicy>(target).await?;
        let document = input.policy.into_string();
        cx.stage(&key, [Write::PutPolicy(PolicyRecord { key: key.record.key.clone(), document })]);
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
