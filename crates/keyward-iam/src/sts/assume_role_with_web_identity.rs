//! AssumeRoleWithWebIdentity: credentials of a role, for the holder of an identity provider's token.
//! The request carries no signature; the token says who sends it.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

mod identity;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation, Role, op_error};
use keyward_model::Federation;
use keyward_shape::{Int, SecretText, Text};
use serde::{Deserialize, Serialize};

use self::identity::Identified;
use super::action::{
    AssumeRoleWithWebIdentity as MayAssumeRole, SessionRequest, SetSourceIdentity, TagSession,
};
use super::assume_role::{AssumedRoleUser, duration_s, issue, require_within};
use super::constraints::{
    self, ArnType, ClientTokenType, MinimumSessionTokenSizeType, RoleDurationSecondsType,
    RoleSessionNameType, SessionPolicyDocumentType, UrlType,
};
use super::credentials::Credentials;
use super::session::{self, PolicyArns};

/// The operation.
pub(crate) enum AssumeRoleWithWebIdentity {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_arn: Text<'a, ArnType>,
    #[serde(borrow)]
    role_session_name: Text<'a, RoleSessionNameType>,
    web_identity_token: SecretText<ClientTokenType>,
    #[serde(borrow)]
    provider_id: Option<Text<'a, UrlType>>,
    #[serde(borrow, default)]
    policy_arns: PolicyArns<'a>,
    #[serde(borrow)]
    policy: Option<Text<'a, SessionPolicyDocumentType>>,
    duration_seconds: Option<Int<RoleDurationSecondsType>>,
    #[serde(rename = "MinimumSessionTokenSize")]
    _minimum_session_token_size: Option<Int<MinimumSessionTokenSizeType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    credentials: Credentials,
    subject_from_web_identity_token: String,
    assumed_role_user: AssumedRoleUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<u32>,
    provider: String,
    #[serde(skip)]
    provider_arn: String,
    audience: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
}

impl Operation for AssumeRoleWithWebIdentity {
    const NAME: &'static str = "AssumeRoleWithWebIdentity";
    const KIND: Kind = Kind::Read;
    const SHOWS_REPLY: bool = true;
    const MODEL: &'static keyward_shape::Operation = &constraints::ASSUME_ROLE_WITH_WEB_IDENTITY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        if input.provider_id.is_some() {
            // WIRE: "Web identities".
            return Err(op_error!(Validation, "ProviderId is for OAuth 2.0 tokens only."));
        }
        let token = input.web_identity_token.expose();
        let identified = identity::identify(cx, &input.role_arn, token).await?;
        note_token(cx, &identified);
        let duration_s = duration_s(input.duration_seconds);
        let mut session = session::beginning(cx, duration_s);
        session.source_identity.clone_from(&identified.source_identity);
        let found = cx.find_role(&input.role_arn).await?;
        let request = SessionRequest {
            role_session_name: Some(&input.role_session_name),
            source_identity: session.source_identity.as_deref(),
            tags: &identified.tags,
            transitive_tag_keys: &identified.transitive_tag_keys,
            role_tags: found.as_ref().map(|role| &*role.body.tags).unwrap_or_default(),
            claims: &identified.conditions,
            provider: Some(&identified.provider_arn),
            ..SessionRequest::default()
        };
        let role = authorized(cx, (&input.role_arn, found.as_ref()), &request).await?;
        require_within(role, duration_s)?;
        let Identified { tags, transitive_tag_keys, provider_arn, conditions, .. } = identified;
        session::put_tags(&mut session, (tags, transitive_tag_keys), None)?;
        let policies = (input.policy.as_deref(), &input.policy_arns);
        session::put_policies(cx, (role.account, &mut session), policies).await?;
        let provider = provider_arn.clone();
        session.federation = Some(Federation { provider, claims: conditions });
        let source_identity = session.source_identity.clone();
        let issued = issue(cx, (role, &input.role_session_name), session)?;
        Ok(Output {
            subject_from_web_identity_token: identified.subject,
            assumed_role_user: AssumedRoleUser::of(&issued),
            packed_policy_size: issued.packed_policy_percent,
            provider: identified.issuer,
            provider_arn,
            audience: identified.audience,
            source_identity,
            credentials: Credentials::of(issued),
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        let claims = [&output.subject_from_web_identity_token, &output.provider, &output.audience];
        let claims: usize = claims.iter().map(|claim| claim.len().saturating_mul(6)).sum();
        output.credentials.reply_bytes_max().saturating_add(claims)
    }
}

/// What the token says of the session is in the record as if the request had said it.
fn note_token(cx: &mut Cx, identified: &Identified) {
    let mut parameters = cx.note_parameters();
    if let Some(source_identity) = &identified.source_identity {
        parameters.text("sourceIdentity", source_identity);
    }
    if !identified.tags.is_empty() {
        let tags = identified.tags.iter().map(|(key, value)| (&**key, &**value));
        parameters.text_map("principalTags", tags);
    }
    if !identified.transitive_tag_keys.is_empty() {
        parameters.texts("transitiveTagKeys", &identified.transitive_tag_keys);
    }
    // WIRE: "The audit record's words".
    cx.note_additional().text("identityProviderConnectionVerificationMethod", "IAMTrustStore");
}

/// The role, if the holder of the token may become it.
async fn authorized<'r>(
    cx: &mut Cx,
    (arn, role): (&str, Option<&'r Role>),
    request: &SessionRequest<'_>,
) -> Result<&'r Role, OpError> {
    let authorized = cx.authorize_role((arn, role), MayAssumeRole(request)).await;
    let authorized =
        authorized.map_err(|refusal| anonymous(refusal, "AssumeRoleWithWebIdentity"))?;
    if !request.tags.is_empty() {
        let authorized = cx.authorize_role((arn, role), TagSession(request)).await;
        authorized.map_err(|refusal| anonymous(refusal, "TagSession"))?;
    }
    if request.source_identity.is_some() {
        let authorized = cx.authorize_role((arn, role), SetSourceIdentity(request)).await;
        authorized.map_err(|refusal| anonymous(refusal, "SetSourceIdentity"))?;
    }
    Ok(authorized)
}

/// The refusal of somebody who is no principal yet, and has no name.
fn anonymous(refusal: OpError, action: &str) -> OpError {
    if refusal.code == ErrorCode::AccessDenied {
        return op_error!(AccessDenied, "Not authorized to perform sts:{action}");
    }
    refusal
}

/// The token never is in the record.
impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleArn", &self.role_arn);
        to.text("roleSessionName", &self.role_session_name);
        if let Some(duration) = self.duration_seconds {
            to.integer("durationSeconds", duration.value());
        }
        session::record_policies(to, self.policy.as_deref(), &self.policy_arns);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        self.credentials.record(to);
        to.text("subjectFromWebIdentityToken", &self.subject_from_web_identity_token);
        self.assumed_role_user.record(to);
        if let Some(percent) = self.packed_policy_size {
            to.integer("packedPolicySize", percent);
        }
        to.text("provider", &self.provider_arn);
        to.text("audience", &self.audience);
        if let Some(source_identity) = &self.source_identity {
            to.text("sourceIdentity", source_identity);
        }
    }
}

#[cfg(test)]
mod tests;
