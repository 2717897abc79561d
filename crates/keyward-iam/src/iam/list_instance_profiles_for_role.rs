//! ListInstanceProfilesForRole: the instance profiles of a role: there are none.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::RoleBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::role::PageOfRole;
use super::{action, constraints};

/// The operation.
pub(crate) enum ListInstanceProfilesForRole {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    instance_profiles: Vec<String>,
    is_truncated: bool,
}

impl Operation for ListInstanceProfilesForRole {
    const NAME: &'static str = "ListInstanceProfilesForRole";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_INSTANCE_PROFILES_FOR_ROLE;
    type Input<'a> = PageOfRole<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfRole<'a>) -> Result<Output, OpError> {
        let (name, conditions) = (&*input.role_name, Conditions::none());
        existing::<action::ListInstanceProfilesForRole, RoleBody>(cx, name, conditions).await?;
        Ok(Output { instance_profiles: Vec::new(), is_truncated: false })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
