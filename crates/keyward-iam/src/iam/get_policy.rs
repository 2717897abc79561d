//! GetPolicy: tells of a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::managed_policy::{OfPolicy, OnePolicy, PolicyOutput, existing};
use super::{action, constraints};

/// The operation.
pub(crate) enum GetPolicy {}

impl Operation for GetPolicy {
    const NAME: &'static str = "GetPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_POLICY;
    type Input<'a> = OfPolicy<'a>;
    type Output = OnePolicy;

    async fn run<'a>(cx: &'a mut Cx, input: OfPolicy<'a>) -> Result<OnePolicy, OpError> {
        let (_, policy) = existing::<action::GetPolicy>(cx, &input.policy_arn).await?;
        Ok(OnePolicy { policy: PolicyOutput::whole(cx, &policy).await? })
    }
}
