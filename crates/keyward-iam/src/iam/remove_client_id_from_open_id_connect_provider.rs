//! RemoveClientIDFromOpenIDConnectProvider: takes a client off an OIDC provider. One that is not there is as good as gone.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::oidc_provider::{ClientOfProvider, existing};
use super::{action, constraints};

/// The operation.
pub(crate) enum RemoveClientIDFromOpenIDConnectProvider {}

impl Operation for RemoveClientIDFromOpenIDConnectProvider {
    const NAME: &'static str = "RemoveClientIDFromOpenIDConnectProvider";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::REMOVE_CLIENT_ID_FROM_OPEN_ID_CONNECT_PROVIDER;
    type Input<'a> = ClientOfProvider<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: ClientOfProvider<'a>) -> Result<(), OpError> {
        let (arn, conditions) = (&*input.arn, Conditions::none());
        let (proof, mut provider) =
            existing::<action::RemoveClientIdFromOpenIdConnectProvider>(cx, arn, conditions)
                .await?;
        provider.body.client_ids.retain(|id| *id != *input.client_id);
        provider.stage(cx, &proof);
        Ok(())
    }
}
