//! DeletePolicyVersion: removes a version of a managed policy that is not in force.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html>

use keyward_engine::{Cx, Kind, OpError, Operation, op_error};

use super::conditions::Conditions;
use super::managed_policy::{VersionOfPolicy, find_version, modifiable};
use super::{action, constraints};

/// The operation.
pub(crate) enum DeletePolicyVersion {}

impl Operation for DeletePolicyVersion {
    const NAME: &'static str = "DeletePolicyVersion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_POLICY_VERSION;
    type Input<'a> = VersionOfPolicy<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: VersionOfPolicy<'a>) -> Result<(), OpError> {
        let (arn, conditions) = (&*input.policy_arn, Conditions::none());
        let (proof, mut policy) =
            modifiable::<action::DeletePolicyVersion>(cx, arn, conditions).await?;
        let number = find_version((arn, &policy.body), &input.version_id)?.number;
        if number == policy.body.default_version {
            return Err(op_error!(
                DeleteConflict,
                "Cannot delete the default version of a policy."
            ));
        }
        policy.body.versions.retain(|version| version.number != number);
        policy.body.updated_at = cx.now();
        policy.stage(cx, &proof);
        Ok(())
    }
}
