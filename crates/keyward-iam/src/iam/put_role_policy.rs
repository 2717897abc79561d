//! PutRolePolicy: adds or replaces an inline policy of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::conditions::Conditions;
use super::constraints::{self, PolicyDocumentType, PolicyNameType, RoleNameType};
use super::policy_holder::put_inline;
use super::role::modifiable;

/// The operation.
pub(crate) enum PutRolePolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    policy_name: Text<'a, PolicyNameType>,
    #[serde(borrow)]
    policy_document: Text<'a, PolicyDocumentType>,
}

impl Operation for PutRolePolicy {
    const NAME: &'static str = "PutRolePolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::PUT_ROLE_POLICY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let conditions = Conditions::none().with_boundary_of_entity();
        let found = modifiable::<action::PutRolePolicy>(cx, &input.role_name, conditions).await?;
        put_inline(cx, found, (&input.policy_name, &input.policy_document))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        to.text("policyName", &self.policy_name);
        to.text("policyDocument", &self.policy_document);
    }
}

#[cfg(test)]
mod tests;
