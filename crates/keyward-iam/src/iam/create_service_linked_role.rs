//! CreateServiceLinkedRole: makes the role that a service has in the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::{EntityKind, RoleBody};
use serde::Deserialize;

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, CustomSuffixType, GroupNameType, RoleDescriptionType};
use super::entity::Entity;
use super::role::{OneRole, RoleOutput};
use super::shape::record_text;
use super::{action, service_linked_role};

/// The operation.
pub(crate) enum CreateServiceLinkedRole {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow, rename = "AWSServiceName")]
    service_name: Text<'a, GroupNameType>,
    #[serde(borrow)]
    description: Option<Text<'a, RoleDescriptionType>>,
    #[serde(borrow)]
    custom_suffix: Option<Text<'a, CustomSuffixType>>,
}

impl Operation for CreateServiceLinkedRole {
    const NAME: &'static str = "CreateServiceLinkedRole";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_SERVICE_LINKED_ROLE;
    type Input<'a> = Input<'a>;
    type Output = OneRole;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<OneRole, OpError> {
        let name = &*input.service_name;
        // WIRE: "IAM: roles of services".
        let service = service_linked_role::find(name).ok_or_else(|| {
            op_error!(InvalidInput, "{name} is not a valid AWS service principal.")
        })?;
        if input.custom_suffix.is_some() {
            return Err(op_error!(InvalidInput, "Custom suffix is not allowed for {name}."));
        }
        let path = service.path();
        let resource = Resource::new(cx, EntityKind::Role, &path, service.role_name);
        let conditions = Conditions::none();
        let proof = authorize::<action::CreateServiceLinkedRole>(cx, &resource, conditions).await?;
        if Entity::<RoleBody>::find(cx, service.role_name).await?.is_some() {
            return Err(op_error!(
                InvalidInput,
                "Service role name {} has been taken in this account, please try a different \
                 suffix.",
                service.role_name
            ));
        }
        let body = service.role(cx, input.description.as_deref());
        let role = Entity::new(cx, service.role_name, Some(&path), body);
        let output = OneRole { role: RoleOutput::made(cx, &role).await? };
        role.stage(cx, &proof);
        Ok(output)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aWSServiceName", &self.service_name);
        record_text(to, "description", self.description.as_ref());
        record_text(to, "customSuffix", self.custom_suffix.as_ref());
    }
}

#[cfg(test)]
mod tests;
