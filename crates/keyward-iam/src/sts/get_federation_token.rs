//! GetFederationToken: credentials for somebody whom the caller knows, with a part of its
//! permissions.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, NewSession, OpError, Operation};
use keyward_model::Principal;
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use super::action::{GetFederationToken as MayGetFederationToken, SessionRequest, TagSession};
use super::constraints::{
    self, DurationSecondsType, MinimumSessionTokenSizeType, SessionPolicyDocumentType, UserNameType,
};
use super::credentials::Credentials;
use super::get_session_token::{duration_s, parent};
use super::session::{self, PolicyArns, Tags};
use crate::session_limits::require_long_term;

/// The operation.
pub(crate) enum GetFederationToken {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    name: Text<'a, UserNameType>,
    #[serde(borrow)]
    policy: Option<Text<'a, SessionPolicyDocumentType>>,
    #[serde(borrow, default)]
    policy_arns: PolicyArns<'a>,
    duration_seconds: Option<Int<DurationSecondsType>>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
    #[serde(rename = "MinimumSessionTokenSize")]
    _minimum_session_token_size: Option<Int<MinimumSessionTokenSizeType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    credentials: Credentials,
    federated_user: FederatedUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FederatedUser {
    federated_user_id: String,
    arn: String,
}

impl Operation for GetFederationToken {
    const NAME: &'static str = "GetFederationToken";
    const KIND: Kind = Kind::Read;
    const SHOWS_REPLY: bool = true;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_FEDERATION_TOKEN;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        require_long_term(cx, Self::NAME)?;
        let mut session = session::beginning(cx, duration_s(cx, input.duration_seconds));
        session.tags = session::sound_tags(&input.tags)?;
        let (partition, account) = (cx.caller().partition, cx.caller().account);
        let arn = format!("arn:{partition}:sts::{account}:federated-user/{}", &*input.name);
        let request = SessionRequest { tags: &session.tags, ..SessionRequest::default() };
        cx.authorize_account(&arn, MayGetFederationToken(&request)).await?;
        if !session.tags.is_empty() {
            cx.authorize_account(&arn, TagSession(&request)).await?;
        }
        let policies = (input.policy.as_deref(), &input.policy_arns);
        session::put_policies(cx, (account, &mut session), policies).await?;
        let user = match &cx.caller().principal {
            Principal::User(user) => Some(user.clone()),
            _ => None,
        };
        let principal = Principal::FederatedUser { name: input.name.to_string(), user };
        let new = NewSession { account, principal, session, parent: parent(cx) };
        let issued = cx.engine().issue_session(new)?;
        let (federated_user_id, arn) = (issued.caller.user_id(), issued.caller.arn());
        Ok(Output {
            federated_user: FederatedUser { federated_user_id, arn },
            packed_policy_size: issued.packed_policy_percent,
            credentials: Credentials::of(issued),
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        output.credentials.reply_bytes_max()
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("name", &self.name);
        if let Some(duration) = self.duration_seconds {
            to.integer("durationSeconds", duration.value());
        }
        session::record_policies(to, self.policy.as_deref(), &self.policy_arns);
        session::record_tags(to, &self.tags);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        self.credentials.record(to);
        to.object("federatedUser", |to| {
            to.text("federatedUserId", &self.federated_user.federated_user_id);
            to.text("arn", &self.federated_user.arn);
        });
        if let Some(percent) = self.packed_policy_size {
            to.integer("packedPolicySize", percent);
        }
    }
}

#[cfg(test)]
mod tests;
