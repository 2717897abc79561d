//! GetPolicyVersion: a version of a managed policy, with its document.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::managed_policy::{
    OneVersion, PolicyVersionOutput, VersionOfPolicy, existing, find_version,
};
use super::{action, constraints};

/// The operation.
pub(crate) enum GetPolicyVersion {}

impl Operation for GetPolicyVersion {
    const NAME: &'static str = "GetPolicyVersion";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_POLICY_VERSION;
    type Input<'a> = VersionOfPolicy<'a>;
    type Output = OneVersion;

    async fn run<'a>(cx: &'a mut Cx, input: VersionOfPolicy<'a>) -> Result<OneVersion, OpError> {
        let (_, policy) = existing::<action::GetPolicyVersion>(cx, &input.policy_arn).await?;
        let version = find_version((&policy.arn, &policy.body), &input.version_id)?;
        Ok(OneVersion { policy_version: PolicyVersionOutput::whole(&policy.body, version) })
    }
}
