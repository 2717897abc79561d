//! UpdateAssumeRolePolicy: replaces the trust policy of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, PolicyDocumentType, RoleNameType};
use super::role::modifiable;
use super::{action, trust_policy};

/// The operation.
pub(crate) enum UpdateAssumeRolePolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    policy_document: Text<'a, PolicyDocumentType>,
}

impl Operation for UpdateAssumeRolePolicy {
    const NAME: &'static str = "UpdateAssumeRolePolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_ASSUME_ROLE_POLICY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let conditions = Conditions::none();
        let (proof, mut role) =
            modifiable::<action::UpdateAssumeRolePolicy>(cx, &input.role_name, conditions).await?;
        role.body.trust_bindings = trust_policy::check(cx, &input.policy_document).await?;
        role.body.assume_role_policy_document = input.policy_document.into_string();
        role.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        to.text("policyDocument", &self.policy_document);
    }
}

#[cfg(test)]
mod tests;
