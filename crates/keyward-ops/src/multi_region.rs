//! Rules of multi-Region keys that several operations follow.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>

use keyward_engine::{Engine, Key, OpError, op_error};
use keyward_model::{MultiRegionKeyType, MultiRegionSet, Region};
use keyward_store::{KeyRecord, ScopedKey, Write};

/// The set of a primary key; refuses any other key.
///
/// WIRE: the text is our own. Evidence: docs/WIRE.md, "Multi-Region keys".
pub(crate) fn require_primary(key: &Key) -> Result<&MultiRegionSet, OpError> {
    let is_primary = key.multi_region_role() == Some(MultiRegionKeyType::Primary);
    let set = key.record.multi_region.as_ref().filter(|_| is_primary);
    set.ok_or_else(|| {
        op_error!(UnsupportedOperation, "{} is not a multi-Region primary key.", key.arn)
    })
}

/// The Region that `member` names, which must not be the primary key's own; `None` for one that is
/// not served.
pub(crate) fn other_region<'e>(
    engine: &'e Engine,
    set: &MultiRegionSet,
    (member, name): (&str, &str),
) -> Result<Option<&'e Region>, OpError> {
    if name == set.primary.as_str() {
        return Err(op_error!(Validation, "{member} cannot be the Region of the primary key."));
    }
    Ok(engine.region(name))
}

/// The key of the same id in another Region.
pub(crate) fn elsewhere(key: &Key, region: &Region) -> ScopedKey {
    let mut elsewhere = key.record.key.clone();
    elsewhere.scope.region = region.clone();
    elsewhere
}

/// The write that makes a member's row name the members of `set`.
pub(crate) fn with_set(member: KeyRecord, set: &MultiRegionSet) -> Write {
    Write::PutKey(Box::new(KeyRecord { multi_region: Some(set.clone()), ..member }))
}
