//! DeleteServiceLinkedRole: removes the role that a service has in the account, at once.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::new_uuid;
use keyward_store::RoleBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::entity::no_such;
use super::role::OfRole;
use super::{action, constraints, service_linked_role};

/// The operation.
pub(crate) enum DeleteServiceLinkedRole {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    deletion_task_id: String,
}

impl Operation for DeleteServiceLinkedRole {
    const NAME: &'static str = "DeleteServiceLinkedRole";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_SERVICE_LINKED_ROLE;
    type Input<'a> = OfRole<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: OfRole<'a>) -> Result<Output, OpError> {
        let (name, conditions) = (&*input.role_name, Conditions::none());
        let (proof, role) =
            existing::<action::DeleteServiceLinkedRole, RoleBody>(cx, name, conditions).await?;
        let service = role.body.service.as_deref().filter(|_| role.body.is_service_linked);
        let service = service.ok_or_else(|| no_such::<RoleBody>(name))?;
        let task = new_uuid(cx.engine().rng());
        let deletion_task_id = service_linked_role::task_id(service, &role.name, task);
        role.stage_removal(cx, &proof);
        Ok(Output { deletion_task_id })
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("deletionTaskId", &self.deletion_task_id);
    }
}
