//! ListKeyPolicies: the names of a key's policies, of which there is one.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, LimitType, MarkerType};
use crate::get_key_policy::POLICY_NAME;
use crate::paging::record_page;

/// The operation.
pub(crate) enum ListKeyPolicies {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    limit: Option<Int<LimitType>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy_names: &'static [&'static str],
    truncated: bool,
}

impl Operation for ListKeyPolicies {
    const NAME: &'static str = "ListKeyPolicies";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_KEY_POLICIES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        // One page holds every name, so no marker was ever given out.
        cx.position(Self::NAME, &input.key_id, input.marker.as_deref())?;
        let target = cx.resolve_key(&input.key_id).await?;
        cx.authorize::<action::ListKeyPolicies>(target).await?;
        Ok(Output { policy_names: &[POLICY_NAME], truncated: false })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
