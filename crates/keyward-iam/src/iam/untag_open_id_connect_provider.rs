//! UntagOpenIDConnectProvider: takes tags off an OIDC provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, ArnType};
use super::oidc_provider::existing;
use super::tags::TagKeys;
use super::{action, tags};

/// The operation.
pub(crate) enum UntagOpenIDConnectProvider {}

#[derive(Deserialize)]
pub(crate) struct Input<'a> {
    #[serde(borrow, rename = "OpenIDConnectProviderArn")]
    arn: Text<'a, ArnType>,
    #[serde(borrow, rename = "TagKeys")]
    tag_keys: TagKeys<'a>,
}

impl Operation for UntagOpenIDConnectProvider {
    const NAME: &'static str = "UntagOpenIDConnectProvider";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UNTAG_OPEN_ID_CONNECT_PROVIDER;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let keys = tags::sound_keys(&input.tag_keys)?;
        let (arn, conditions) = (&*input.arn, Conditions::none().with_tag_keys(&keys));
        let (proof, mut provider) =
            existing::<action::UntagOpenIdConnectProvider>(cx, arn, conditions).await?;
        tags::remove(&mut provider.body.tags, &keys);
        provider.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("openIDConnectProviderArn", &self.arn);
        tags::record_keys(to, &self.tag_keys);
    }
}
