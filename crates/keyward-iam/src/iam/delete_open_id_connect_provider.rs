//! DeleteOpenIDConnectProvider: ends the trust in an issuer. One that is not there is as good as gone.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::oidc_provider::{OfProvider, find};
use super::{action, constraints};

/// The operation.
pub(crate) enum DeleteOpenIDConnectProvider {}

impl Operation for DeleteOpenIDConnectProvider {
    const NAME: &'static str = "DeleteOpenIDConnectProvider";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_OPEN_ID_CONNECT_PROVIDER;
    type Input<'a> = OfProvider<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: OfProvider<'a>) -> Result<(), OpError> {
        let (arn, conditions) = (&*input.arn, Conditions::none());
        let (proof, provider) =
            find::<action::DeleteOpenIdConnectProvider>(cx, arn, conditions).await?;
        if let Some(provider) = provider {
            provider.stage_removal(cx, &proof);
        }
        Ok(())
    }
}
