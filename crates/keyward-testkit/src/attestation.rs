//! An attester that every service here trusts, and the enclave it speaks for.

use std::sync::OnceLock;

use keyward_attestation::testing::{Attester, Recipient};
use keyward_model::Clock;
use serde_json::{Value, json};

use crate::{MockClock, blob};

/// The attester. Its certificate is good for the first three hours of a test.
pub fn attester() -> &'static Attester {
    static ATTESTER: OnceLock<Attester> = OnceLock::new();
    ATTESTER.get_or_init(|| Attester::new(MockClock::default().now()))
}

/// The enclave.
pub fn enclave() -> &'static Recipient {
    static ENCLAVE: OnceLock<Recipient> = OnceLock::new();
    ENCLAVE.get_or_init(Recipient::generate)
}

/// `Recipient` with this document.
pub fn recipient_info(document: &[u8]) -> Value {
    json!({
        "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        "AttestationDocument": blob(document),
    })
}
