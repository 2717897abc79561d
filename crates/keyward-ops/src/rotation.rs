//! Which keys rotate, and how they are refused that do not.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>

use keyward_engine::{ErrorCode, Key, OpError, op_error};
use keyward_model::{KeySpec, MultiRegionKeyType, Origin};

/// Refuses keys that do not rotate by date at their owner's will.
pub(crate) fn require_automatic(key: &Key) -> Result<(), OpError> {
    require_symmetric(key)?;
    require_origin(key, &[Origin::AwsKms])?;
    require_not_replica(key)
}

/// Refuses keys that do not rotate on demand.
pub(crate) fn require_on_demand(key: &Key) -> Result<(), OpError> {
    require_rotating(key)?;
    require_not_replica(key)
}

/// Refuses keys that have one material for ever.
pub(crate) fn require_rotating(key: &Key) -> Result<(), OpError> {
    require_symmetric(key)?;
    require_origin(key, &[Origin::AwsKms, Origin::External])
}

/// Refuses keys in custom key stores: what they seal with is not here.
pub(crate) fn require_no_key_store(key: &Key) -> Result<(), OpError> {
    require_origin(key, &[Origin::AwsKms, Origin::External])
}

fn require_symmetric(key: &Key) -> Result<(), OpError> {
    // WIRE: without a text. Evidence: docs/WIRE.md, "Keys that do not rotate".
    match key.record.spec {
        KeySpec::SymmetricDefault => Ok(()),
        _ => Err(OpError::silent(ErrorCode::UnsupportedOperation)),
    }
}

fn require_origin(key: &Key, taken: &[Origin]) -> Result<(), OpError> {
    let (arn, origin) = (&key.arn, key.record.origin);
    if taken.contains(&origin) {
        return Ok(());
    }
    Err(op_error!(
        UnsupportedOperation,
        "{arn} origin is {origin} which is not valid for this operation."
    ))
}

/// Replicas follow their primary key.
fn require_not_replica(key: &Key) -> Result<(), OpError> {
    // WIRE: the text is our own. Evidence: docs/WIRE.md, "Keys that do not rotate".
    match key.multi_region_role() {
        Some(MultiRegionKeyType::Replica) => {
            Err(op_error!(UnsupportedOperation, "{} is not a multi-Region primary key.", key.arn))
        }
        _ => Ok(()),
    }
}
