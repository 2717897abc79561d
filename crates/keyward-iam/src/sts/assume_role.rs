//! AssumeRole: credentials of a role, for those whom its trust policy names.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, IssuedSession, Kind, NewSession, OpError, Operation, Role, op_error};
use keyward_model::{Principal, Session};
use keyward_shape::{Int, List, Text};
use serde::{Deserialize, Serialize};

use super::action::{AssumeRole as MayAssumeRole, SessionRequest, SetSourceIdentity, TagSession};
use super::constraints::{
    self, ArnType, ContextAssertionType, ExternalIdType, MinimumSessionTokenSizeType,
    ProvidedContextsListType, RoleDurationSecondsType, RoleSessionNameType, SerialNumberType,
    SourceIdentityType, TagKeyListType, TagKeyType, TokenCodeType,
    UnrestrictedSessionPolicyDocumentType,
};
use super::credentials::Credentials;
use super::session::{self, PolicyArns, Tags};
use crate::session_limits::require_may_assume_roles;

/// How long a session lasts when the request does not say, and at most when it comes from another.
const DURATION_DEFAULT_S: i32 = 3600;
const CHAINED_DURATION_S_MAX: i32 = 3600;

/// The operation.
pub(crate) enum AssumeRole {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_arn: Text<'a, ArnType>,
    #[serde(borrow)]
    role_session_name: Text<'a, RoleSessionNameType>,
    #[serde(borrow, default)]
    policy_arns: PolicyArns<'a>,
    #[serde(borrow)]
    policy: Option<Text<'a, UnrestrictedSessionPolicyDocumentType>>,
    duration_seconds: Option<Int<RoleDurationSecondsType>>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
    #[serde(borrow, default)]
    transitive_tag_keys: List<Text<'a, TagKeyType>, TagKeyListType>,
    #[serde(borrow)]
    external_id: Option<Text<'a, ExternalIdType>>,
    #[serde(borrow)]
    serial_number: Option<Text<'a, SerialNumberType>>,
    #[serde(borrow)]
    token_code: Option<Text<'a, TokenCodeType>>,
    #[serde(borrow)]
    source_identity: Option<Text<'a, SourceIdentityType>>,
    #[serde(borrow, default)]
    provided_contexts: List<ProvidedContext<'a>, ProvidedContextsListType>,
    #[serde(rename = "MinimumSessionTokenSize")]
    _minimum_session_token_size: Option<Int<MinimumSessionTokenSizeType>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProvidedContext<'a> {
    #[serde(borrow, rename = "ProviderArn")]
    _provider_arn: Option<Text<'a, ArnType>>,
    #[serde(borrow, rename = "ContextAssertion")]
    _context_assertion: Option<Text<'a, ContextAssertionType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    credentials: Credentials,
    assumed_role_user: AssumedRoleUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
}

/// Who has the credentials.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

impl Operation for AssumeRole {
    const NAME: &'static str = "AssumeRole";
    const KIND: Kind = Kind::Read;
    const SHOWS_REPLY: bool = true;
    const MODEL: &'static keyward_shape::Operation = &constraints::ASSUME_ROLE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        require_may_assume_roles(cx)?;
        if !input.provided_contexts.is_empty() {
            // WIRE: "STS".
            return Err(op_error!(Validation, "ProvidedContexts are not supported."));
        }
        let duration_s = duration_s(input.duration_seconds);
        record_inherited(cx, input.source_identity.is_none());
        require_short_if_chained(cx, duration_s)?;
        let mut session = session::beginning(cx, duration_s);
        session.source_identity = source_identity(cx, input.source_identity.as_deref())?;
        let tags = session::sound_tags(&input.tags)?;
        let transitive: Vec<_> =
            input.transitive_tag_keys.iter().map(|it| it.to_string()).collect();
        let mfa = cx.verify_mfa(input.serial_number.as_deref(), input.token_code.as_deref());
        let is_mfa_shown = mfa.await?.is_some();
        let found = cx.find_role(&input.role_arn).await?;
        let request = SessionRequest {
            external_id: input.external_id.as_deref(),
            role_session_name: Some(&input.role_session_name),
            source_identity: session.source_identity.as_deref(),
            tags: &tags,
            transitive_tag_keys: &transitive,
            is_mfa_shown,
            role_tags: found.as_ref().map(|role| &*role.body.tags).unwrap_or_default(),
            ..SessionRequest::default()
        };
        let role = authorized(cx, (&input.role_arn, found.as_ref()), &request).await?;
        require_within(role, duration_s)?;
        session::put_tags(&mut session, (tags, transitive), cx.caller().session.as_ref())?;
        let policies = (input.policy.as_deref(), &input.policy_arns);
        session::put_policies(cx, (role.account, &mut session), policies).await?;
        let issued = issue(cx, (role, &input.role_session_name), session)?;
        Ok(Output::of(issued))
    }

    fn reply_bytes_max(output: &Output) -> usize {
        output.credentials.reply_bytes_max()
    }
}

