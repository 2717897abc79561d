//! DeletePolicy: removes a managed policy that nobody has and that has one version.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation, op_error};

use super::conditions::Conditions;
use super::managed_policy::{ManagedPolicy, OfPolicy, PolicyOutput, modifiable, require_unused};
use super::{action, constraints};

/// The operation.
pub(crate) enum DeletePolicy {}

impl Operation for DeletePolicy {
    const NAME: &'static str = "DeletePolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_POLICY;
    type Input<'a> = OfPolicy<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: OfPolicy<'a>) -> Result<(), OpError> {
        let arn = &*input.policy_arn;
        let (proof, policy) =
            modifiable::<action::DeletePolicy>(cx, arn, Conditions::none()).await?;
        let known = PolicyOutput::listed(cx, &ManagedPolicy::of_own(cx, policy.clone())?).await?;
        if known.is_used() {
            return Err(op_error!(DeleteConflict, "Cannot delete a policy attached to entities."));
        }
        if policy.body.versions.len() > 1 {
            return Err(op_error!(
                DeleteConflict,
                "This policy has more than one version. Before you delete a policy, you must \
                 delete the policy's versions. The default version is deleted with the policy."
            ));
        }
        require_unused(cx, arn);
        policy.stage_removal(cx, &proof);
        Ok(())
    }
}
