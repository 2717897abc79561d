//! CreateOpenIDConnectProvider: makes an account trust an issuer of web identity tokens.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::{EntityKind, OidcProviderBody, Precondition};
use serde::{Deserialize, Serialize};

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, OpenIDConnectProviderUrlType};
use super::entity::Entity;
use super::oidc_provider::{ClientIds, Thumbprints, name_of, sound_client_ids, sound_thumbprints};
use super::tags::{TagOutput, Tags};
use super::{action, tags};

/// The operation.
pub(crate) enum CreateOpenIDConnectProvider {}

/// The most providers an account has.
const PROVIDERS_MAX: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    url: Text<'a, OpenIDConnectProviderUrlType>,
    #[serde(borrow, default, rename = "ClientIDList")]
    client_ids: ClientIds<'a>,
    #[serde(borrow, default, rename = "ThumbprintList")]
    thumbprints: Thumbprints<'a>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "OpenIDConnectProviderArn")]
    open_id_connect_provider_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagOutput>>,
}

impl Operation for CreateOpenIDConnectProvider {
    const NAME: &'static str = "CreateOpenIDConnectProvider";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_OPEN_ID_CONNECT_PROVIDER;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = name_of(&input.url)?;
        let tags = tags::sound(&input.tags)?;
        let client_ids = sound_client_ids(input.client_ids.iter().map(|id| id.to_string()))?;
        let thumbprints = sound_thumbprints(&input.thumbprints)?;
        let resource = Resource::new(cx, EntityKind::OidcProvider, "/", name);
        let conditions = Conditions::none().with_request_tags(&tags);
        let proof =
            authorize::<action::CreateOpenIdConnectProvider>(cx, &resource, conditions).await?;
        if !tags.is_empty() {
            authorize::<action::TagOpenIdConnectProvider>(cx, &resource, conditions).await?;
        }
        if Entity::<OidcProviderBody>::find(cx, name).await?.is_some() {
            let url = &*input.url;
            return Err(op_error!(EntityAlreadyExists, "Provider with url {url} already exists."));
        }
        let url = input.url.to_string();
        let body = OidcProviderBody { url, client_ids, thumbprints, tags, jwks: None };
        let provider = Entity::new(cx, name, None, body);
        let output = Output {
            open_id_connect_provider_arn: provider.arn(cx),
            tags: tags::shown(&provider.body.tags),
        };
        let (account, kind) = (provider.account, EntityKind::OidcProvider);
        cx.require(Precondition::EntitiesBelow(account, kind, PROVIDERS_MAX));
        provider.stage(cx, &proof);
        Ok(output)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("url", &self.url);
        to.texts("clientIDList", self.client_ids.iter().map(Text::as_str));
        to.texts("thumbprintList", self.thumbprints.iter().map(Text::as_str));
        tags::record_sent(to, &self.tags);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("openIDConnectProviderArn", &self.open_id_connect_provider_arn);
        if let Some(tags) = &self.tags {
            to.objects("tags", tags, |to, tag| tag.record(to));
        }
    }
}

#[cfg(test)]
mod tests;
