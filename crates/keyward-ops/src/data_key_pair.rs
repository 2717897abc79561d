//! What GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext share.

use keyward_crypto::DataKeyPair;
use keyward_engine::{Action, Authorized, Cx, Key, OpError, Sealed, op_error, reach};
use keyward_model::{EncryptionAlgorithm, EncryptionContext, KeySpec};
use keyward_shape::OneOf;

use crate::constraints::DataKeyPairSpec;
use crate::key_use::require_key_for;
use crate::rotation::require_no_key_store;

/// `KeyPairSpec`.
pub(crate) type KeyPairSpec = OneOf<KeySpec, DataKeyPairSpec>;

/// Refuses a spec of which no pairs are made here.
pub(crate) fn require_offered(cx: &Cx, spec: KeySpec) -> Result<(), OpError> {
    if cx.engine().offers(spec) {
        return Ok(());
    }
    // WIRE: the text is our own. Evidence: docs/WIRE.md, "Data key pairs".
    Err(op_error!(UnsupportedOperation, "KeyPairSpec {spec} is not supported in this Region."))
}

/// Refuses unless the key, in its state, seals private keys.
pub(crate) fn require_wrapping_key(key: &Key, operation: &str) -> Result<(), OpError> {
    // Whatever state the key is in.
    require_no_key_store(key)?;
    require_key_for(key, EncryptionAlgorithm::SymmetricDefault, operation)
}

/// Makes a pair and seals its private key.
///
/// A dry run ends before: nothing that follows depends on the request, and an RSA pair costs as much
/// time as thousands of other requests.
pub(crate) async fn sealed_pair<A: Action<Reach = reach::Seal>>(
    cx: &mut Cx,
    key: &Authorized<A>,
    spec: KeySpec,
    context: &EncryptionContext<'_>,
    dry_run: Option<bool>,
) -> Result<(DataKeyPair, Sealed), OpError> {
    cx.note_material("keyMaterialId", key.record.current_material);
    cx.end_dry_run(dry_run)?;
    let pair = cx.data_key_pair(key, spec).await?;
    let sealed = cx.seal(key, &pair.private_key, context)?;
    Ok((pair, sealed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spec_of_a_pair_is_known_and_of_a_pair() {
        assert_eq!(KeyPairSpec::unread(), Vec::<&str>::new());
        let pairs = KeySpec::ALL.iter().filter(|spec| spec.is_for_data_key_pairs()).count();
        assert_eq!(pairs, 12);
    }
}
