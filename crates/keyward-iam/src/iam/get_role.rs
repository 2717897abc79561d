//! GetRole: tells of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::RoleBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::role::{OfRole, OneRole, RoleOutput};
use super::{action, constraints};

/// The operation.
pub(crate) enum GetRole {}

impl Operation for GetRole {
    const NAME: &'static str = "GetRole";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_ROLE;
    type Input<'a> = OfRole<'a>;
    type Output = OneRole;

    async fn run<'a>(cx: &'a mut Cx, input: OfRole<'a>) -> Result<OneRole, OpError> {
        let (_, role) =
            existing::<action::GetRole, RoleBody>(cx, &input.role_name, Conditions::none()).await?;
        Ok(OneRole { role: RoleOutput::whole(cx, &role).await? })
    }
}
