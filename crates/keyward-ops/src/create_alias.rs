//! CreateAlias: gives a key a friendly name.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::KeyRef;
use keyward_shape::Text;
use keyward_store::{AliasRecord, Precondition, Write};
use serde::Deserialize;

use crate::constraints::{self, AliasNameType, KeyIdType};
use crate::shape::KeyChanged;
use crate::{action, alias_name};

/// The operation.
pub(crate) enum CreateAlias {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    alias_name: Text<'a, AliasNameType>,
    #[serde(borrow)]
    target_key_id: Text<'a, KeyIdType>,
}

impl Operation for CreateAlias {
    const NAME: &'static str = "CreateAlias";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_ALIAS;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let name = alias_name::parse(&input.alias_name)?;
        if name.reserved_for().is_some() {
            return Err(op_error!(
                InvalidAliasName,
                "Alias names that begin with alias/aws/ are reserved."
            ));
        }
        require_key(&input.target_key_id)?;
        let target = cx.resolve_key(&input.target_key_id).await?;
        let arn = cx.alias_arn(name.clone());
        cx.authorize_account::<action::CreateAlias>(&arn.to_string()).await?;
        let key = cx.authorize::<action::CreateAlias>(target).await?;
        cx.note_alias(arn.clone());
        let alias = cx.scope().alias(name);
        if cx.engine().store().aliases().find(&alias).await.map_err(OpError::internal)?.is_some() {
            return Err(op_error!(AlreadyExists, "An alias with the name {arn} already exists"));
        }
        key.require_not_pending_deletion()?;
        let quota = cx.engine().quotas().aliases_per_key;
        cx.require(Precondition::AliasAbsent(alias.clone()));
        cx.require(Precondition::AliasesBelow(key.record.key.clone(), quota));
        let (target, now) = (key.record.key.key_id, cx.now());
        let record = AliasRecord { alias, target, created_at: now, updated_at: now };
        cx.stage(&key, [Write::PutAlias(record)]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

/// Refuses an alias where a key must stand.
pub(crate) fn require_key(named: &str) -> Result<(), OpError> {
    if named.parse().is_ok_and(|named: KeyRef| named.is_alias()) || named.starts_with("alias/") {
        return Err(op_error!(Validation, "Aliases must refer to keys. Not aliases"));
    }
    Ok(())
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aliasName", &self.alias_name);
        to.text("targetKeyId", &self.target_key_id);
    }
}
