//! ListPolicyTags: the tags of a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::managed_policy::{PageOfPolicy, existing};
use super::paging::PageRequest;
use super::tags::TagPage;
use super::{action, constraints, tags};

/// The operation.
pub(crate) enum ListPolicyTags {}

impl Operation for ListPolicyTags {
    const NAME: &'static str = "ListPolicyTags";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_POLICY_TAGS;
    type Input<'a> = PageOfPolicy<'a>;
    type Output = TagPage;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfPolicy<'a>) -> Result<TagPage, OpError> {
        let (_, policy) = existing::<action::ListPolicyTags>(cx, &input.policy_arn).await?;
        let list = (Self::NAME, policy.arn.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        tags::page(cx, &request, policy.body.tags)
    }
}
