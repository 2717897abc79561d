//! RevokeGrant: ends a grant, by those who administer the key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, grant_not_found};
use keyward_shape::Text;
use keyward_store::{Precondition, Write};
use serde::Deserialize;

use crate::constraints::{self, GrantIdType, KeyIdType};
use crate::shape::{KeyChanged, record_dry_run};
use crate::{action, grant_id};

/// The operation.
pub(crate) enum RevokeGrant {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    grant_id: Text<'a, GrantIdType>,
    dry_run: Option<bool>,
}

impl Operation for RevokeGrant {
    const NAME: &'static str = "RevokeGrant";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::REVOKE_GRANT;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let grant_id = grant_id::parse(&input.grant_id)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::RevokeGrant).await?;
        let of = &key.record.key;
        let found = cx.engine().store().grants().find(of, &grant_id).await;
        if found.map_err(OpError::internal)?.is_none() {
            return Err(grant_not_found(&grant_id));
        }
        cx.end_dry_run(input.dry_run)?;
        // Of a retirement and a revocation that meet, one ends the grant and the other finds none.
        cx.require(Precondition::GrantPresent(of.clone(), grant_id));
        cx.stage(&key, [Write::DeleteGrant(of.clone(), grant_id)]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("grantId", &self.grant_id);
        record_dry_run(to, self.dry_run);
    }
}

#[cfg(test)]
mod tests;
