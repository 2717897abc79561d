//! Rules of imported key material that several operations follow.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>

use keyward_engine::{Key, OpError, op_error};
use keyward_model::{KeyMaterialId, KeySpec, Origin};

/// Refuses a key whose material does not come from outside.
pub(crate) fn require_imported(key: &Key) -> Result<(), OpError> {
    let (arn, origin) = (&key.arn, key.record.origin);
    if origin == Origin::External {
        return Ok(());
    }
    Err(op_error!(
        UnsupportedOperation,
        "{arn} origin is {origin} which is not valid for this operation."
    ))
}

/// Refuses a parameter that speaks of versions of material, of which only a symmetric key has more
/// than one.
///
/// WIRE: the text is our own. Evidence: docs/WIRE.md, "Imported key material".
pub(crate) fn require_symmetric(key: &Key, parameter: &str) -> Result<(), OpError> {
    if is_symmetric(key) {
        return Ok(());
    }
    let spec = key.record.spec;
    Err(op_error!(UnsupportedOperation, "{parameter} is not supported for key spec {spec}."))
}

/// The id of material as replies show it: only a symmetric key's has one.
pub(crate) fn shown(key: &Key, id: KeyMaterialId) -> Option<KeyMaterialId> {
    is_symmetric(key).then_some(id)
}

fn is_symmetric(key: &Key) -> bool {
    key.record.spec == KeySpec::SymmetricDefault
}
