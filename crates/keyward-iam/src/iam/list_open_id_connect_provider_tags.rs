//! ListOpenIDConnectProviderTags: the tags of an OIDC provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, ArnType};
use super::oidc_provider::existing;
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::tags::TagPage;
use super::{action, tags};

/// The operation.
pub(crate) enum ListOpenIDConnectProviderTags {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow, rename = "OpenIDConnectProviderArn")]
    arn: Text<'a, ArnType>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

impl Operation for ListOpenIDConnectProviderTags {
    const NAME: &'static str = "ListOpenIDConnectProviderTags";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::LIST_OPEN_ID_CONNECT_PROVIDER_TAGS;
    type Input<'a> = Input<'a>;
    type Output = TagPage;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<TagPage, OpError> {
        let (arn, conditions) = (&*input.arn, Conditions::none());
        let (_, provider) =
            existing::<action::ListOpenIdConnectProviderTags>(cx, arn, conditions).await?;
        let request = PageRequest::new(cx, (Self::NAME, arn), &input.marker, input.max_items)?;
        tags::page(cx, &request, provider.body.tags)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("openIDConnectProviderArn", &self.arn);
        record_page(to, &self.marker, self.max_items);
    }
}
