//! UpdateAlias: points an alias to another key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Key, Kind, OpError, Operation, op_error};
use keyward_model::{AliasArn, KeySpec};
use keyward_shape::Text;
use keyward_store::{AliasRecord, Precondition, Write};
use serde::Deserialize;

use crate::constraints::{self, AliasNameType, KeyIdType};
use crate::create_alias::require_key;
use crate::shape::KeyChanged;
use crate::{action, alias_name};

/// The operation.
pub(crate) enum UpdateAlias {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    alias_name: Text<'a, AliasNameType>,
    #[serde(borrow)]
    target_key_id: Text<'a, KeyIdType>,
}

impl Operation for UpdateAlias {
    const NAME: &'static str = "UpdateAlias";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_ALIAS;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let name = alias_name::parse(&input.alias_name)?;
        require_key(&input.target_key_id)?;
        let alias = cx.scope().alias(name.clone());
        let found = cx.engine().store().aliases().find(&alias).await.map_err(OpError::internal)?;
        let Some(found) = found else { return Err(cx.alias_not_found(name.as_str())) };
        let arn = cx.alias_arn(name);
        let old = cx.resolve(found.record.target.as_str()).await?;
        let new = cx.resolve_key(&input.target_key_id).await?;
        cx.authorize_account::<action::UpdateAlias>(&arn.to_string()).await?;
        let old = cx.authorize::<action::UpdateAlias>(old).await?;
        cx.start_notes();
        let key = cx.authorize::<action::UpdateAlias>(new).await?;
        cx.note_alias(arn.clone());
        require_same_kind(&arn, &old, &key)?;
        key.require_not_pending_deletion()?;
        cx.require(Precondition::AliasAt(alias.clone(), found.change));
        if old.record.key != key.record.key {
            let quota = cx.engine().quotas().aliases_per_key;
            cx.require(Precondition::AliasesBelow(key.record.key.clone(), quota));
        }
        let record = AliasRecord {
            alias,
            target: key.record.key.key_id,
            created_at: found.record.created_at,
            updated_at: cx.now(),
        };
        cx.stage(&key, [Write::PutAlias(record)]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

/// Refuses to move an alias between keys of different type or usage.
fn require_same_kind(alias: &AliasArn, old: &Key, new: &Key) -> Result<(), OpError> {
    let differ = |what: &str, old: &str, new: &str| {
        op_error!(
            Validation,
            "Alias {alias} cannot be changed from a CMK with {what} {old} to a CMK with {what} \
             {new}. The {what} of the current CMK and the new CMK must be the same."
        )
    };
    let types = (key_type(old.record.spec), key_type(new.record.spec));
    if types.0 != types.1 {
        return Err(differ("key type", types.0, types.1));
    }
    let usages = (old.record.usage, new.record.usage);
    if usages.0 != usages.1 {
        return Err(differ("key usage", usages.0.as_str(), usages.1.as_str()));
    }
    Ok(())
}

const fn key_type(spec: KeySpec) -> &'static str {
    match spec {
        KeySpec::SymmetricDefault => "SYMMETRIC",
        KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => "HMAC",
        _ => "ASYMMETRIC",
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aliasName", &self.alias_name);
        to.text("targetKeyId", &self.target_key_id);
    }
}
