//! UpdateOpenIDConnectProviderThumbprint: replaces the thumbprints of an OIDC provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::conditions::Conditions;
use super::constraints::{self, ArnType};
use super::oidc_provider::{Thumbprints, existing, sound_thumbprints};

/// The operation.
pub(crate) enum UpdateOpenIDConnectProviderThumbprint {}

#[derive(Deserialize)]
pub(crate) struct Input<'a> {
    #[serde(borrow, rename = "OpenIDConnectProviderArn")]
    arn: Text<'a, ArnType>,
    #[serde(borrow, rename = "ThumbprintList")]
    thumbprints: Thumbprints<'a>,
}

impl Operation for UpdateOpenIDConnectProviderThumbprint {
    const NAME: &'static str = "UpdateOpenIDConnectProviderThumbprint";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::UPDATE_OPEN_ID_CONNECT_PROVIDER_THUMBPRINT;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let thumbprints = sound_thumbprints(&input.thumbprints)?;
        let (arn, conditions) = (&*input.arn, Conditions::none());
        let (proof, mut provider) =
            existing::<action::UpdateOpenIdConnectProviderThumbprint>(cx, arn, conditions).await?;
        provider.body.thumbprints = thumbprints;
        provider.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("openIDConnectProviderArn", &self.arn);
        to.texts("thumbprintList", self.thumbprints.iter().map(Text::as_str));
    }
}
