//! DescribeKey: what there is to know about a key but its material.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation};
use keyward_model::{AliasName, KeyRef};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType};
use crate::key_metadata::KeyMetadata;
use crate::shape::GrantTokens;
use crate::{action, aws_managed_key, grant_tokens};

/// The operation.
pub(crate) enum DescribeKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_metadata: KeyMetadata,
}

impl Operation for DescribeKey {
    const NAME: &'static str = "DescribeKey";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::DESCRIBE_KEY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = match cx.resolve(&input.key_id).await {
            Err(absent) if absent.code == ErrorCode::NotFound => {
                return describe_predefined(cx, &input, absent).await;
            }
            resolved => resolved?,
        };
        grant_tokens::require_valid(&input.grant_tokens)?;
        let key = cx.authorize::<action::DescribeKey>(target).await?;
        Ok(Output { key_metadata: KeyMetadata::of(&key.record, &key.arn) })
    }

    fn reply_bytes_max(_: &Output) -> usize {
        2048
    }
}

/// Describing the predefined alias of a known service makes its AWS managed key appear.
async fn describe_predefined(
    cx: &mut Cx,
    input: &Input<'_>,
    absent: OpError,
) -> Result<Output, OpError> {
    let Some(alias) = own_alias(cx, &input.key_id) else { return Err(absent) };
    let Some(service) = aws_managed_key::service_of(&alias) else { return Err(absent) };
    grant_tokens::require_valid(&input.grant_tokens)?;
    let account = cx.authorize_account::<action::CreateAwsManagedKey>("*").await?;
    let record = aws_managed_key::create(cx, &account, (alias, service)).await?;
    let arn = cx.engine().key_arn(&record.key);
    let key_metadata = KeyMetadata::of(&record, &arn.to_string());
    cx.note_new_key(arn);
    Ok(Output { key_metadata })
}

/// The alias of the caller's account and Region that the request names.
fn own_alias(cx: &Cx, named: &str) -> Option<AliasName> {
    match named.parse().ok()? {
        KeyRef::Alias(name) => Some(name),
        KeyRef::AliasArn(arn) => {
            let scope = cx.scope();
            (arn.account == scope.account && arn.region == scope.region).then_some(arn.name)
        }
        KeyRef::Arn(_) | KeyRef::Id(_) => None,
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
