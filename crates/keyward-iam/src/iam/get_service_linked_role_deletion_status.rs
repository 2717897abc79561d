//! GetServiceLinkedRoleDeletionStatus: how the removal of the role of a service went.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLinkedRoleDeletionStatus.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, DeletionTaskIdType};
use super::{action, service_linked_role};

/// The operation.
pub(crate) enum GetServiceLinkedRoleDeletionStatus {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    deletion_task_id: Text<'a, DeletionTaskIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    status: &'static str,
}

impl Operation for GetServiceLinkedRoleDeletionStatus {
    const NAME: &'static str = "GetServiceLinkedRoleDeletionStatus";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::GET_SERVICE_LINKED_ROLE_DELETION_STATUS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let (resource, conditions) = (Resource::any(), Conditions::none());
        authorize::<action::GetServiceLinkedRoleDeletionStatus>(cx, &resource, conditions).await?;
        // A task is done before anyone hears of it.
        if service_linked_role::is_task_id(&input.deletion_task_id) {
            return Ok(Output { status: "SUCCEEDED" });
        }
        // WIRE: "IAM: roles of services".
        let id = &*input.deletion_task_id;
        Err(op_error!(NoSuchEntity, "Deletion task with id {id} cannot be found."))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("deletionTaskId", &self.deletion_task_id);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
