//! AddClientIDToOpenIDConnectProvider: lets an OIDC provider vouch to one more client.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::oidc_provider::{ClientOfProvider, existing, sound_client_ids};
use super::{action, constraints};

/// The operation.
pub(crate) enum AddClientIDToOpenIDConnectProvider {}

impl Operation for AddClientIDToOpenIDConnectProvider {
    const NAME: &'static str = "AddClientIDToOpenIDConnectProvider";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::ADD_CLIENT_ID_TO_OPEN_ID_CONNECT_PROVIDER;
    type Input<'a> = ClientOfProvider<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: ClientOfProvider<'a>) -> Result<(), OpError> {
        let (arn, conditions) = (&*input.arn, Conditions::none());
        let (proof, mut provider) =
            existing::<action::AddClientIdToOpenIdConnectProvider>(cx, arn, conditions).await?;
        let ids = std::mem::take(&mut provider.body.client_ids);
        let ids = ids.into_iter().chain([input.client_id.into_string()]);
        provider.body.client_ids = sound_client_ids(ids)?;
        provider.stage(cx, &proof);
        Ok(())
    }
}