/// The role, if the caller may become it in the way it asks for.
async fn authorized<'r>(
    cx: &mut Cx,
    (arn, role): (&str, Option<&'r Role>),
    request: &SessionRequest<'_>,
) -> Result<&'r Role, OpError> {
    let authorized = cx.authorize_role((arn, role), MayAssumeRole(request)).await?;
    if !request.tags.is_empty() {
        cx.authorize_role((arn, role), TagSession(request)).await?;
    }
    if request.source_identity.is_some() {
        cx.authorize_role((arn, role), SetSourceIdentity(request)).await?;
    }
    Ok(authorized)
}

/// A session of a role.
pub(super) fn issue(
    cx: &Cx,
    (role, session_name): (&Role, &str),
    session: Session,
) -> Result<IssuedSession, OpError> {
    let principal = Principal::AssumedRole {
        role: role.identity.clone(),
        session_name: session_name.to_owned(),
    };
    let new = NewSession { account: role.account, principal, session, parent: None };
    cx.engine().issue_session(new)
}

/// How long the session is to last.
pub(super) fn duration_s(sent: Option<Int<RoleDurationSecondsType>>) -> i32 {
    sent.map_or(DURATION_DEFAULT_S, |sent| sent.value())
}

/// A role that was assumed with a role's credentials is assumed for an hour at most.
fn require_short_if_chained(cx: &Cx, duration_s: i32) -> Result<(), OpError> {
    let is_chained = matches!(cx.caller().principal, Principal::AssumedRole { .. });
    if is_chained && duration_s > CHAINED_DURATION_S_MAX {
        return Err(op_error!(
            Validation,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining"
        ));
    }
    Ok(())
}

/// Refuses a session longer than the role's are.
pub(super) fn require_within(role: &Role, duration_s: i32) -> Result<(), OpError> {
    if u32::try_from(duration_s).is_ok_and(|asked| asked <= role.body.max_session_duration_s) {
        return Ok(());
    }
    Err(op_error!(
        Validation,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    ))
}

/// The source identity: the caller's once it has one, which nobody changes.
fn source_identity(cx: &Cx, sent: Option<&str>) -> Result<Option<String>, OpError> {
    let session = cx.caller().session.as_ref();
    let held = session.and_then(|session| session.source_identity.as_deref());
    match (held, sent) {
        (Some(held), Some(sent)) if held != sent => {
            let caller = cx.caller().arn();
            // WIRE: "STS".
            Err(op_error!(
                AccessDenied,
                "User: {caller} is not authorized to perform: sts:SetSourceIdentity because the \
                 source identity of a session cannot be changed"
            ))
        }
        (held, sent) => Ok(held.or(sent).map(str::to_owned)),
    }
}

impl Output {
    fn of(issued: IssuedSession) -> Self {
        let session = issued.caller.session.as_ref();
        Self {
            assumed_role_user: AssumedRoleUser::of(&issued),
            packed_policy_size: issued.packed_policy_percent,
            source_identity: session.and_then(|session| session.source_identity.clone()),
            credentials: Credentials::of(issued),
        }
    }
}

impl AssumedRoleUser {
    pub(super) fn of(issued: &IssuedSession) -> Self {
        Self { assumed_role_id: issued.caller.user_id(), arn: issued.caller.arn() }
    }

    pub(super) fn record(&self, to: &mut JsonObject<'_>) {
        to.object("assumedRoleUser", |to| {
            to.text("assumedRoleId", &self.assumed_role_id);
            to.text("arn", &self.arn);
        });
    }
}

/// What the caller's session hands on is in the record as if the request had sent it: its tags and,
/// unless the request says it too, its source identity.
fn record_inherited(cx: &mut Cx, is_unsaid: bool) {
    let session = cx.caller().session.as_ref();
    let incoming = session.map(session::transitive_tags).unwrap_or_default();
    let source_identity = session.and_then(|session| session.source_identity.clone());
    if let Some(source_identity) = source_identity.filter(|_| is_unsaid) {
        cx.note_parameters().text("sourceIdentity", &source_identity);
    }
    if !incoming.is_empty() {
        let tags = incoming.iter().map(|(key, value)| (&**key, &**value));
        cx.note_parameters().text_map("incomingTransitiveTags", tags);
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleArn", &self.role_arn);
        to.text("roleSessionName", &self.role_session_name);
        if let Some(duration) = self.duration_seconds {
            to.integer("durationSeconds", duration.value());
        }
        if let Some(external_id) = &self.external_id {
            to.text("externalId", external_id);
        }
        session::record_policies(to, self.policy.as_deref(), &self.policy_arns);
        session::record_tags(to, &self.tags);
        if !self.transitive_tag_keys.is_empty() {
            to.texts("transitiveTagKeys", self.transitive_tag_keys.iter().map(Text::as_str));
        }
        if let Some(serial_number) = &self.serial_number {
            to.text("serialNumber", serial_number);
        }
        if let Some(source_identity) = &self.source_identity {
            to.text("sourceIdentity", source_identity);
        }
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        self.credentials.record(to);
        self.assumed_role_user.record(to);
        if let Some(percent) = self.packed_policy_size {
            to.integer("packedPolicySize", percent);
        }
        if let Some(source_identity) = &self.source_identity {
            to.text("sourceIdentity", source_identity);
        }
    }
}

#[cfg(test)]
mod tests;
