//! DeleteAlias: takes a friendly name from a key. The key stays as it is.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{Precondition, Write};
use serde::Deserialize;

use crate::constraints::{self, AliasNameType};
use crate::shape::KeyChanged;
use crate::{action, alias_name};

/// The operation.
pub(crate) enum DeleteAlias {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    alias_name: Text<'a, AliasNameType>,
}

impl Operation for DeleteAlias {
    const NAME: &'static str = "DeleteAlias";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_ALIAS;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let name = alias_name::parse(&input.alias_name)?;
        let alias = cx.scope().alias(name.clone());
        let found = cx.engine().store().aliases().find(&alias).await.map_err(OpError::internal)?;
        let Some(found) = found else { return Err(cx.alias_not_found(name.as_str())) };
        let arn = cx.alias_arn(name);
        let target = cx.resolve(found.record.target.as_str()).await?;
        cx.authorize_account::<action::DeleteAlias>(&arn.to_string()).await?;
        let key = cx.authorize::<action::DeleteAlias>(target).await?;
        cx.note_alias(arn);
        cx.require(Precondition::AliasAt(alias.clone(), found.change));
        cx.stage(&key, [Write::DeleteAlias(alias)]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aliasName", &self.alias_name);
    }
}
