//! ListOpenIDConnectProviders: the OIDC providers of the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::OidcProviderBody;
use serde::{Deserialize, Serialize};

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::entity::Entity;
use super::{action, constraints, entity_list};

/// The operation.
pub(crate) enum ListOpenIDConnectProviders {}

#[derive(Deserialize)]
pub(crate) struct Input {}

#[derive(Serialize)]
pub(crate) struct Output {
    #[serde(rename = "OpenIDConnectProviderList")]
    open_id_connect_provider_list: Vec<ListEntry>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListEntry {
    arn: String,
}

impl Operation for ListOpenIDConnectProviders {
    const NAME: &'static str = "ListOpenIDConnectProviders";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_OPEN_ID_CONNECT_PROVIDERS;
    type Input<'a> = Input;
    type Output = Output;

    async fn run(cx: &mut Cx, _: Input) -> Result<Output, OpError> {
        let resource = Resource::any();
        authorize::<action::ListOpenIdConnectProviders>(cx, &resource, Conditions::none()).await?;
        let found = entity_list::all::<OidcProviderBody>(cx, "/").await?;
        let entry = |provider: &Entity<OidcProviderBody>| ListEntry { arn: provider.arn(cx) };
        Ok(Output { open_id_connect_provider_list: found.iter().map(entry).collect() })
    }
}

impl Recorded for Input {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
