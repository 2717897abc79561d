//! Which keys an algorithm works with.

use std::fmt::Display;

use keyward_engine::{Key, OpError, op_error};
use keyward_model::{
    EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeySpec, KeyUsage,
    MacAlgorithm, SigningAlgorithm,
};

/// An algorithm of cryptographic operations.
pub(crate) trait Algorithm: Copy + Eq + Display + 'static {
    /// What a key must be for.
    const USAGE: KeyUsage;

    /// The algorithms of keys of this spec and that usage.
    fn of(spec: KeySpec) -> &'static [Self];
}

impl Algorithm for EncapsulationAlgorithm {
    const USAGE: KeyUsage = KeyUsage::EncapsulateDecapsulate;

    fn of(spec: KeySpec) -> &'static [Self] {
        spec.encapsulation_algorithms()
    }
}

impl Algorithm for EncryptionAlgorithm {
    const USAGE: KeyUsage = KeyUsage::EncryptDecrypt;

    fn of(spec: KeySpec) -> &'static [Self] {
        spec.encryption_algorithms()
    }
}

impl Algorithm for KeyAgreementAlgorithm {
    const USAGE: KeyUsage = KeyUsage::KeyAgreement;

    fn of(spec: KeySpec) -> &'static [Self] {
        spec.key_agreement_algorithms()
    }
}

impl Algorithm for MacAlgorithm {
    const USAGE: KeyUsage = KeyUsage::GenerateVerifyMac;

    fn of(spec: KeySpec) -> &'static [Self] {
        spec.mac_algorithms()
    }
}

impl Algorithm for SigningAlgorithm {
    const USAGE: KeyUsage = KeyUsage::SignVerify;

    fn of(spec: KeySpec) -> &'static [Self] {
        spec.signing_algorithms()
    }
}

/// Refuses unless the key, in its state, is for the algorithm.
pub(crate) fn require_key_for<A: Algorithm>(
    key: &Key,
    algorithm: A,
    operation: &str,
) -> Result<(), OpError> {
    // WIRE: a key of the wrong usage that is also disabled is disabled.
    // Evidence: docs/WIRE.md, "State before usage".
    key.require_usable()?;
    key.require_usage(A::USAGE, operation)?;
    let spec = key.record.spec;
    if A::of(spec).contains(&algorithm) {
        return Ok(());
    }
    Err(op_error!(InvalidKeyUsage, "Algorithm {algorithm} is incompatible with key spec {spec}."))
}
