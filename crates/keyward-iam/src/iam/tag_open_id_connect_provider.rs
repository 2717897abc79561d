//! TagOpenIDConnectProvider: adds tags to an OIDC provider, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, ArnType};
use super::oidc_provider::existing;
use super::tags::Tags;
use super::{action, tags};

/// The operation.
pub(crate) enum TagOpenIDConnectProvider {}

#[derive(Deserialize)]
pub(crate) struct Input<'a> {
    #[serde(borrow, rename = "OpenIDConnectProviderArn")]
    arn: Text<'a, ArnType>,
    #[serde(borrow, rename = "Tags")]
    tags: Tags<'a>,
}

impl Operation for TagOpenIDConnectProvider {
    const NAME: &'static str = "TagOpenIDConnectProvider";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::TAG_OPEN_ID_CONNECT_PROVIDER;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let tags = tags::sound(&input.tags)?;
        let (arn, conditions) = (&*input.arn, Conditions::none().with_request_tags(&tags));
        let (proof, mut provider) =
            existing::<action::TagOpenIdConnectProvider>(cx, arn, conditions).await?;
        tags::put(&mut provider.body.tags, tags)?;
        provider.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("openIDConnectProviderArn", &self.arn);
        tags::record(to, &self.tags);
    }
}
