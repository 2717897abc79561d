//! GetSessionToken: temporary credentials of the caller itself. Needs no permission.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, NewSession, OpError, Operation};
use keyward_model::{AccessKeyId, Principal};
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use super::constraints::{
    self, DurationSecondsType, MinimumSessionTokenSizeType, SerialNumberType, TokenCodeType,
};
use super::credentials::Credentials;
use super::session;
use crate::session_limits::require_long_term;

const DURATION_DEFAULT_S: i32 = 43_200;
const DURATION_OF_ROOT_S_MAX: i32 = 3600;

/// The operation.
pub(crate) enum GetSessionToken {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    duration_seconds: Option<Int<DurationSecondsType>>,
    #[serde(borrow)]
    serial_number: Option<Text<'a, SerialNumberType>>,
    #[serde(borrow)]
    token_code: Option<Text<'a, TokenCodeType>>,
    #[serde(rename = "MinimumSessionTokenSize")]
    _minimum_session_token_size: Option<Int<MinimumSessionTokenSizeType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    credentials: Credentials,
}

impl Operation for GetSessionToken {
    const NAME: &'static str = "GetSessionToken";
    const KIND: Kind = Kind::Read;
    const SHOWS_REPLY: bool = true;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_SESSION_TOKEN;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        require_long_term(cx, Self::NAME)?;
        let mfa = cx.verify_mfa(input.serial_number.as_deref(), input.token_code.as_deref());
        let mfa_authenticated_at = mfa.await?;
        let mut session = session::beginning(cx, duration_s(cx, input.duration_seconds));
        session.mfa_authenticated_at = mfa_authenticated_at;
        let caller = cx.caller();
        let (account, principal) = (caller.account, caller.principal.clone());
        let new = NewSession { account, principal, session, parent: parent(cx) };
        let issued = cx.engine().issue_session(new)?;
        Ok(Output { credentials: Credentials::of(issued) })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        output.credentials.reply_bytes_max()
    }
}

/// How long the session is to last. A longer one of the root user ends after an hour.
pub(super) fn duration_s(cx: &Cx, sent: Option<Int<DurationSecondsType>>) -> i32 {
    let asked = sent.map_or(DURATION_DEFAULT_S, |sent| sent.value());
    let is_root = cx.caller().principal == Principal::Root;
    if is_root { asked.min(DURATION_OF_ROOT_S_MAX) } else { asked }
}

/// The access key that the session ends with: a root user's, which an operator may replace.
pub(super) fn parent(cx: &Cx) -> Option<AccessKeyId> {
    let is_root = cx.caller().principal == Principal::Root;
    is_root.then(|| cx.caller().access_key_id.clone())
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(duration) = self.duration_seconds {
            to.integer("durationSeconds", duration.value());
        }
        if let Some(serial_number) = &self.serial_number {
            to.text("serialNumber", serial_number);
        }
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        self.credentials.record(to);
    }
}

#[cfg(test)]
mod tests;
