//! Elliptic-curve Diffie-Hellman on the SM2 curve: SP 800-56A's primitive, without a KDF.

use sm2::elliptic_curve::point::AffineCoordinates;
use zeroize::Zeroizing;

use crate::encoding;
use crate::error::InvalidPublicKey;
use crate::key::Sm2Key;

impl Sm2Key {
    /// The x coordinate of the point that both sides compute. `peer` is a SubjectPublicKeyInfo.
    pub fn derive_shared_secret(
        &self,
        peer: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, InvalidPublicKey> {
        let peer = encoding::parse_spki(peer)?;
        // Never the point at infinity: the order is prime, and neither factor is zero.
        let shared = peer.to_projective() * *self.secret.to_nonzero_scalar();
        Ok(Zeroizing::new(shared.to_affine().x().into()))
    }
}
