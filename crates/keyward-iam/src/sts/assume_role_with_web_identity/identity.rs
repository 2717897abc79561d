//! Whose a token is: checks in the order in which they are answered.

use keyward_engine::{Cx, ErrorCode, OpError, op_error};
use keyward_model::{AccountId, Caller, Principal, WebIdentity};
use keyward_oidc::{Claims, KeysError, NotVerified, Token};
use keyward_store::{EntityBody, EntityKind, EntityName, OidcProviderBody};

use crate::sts::session::require_sound;

/// The longest key and value of a session tag, and how many there are at most.
const TAG_KEY_CHARS_MAX: usize = 128;
const TAG_VALUE_CHARS_MAX: usize = 256;
const TAGS_MAX: usize = 50;

const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please \
     reference AssumeRoleWithWebIdentity documentation for requirements";

/// What a token that is believed says.
pub(super) struct Identified {
    pub(super) provider_arn: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
    /// Condition keys of the issuer, with their values.
    pub(super) conditions: Vec<(String, Vec<String>)>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) transitive_tag_keys: Vec<String>,
    pub(super) source_identity: Option<String>,
}

/// A provider that the role's account has registered.
struct Provider {
    arn: String,
    name: String,
    body: OidcProviderBody,
}

/// Finds out who sends the request, and says so to the audit record.
pub(super) async fn identify(
    cx: &mut Cx,
    role_arn: &str,
    token: &str,
) -> Result<Identified, OpError> {
    let token = Token::parse(token).map_err(|malformed| {
        let message = "The ID Token provided is not a valid JWT. (You may see this error if you \
             sent an Access Token)";
        OpError::new(ErrorCode::InvalidIdentityToken, message).because(malformed)
    })?;
    let account = account_of(role_arn).ok_or_else(|| no_provider(token.claims()))?;
    let provider = provider(cx, account, token.claims()).await?;
    let audience = registered_audience(&provider, token.claims())?.to_owned();
    let now_s = cx.engine().machine_clock().now().unix_s();
    token.require_current(now_s).map_err(untimely)?;
    let keys = cx.engine().issuers().key_set(&provider.body.url, token.key_id()).await;
    let keys = keys.map_err(without_keys)?;
    let verified = token.verify(&keys, now_s).map_err(untimely)?;
    let claims = verified.claims();
    cx.identify(caller(cx, account, &provider, (claims, &audience)));
    identified(&provider, claims, audience)
}

fn caller(
    cx: &Cx,
    account: AccountId,
    provider: &Provider,
    (claims, audience): (&Claims, &str),
) -> Caller {
    let principal = Principal::WebIdentity(WebIdentity {
        provider: provider.arn.clone(),
        audience: audience.to_owned(),
        subject: claims.subject.clone(),
    });
    Caller { account, principal, ..cx.caller().clone() }
}

/// The account of a role, by its ARN.
fn account_of(role_arn: &str) -> Option<AccountId> {
    let (_, rest) = role_arn.split_once(":iam::")?;
    rest.split_once(':')?.0.parse().ok()
}

async fn provider(cx: &Cx, account: AccountId, claims: &Claims) -> Result<Provider, OpError> {
    let name = claims.issuer.strip_prefix("https://").ok_or_else(|| no_provider(claims))?;
    let name = name.strip_suffix('/').unwrap_or(name);
    let entity = EntityName::new(account, EntityKind::OidcProvider, name);
    let found = cx.engine().store().entities().find(&entity).await.map_err(OpError::internal)?;
    let record = found.map(|found| found.record).ok_or_else(|| no_provider(claims))?;
    let arn = record.arn(cx.engine().partition());
    match record.body {
        // Names are the same in any spelling and with or without a slash; issuers are not.
        EntityBody::OidcProvider(body) if body.url == claims.issuer => {
            Ok(Provider { arn, name: record.name, body })
        }
        _ => Err(no_provider(claims)),
    }
}

fn no_provider(claims: &Claims) -> OpError {
    op_error!(
        InvalidIdentityToken,
        "No OpenIDConnect provider found in your account for {}",
        claims.issuer
    )
}

/// The audience of the token that is registered with the provider.
fn registered_audience<'c>(provider: &Provider, claims: &'c Claims) -> Result<&'c str, OpError> {
    let mut audiences = claims.checked_audiences().iter();
    let registered = audiences.find(|audience| provider.body.client_ids.contains(audience));
    registered
        .map(String::as_str)
        .ok_or_else(|| op_error!(InvalidIdentityToken, "Incorrect token audience"))
}

fn untimely(why: NotVerified) -> OpError {
    match why {
        NotVerified::Expired { now_s, expires_at_s } => op_error!(
            ExpiredIdentityToken,
            "Token expired: current date/time {now_s} must be before the expiration date/time \
             {expires_at_s}"
        ),
        NotVerified::Key => op_error!(InvalidIdentityToken, "{NO_KEY}"),
        // WIRE: "Web identities".
        NotVerified::NotYet => op_error!(InvalidIdentityToken, "The token is not valid yet"),
        NotVerified::Signature => {
            op_error!(InvalidIdentityToken, "The signature of the token is not valid")
        }
    }
}

fn without_keys(error: KeysError) -> OpError {
    let (code, message) = match &error {
        // WIRE: "Web identities".
        KeysError::Unreachable(_) => {
            (ErrorCode::IdpCommunication, "The identity provider could not be reached")
        }
        KeysError::Unusable(_) => (ErrorCode::InvalidIdentityToken, NO_KEY),
    };
    OpError::new(code, message).because(error)
}

fn identified(
    provider: &Provider,
    claims: &Claims,
    audience: String,
) -> Result<Identified, OpError> {
    let tags = require_sound(claims.tags.principal_tags.clone())?;
    let transitive_tag_keys = claims.tags.transitive_tag_keys.clone();
    let is_short = |(key, value): &(String, String)| {
        (1..=TAG_KEY_CHARS_MAX).contains(&key.chars().count())
            && value.chars().count() <= TAG_VALUE_CHARS_MAX
    };
    let is_bounded = tags.len() <= TAGS_MAX
        && transitive_tag_keys.len() <= TAGS_MAX
        && tags.iter().all(is_short);
    let is_identity = |text: &String| {
        let is_allowed = |char: char| char.is_alphanumeric() || "_+=,.@-".contains(char);
        (2..=64).contains(&text.len()) && text.chars().all(is_allowed)
    };
    if !is_bounded || !claims.source_identity.iter().all(is_identity) {
        // WIRE: "Web identities".
        return Err(op_error!(
            InvalidIdentityToken,
            "The token's session tags or source identity are not valid"
        ));
    }
    Ok(Identified {
        conditions: conditions(provider, claims, &audience),
        provider_arn: provider.arn.clone(),
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        audience,
        tags,
        transitive_tag_keys,
        source_identity: claims.source_identity.clone(),
    })
}

/// Claims as condition keys. They begin with the provider's name.
fn conditions(provider: &Provider, claims: &Claims, audience: &str) -> Vec<(String, Vec<String>)> {
    let key = |name: &str| format!("{}:{name}", provider.name);
    let mut conditions =
        vec![(key("aud"), vec![audience.to_owned()]), (key("sub"), vec![claims.subject.clone()])];
    if let Some(party) = &claims.authorized_party {
        conditions.push((key("azp"), vec![party.clone()]));
        conditions.push((key("oaud"), claims.audiences.clone()));
    }
    if !claims.methods.is_empty() {
        conditions.push((key("amr"), claims.methods.clone()));
    }
    conditions
}
