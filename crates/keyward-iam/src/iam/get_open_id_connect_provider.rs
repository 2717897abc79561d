//! GetOpenIDConnectProvider: tells of an OIDC provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::Serialize;

use super::conditions::Conditions;
use super::oidc_provider::{OfProvider, existing};
use super::tags::TagOutput;
use super::{action, constraints, tags};
use crate::shape::Date;

/// The operation.
pub(crate) enum GetOpenIDConnectProvider {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    /// Without its scheme.
    url: String,
    #[serde(rename = "ClientIDList")]
    client_ids: Vec<String>,
    #[serde(rename = "ThumbprintList")]
    thumbprints: Vec<String>,
    create_date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagOutput>>,
}

impl Operation for GetOpenIDConnectProvider {
    const NAME: &'static str = "GetOpenIDConnectProvider";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_OPEN_ID_CONNECT_PROVIDER;
    type Input<'a> = OfProvider<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: OfProvider<'a>) -> Result<Output, OpError> {
        let (arn, conditions) = (&*input.arn, Conditions::none());
        let (_, provider) =
            existing::<action::GetOpenIdConnectProvider>(cx, arn, conditions).await?;
        Ok(Output {
            url: provider.name,
            client_ids: provider.body.client_ids,
            thumbprints: provider.body.thumbprints,
            create_date: Date(provider.created_at),
            tags: tags::shown(&provider.body.tags),
        })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
