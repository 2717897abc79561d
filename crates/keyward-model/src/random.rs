//! The source of ids.

/// Random bytes for ids. Key material, nonces and salts never come from here: they come from
/// AWS-LC inside the crypto crate.
pub trait Rng: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// A random (version 4) UUID.
pub fn new_uuid(rng: &dyn Rng) -> uuid::Uuid {
    let mut bytes = [0_u8; 16];
    rng.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
