//! The id of one version of a symmetric key's material.

use aws_lc_rs::hmac;
use keyward_model::KeyMaterialId;
use zeroize::Zeroizing;

use crate::canonical::push_prefixed;
use crate::error::SealError;
use crate::secret::KeyMaterial;

/// The same in every deployment and Region, so that the replicas of a multi-Region key agree on
/// the id and a material imported again is recognised. It only separates this use of HMAC.
const SERVICE_KEY: &[u8] = b"keyward key material id";
const LABEL: &[u8] = b"keyward/kmid/v1";

/// The id of `material` in the key `key_id` (the bare id, not its ARN).
///
/// It is `HMAC-SHA-256(constant, label ‖ u32be(len) ‖ key id ‖ material)` over the bare key id.
/// The HMAC key is public, so the id is a hash of the material. That reveals nothing about 256
/// uniformly random bits: finding them takes 2²⁵⁵ trials, and because the key id goes in, equal
/// material in two keys has unrelated ids. Somebody who imports material that can be guessed
/// gives an observer a test for guesses, as any ciphertext under that material would.
pub(crate) fn compute(key_id: &[u8], material: &KeyMaterial) -> Result<KeyMaterialId, SealError> {
    let len = LABEL.len() + 4 + key_id.len() + material.len();
    let mut input = Zeroizing::new(Vec::with_capacity(len));
    input.extend_from_slice(LABEL);
    push_prefixed(&mut input, key_id)?;
    input.extend_from_slice(material.expose());

    let key = hmac::Key::new(hmac::HMAC_SHA256, SERVICE_KEY);
    let mut id = [0; KeyMaterialId::BYTES];
    hmac::sign_to_buffer(&key, &input, &mut id).map_err(|_| crate::ModuleFailure)?;
    Ok(KeyMaterialId::new(id))
}

impl KeyMaterial {
    /// The id of this material in the key `key_id` (the bare id, not its ARN).
    pub fn id_in(&self, key_id: &[u8]) -> Result<KeyMaterialId, SealError> {
        compute(key_id, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key_id: &[u8], material: &[u8]) -> KeyMaterialId {
        compute(key_id, &KeyMaterial::new(material.to_vec())).unwrap()
    }

    #[test]
    fn an_id_depends_on_key_and_material_and_nothing_else() {
        let first = id(b"key-1", &[1; 32]);
        assert_eq!(first, id(b"key-1", &[1; 32]));
        assert_ne!(first, id(b"key-2", &[1; 32]));
        assert_ne!(first, id(b"key-1", &[2; 32]));
        assert_ne!(id(b"ab", b"c"), id(b"a", b"bc"));
    }

    /// Computed outside this program with another HMAC.
    #[test]
    fn an_id_never_changes() {
        assert_eq!(
            id(b"1234abcd-12ab-34cd-56ef-1234567890ab", &[0x42; 32]).to_string(),
            "c07a79ef85b9678c6de07f2f0d8f26d3d5123dde6950354dfb900ffd8737fc8b"
        );
    }
}
