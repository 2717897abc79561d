//! OIDC providers: the issuers of web identity tokens that an account trusts.

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError, op_error};
use keyward_shape::{List, Text};
use keyward_store::{EntityKind, OidcProviderBody};
use serde::Deserialize;

use super::action::{Permission, Proof};
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{
    ArnType, ClientIDListType, ClientIDType, ThumbprintListType, ThumbprintType,
};
use super::entity::{Entity, arn_of};

/// The most client ids of one provider.
const CLIENT_IDS_MAX: usize = 100;
/// The most thumbprints of one provider.
const THUMBPRINTS_MAX: usize = 5;
/// How long the part of a URL behind the scheme may be.
const NAME_CHARS_MAX: usize = 255;

/// `ClientIDList`.
pub(crate) type ClientIds<'a> = List<Text<'a, ClientIDType>, ClientIDListType>;

/// `ThumbprintList`.
pub(crate) type Thumbprints<'a> = List<Text<'a, ThumbprintType>, ThumbprintListType>;

/// What names the provider of an issuer: its URL without the scheme, and without a slash at the end.
pub(crate) fn name_of(url: &str) -> Result<&str, OpError> {
    let name = url.strip_prefix("https://").map(|name| name.strip_suffix('/').unwrap_or(name));
    let is_allowed = |b: u8| b.is_ascii_graphic() && !b"?#\\\"<>@%".contains(&b);
    let is_name = |name: &&str| {
        !name.is_empty()
            && !name.starts_with('/')
            && name.len() <= NAME_CHARS_MAX
            && name.bytes().all(is_allowed)
    };
    name.filter(is_name)
        .ok_or_else(|| op_error!(Validation, "Invalid Open ID Connect Provider URL"))
}

/// Refuses more client ids than a provider may have. One named twice is there once.
pub(crate) fn sound_client_ids(
    sent: impl IntoIterator<Item = String>,
) -> Result<Vec<String>, OpError> {
    let mut ids: Vec<String> = Vec::new();
    for id in sent {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > CLIENT_IDS_MAX {
        return Err(op_error!(
            LimitExceeded,
            "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {CLIENT_IDS_MAX}"
        ));
    }
    Ok(ids)
}

/// The thumbprints as records hold them; an error for what is none.
pub(crate) fn sound_thumbprints(sent: &Thumbprints<'_>) -> Result<Vec<String>, OpError> {
    if sent.len() > THUMBPRINTS_MAX {
        return Err(op_error!(
            InvalidInput,
            "Thumbprint list must contain fewer than {THUMBPRINTS_MAX} entries."
        ));
    }
    if let Some(other) = sent.iter().find(|text| !text.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(op_error!(InvalidInput, "Invalid thumbprint: {}", other.as_str()));
    }
    Ok(sent.iter().map(|text| text.to_ascii_lowercase()).collect())
}

/// Decides whether the caller may do `P` to the provider with this ARN, and looks for it.
pub(crate) async fn find<P: Permission>(
    cx: &mut Cx,
    arn: &str,
    conditions: Conditions<'_>,
) -> Result<(Proof<P>, Option<Entity<OidcProviderBody>>), OpError> {
    let prefix = arn_of(cx, EntityKind::OidcProvider, "/", "");
    let Some(name) = arn.strip_prefix(&prefix).filter(|name| !name.is_empty()) else {
        return Err(op_error!(InvalidInput, "Invalid ARN: {arn}"));
    };
    let found = Entity::<OidcProviderBody>::find(cx, name).await?;
    let found = found.filter(|found| found.name == name);
    let conditions = match &found {
        Some(found) => conditions.of_entity(&found.body),
        None => conditions,
    };
    let proof = authorize(cx, &Resource::of_arn(arn.to_owned()), conditions).await?;
    Ok((proof, found))
}

/// The same, of a provider that must be there.
pub(crate) async fn existing<P: Permission>(
    cx: &mut Cx,
    arn: &str,
    conditions: Conditions<'_>,
) -> Result<(Proof<P>, Entity<OidcProviderBody>), OpError> {
    let (proof, found) = find(cx, arn, conditions).await?;
    let absent = || op_error!(NoSuchEntity, "OpenIDConnect Provider not found for arn {arn}");
    Ok((proof, found.ok_or_else(absent)?))
}

/// A request that names a provider and nothing else.
#[derive(Deserialize)]
pub(crate) struct OfProvider<'a> {
    #[serde(borrow, rename = "OpenIDConnectProviderArn")]
    pub(crate) arn: Text<'a, ArnType>,
}

impl Recorded for OfProvider<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("openIDConnectProviderArn", &self.arn);
    }
}

/// A request about a client id of a provider.
#[derive(Deserialize)]
pub(crate) struct ClientOfProvider<'a> {
    #[serde(borrow, rename = "OpenIDConnectProviderArn")]
    pub(crate) arn: Text<'a, ArnType>,
    #[serde(borrow, rename = "ClientID")]
    pub(crate) client_id: Text<'a, ClientIDType>,
}

impl Recorded for ClientOfProvider<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("openIDConnectProviderArn", &self.arn);
        to.text("clientID", &self.client_id);
    }
}
