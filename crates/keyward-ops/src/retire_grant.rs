//! RetireGrant: ends a grant, by those whom the grant itself lets.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Authorized, Cx, ErrorCode, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{GrantRecord, Write};
use serde::Deserialize;

use crate::constraints::{self, GrantIdType, GrantTokenType, KeyIdType};
use crate::shape::{KeyChanged, record_dry_run, record_text};
use crate::{action, grant_id, grant_tokens};

/// The operation.
pub(crate) enum RetireGrant {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    grant_token: Option<Text<'a, GrantTokenType>>,
    #[serde(borrow)]
    key_id: Option<Text<'a, KeyIdType>>,
    #[serde(borrow)]
    grant_id: Option<Text<'a, GrantIdType>>,
    dry_run: Option<bool>,
}

impl Operation for RetireGrant {
    const NAME: &'static str = "RetireGrant";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::RETIRE_GRANT;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let grant = match (&input.grant_token, &input.key_id, &input.grant_id) {
            (Some(token), None, None) => authorize_by_token(cx, token).await?,
            (None, Some(key_id), Some(grant_id)) => authorize_by_id(cx, key_id, grant_id).await?,
            // Evidence: docs/WIRE.md, "Retired grants".
            _ => {
                return Err(OpError::new(
                    ErrorCode::Validation,
                    "Specify either a grant token, or a key ID and a grant ID.",
                ));
            }
        };
        let GrantRecord { key, grant_id, .. } = grant.target();
        cx.note_grant(*grant_id);
        cx.end_dry_run(input.dry_run)?;
        cx.stage_on_grant(&grant, [Write::DeleteGrant(key.clone(), *grant_id)]);
        Ok(KeyChanged { key_arn: cx.engine().key_arn(key).to_string() })
    }
}

type Retiring = Authorized<action::RetireGrant, GrantRecord>;

async fn authorize_by_token(cx: &mut Cx, token: &str) -> Result<Retiring, OpError> {
    let grant = grant_tokens::require_grant(cx, token).await?;
    // A Region serves its own keys only.
    if grant.key.scope.region != *cx.region() {
        return Err(grant_tokens::not_valid());
    }
    cx.authorize_on_grant(grant, action::RetireGrant).await
}

async fn authorize_by_id(cx: &mut Cx, key_id: &str, grant_id: &str) -> Result<Retiring, OpError> {
    let grant_id = grant_id::parse(grant_id)?;
    let target = cx.resolve_key(key_id).await?;
    cx.authorize_on_grant_of_key(target, &grant_id, action::RetireGrant).await
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "keyId", self.key_id.as_ref());
        record_text(to, "grantId", self.grant_id.as_ref());
        record_dry_run(to, self.dry_run);
    }
}

#[cfg(test)]
mod tests;
