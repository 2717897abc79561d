//! SetDefaultPolicyVersion: puts another version of a managed policy in force.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::managed_policy::{VersionOfPolicy, find_version, modifiable};
use super::{action, constraints};

/// The operation.
pub(crate) enum SetDefaultPolicyVersion {}

impl Operation for SetDefaultPolicyVersion {
    const NAME: &'static str = "SetDefaultPolicyVersion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::SET_DEFAULT_POLICY_VERSION;
    type Input<'a> = VersionOfPolicy<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: VersionOfPolicy<'a>) -> Result<(), OpError> {
        let (arn, conditions) = (&*input.policy_arn, Conditions::none());
        let (proof, mut policy) =
            modifiable::<action::SetDefaultPolicyVersion>(cx, arn, conditions).await?;
        let number = find_version((arn, &policy.body), &input.version_id)?.number;
        policy.body.default_version = number;
        policy.body.updated_at = cx.now();
        policy.stage(cx, &proof);
        Ok(())
    }
}
