//! CreatePolicyVersion: adds a version to a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::PolicyVersion;
use serde::Deserialize;

use super::action;
use super::conditions::Conditions;
use super::constraints::{self, ArnType, PolicyDocumentType};
use super::document::check_identity;
use super::managed_policy::{
    OneVersion, PolicyVersionOutput, VERSIONS_MAX, modifiable, require_length,
};

/// The operation.
pub(crate) enum CreatePolicyVersion {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_arn: Text<'a, ArnType>,
    #[serde(borrow)]
    policy_document: Text<'a, PolicyDocumentType>,
    set_as_default: Option<bool>,
}

impl Operation for CreatePolicyVersion {
    const NAME: &'static str = "CreatePolicyVersion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_POLICY_VERSION;
    type Input<'a> = Input<'a>;
    type Output = OneVersion;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<OneVersion, OpError> {
        let (arn, conditions) = (&*input.policy_arn, Conditions::none());
        let (proof, mut policy) =
            modifiable::<action::CreatePolicyVersion>(cx, arn, conditions).await?;
        check_identity(&input.policy_document)?;
        require_length(&input.policy_document)?;
        let body = &mut policy.body;
        if body.versions.len() >= VERSIONS_MAX {
            return Err(op_error!(
                LimitExceeded,
                "A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new \
                 version, you must delete an existing version."
            ));
        }
        let (number, document) = (body.next_version, input.policy_document.into_string());
        let version = PolicyVersion { number, document, created_at: cx.now() };
        body.next_version = number.saturating_add(1);
        body.updated_at = cx.now();
        if input.set_as_default == Some(true) {
            body.default_version = number;
        }
        let output = PolicyVersionOutput::listed(body, &version);
        body.versions.push(version);
        policy.stage(cx, &proof);
        Ok(OneVersion { policy_version: output })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyArn", &self.policy_arn);
        to.text("policyDocument", &self.policy_document);
        if let Some(set_as_default) = self.set_as_default {
            to.boolean("setAsDefault", set_as_default);
        }
    }
}

#[cfg(test)]
mod tests;
