//! GetKeyPolicy: the key policy, as it was sent.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, PolicyNameType};
use crate::shape::record_text;

/// The operation.
pub(crate) enum GetKeyPolicy {}

/// The one policy a key has.
pub(crate) const POLICY_NAME: &str = "default";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    policy_name: Option<Text<'a, PolicyNameType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy: String,
    policy_name: &'static str,
}

impl Operation for GetKeyPolicy {
    const NAME: &'static str = "GetKeyPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_KEY_POLICY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::GetKeyPolicy>(target).await?;
        if input.policy_name.is_some_and(|name| name.as_str() != POLICY_NAME) {
            return Err(op_error!(NotFound, "No such policy exists"));
        }
        let found = cx.engine().store().policies().find(&key.record.key).await;
        let policy = found.map_err(OpError::internal)?;
        let policy = policy.ok_or_else(|| OpError::internal("a key has no policy"))?;
        Ok(Output { policy: policy.record.document, policy_name: POLICY_NAME })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        64 + output.policy.len() * 2
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_text(to, "policyName", self.policy_name.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
