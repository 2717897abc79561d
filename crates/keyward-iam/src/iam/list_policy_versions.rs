//! ListPolicyVersions: the versions of a managed policy, newest first.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::PolicyVersion;
use serde::Serialize;

use super::managed_policy::{PageOfPolicy, PolicyVersionOutput, existing};
use super::paging::PageRequest;
use super::{action, constraints};

/// The operation.
pub(crate) enum ListPolicyVersions {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    versions: Vec<PolicyVersionOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListPolicyVersions {
    const NAME: &'static str = "ListPolicyVersions";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_POLICY_VERSIONS;
    type Input<'a> = PageOfPolicy<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfPolicy<'a>) -> Result<Output, OpError> {
        let (_, policy) = existing::<action::ListPolicyVersions>(cx, &input.policy_arn).await?;
        let list = (Self::NAME, policy.arn.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        // The newest comes first, so positions count down.
        let position = |version: &&PolicyVersion| format!("{:010}", u32::MAX - version.number);
        let page = request.page_of_all(cx, policy.body.versions.iter().rev(), position)?;
        let is_truncated = page.is_truncated();
        let shown = |version: &&PolicyVersion| PolicyVersionOutput::listed(&policy.body, version);
        let versions = page.entries.iter().map(shown).collect();
        Ok(Output { versions, is_truncated, marker: page.marker })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
