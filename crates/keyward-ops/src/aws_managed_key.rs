//! AWS managed keys: one for each known service, born when its predefined alias is first described.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk>

use std::collections::BTreeMap;

use keyward_engine::{Account, Authorized, Cx, OpError};
use keyward_model::{AliasName, KeyId, KeyManager, KeySpec, KeyState, KeyUsage, Origin};
use keyward_policy::{AwsManagedService, find_aws_managed_service};
use keyward_store::{AliasRecord, KeyRecord, PolicyRecord, Precondition, Rotation, Write};

use crate::action;

/// The service whose predefined alias this is.
pub(crate) fn service_of(alias: &AliasName) -> Option<&'static AwsManagedService> {
    alias.reserved_for().and_then(find_aws_managed_service)
}

/// Stages the service's key in the caller's account, with its alias and its policy.
pub(crate) async fn create(
    cx: &mut Cx,
    account: &Authorized<action::CreateAwsManagedKey, Account>,
    (alias, service): (AliasName, &AwsManagedService),
) -> Result<KeyRecord, OpError> {
    let key = cx.scope().key(KeyId::single_region(cx.engine().rng()));
    let material = cx.new_material(account, &key, KeySpec::SymmetricDefault).await?;
    let record = KeyRecord {
        key: key.clone(),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        origin: Origin::AwsKms,
        manager: KeyManager::Aws,
        state: KeyState::Enabled,
        multi_region: None,
        description: service.description.to_owned(),
        created_at: cx.now(),
        deletion_date: None,
        pending_window_days: None,
        current_material: Some(material.material_id),
        rotation: Rotation::of_aws_managed_key(cx.now()),
        settles_at: None,
    };
    let (partition, scope) = (cx.engine().partition().as_str(), cx.scope());
    let document = service.key_policy(partition, scope.account.as_str(), scope.region.as_str());
    let alias = AliasRecord {
        alias: scope.alias(alias),
        target: key.key_id,
        created_at: cx.now(),
        updated_at: cx.now(),
    };
    // Two callers who describe the alias at once get one key.
    cx.require(Precondition::AliasAbsent(alias.alias.clone()));
    cx.stage_in_account(
        account,
        [
            Write::PutKey(Box::new(record.clone())),
            Write::PutMaterial(material),
            Write::PutPolicy(PolicyRecord { key, document, bindings: BTreeMap::new() }),
            Write::PutAlias(alias),
        ],
    );
    Ok(record)
}
