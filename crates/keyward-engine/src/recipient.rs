//! `Recipient`: for whom alone a reply is, once an attestation document has shown who that is.

use std::sync::Arc;
use std::time::Duration;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use keyward_attestation::{Attestation, Kind, TrustRoots};
use keyward_audit::JsonObject;
use keyward_crypto::Plaintext;
use keyward_policy::{ConditionKey, ContextValue, KeyFamily};

use crate::condition::{Conditions, Visit};
use crate::workers::Lane;
use crate::{Cx, ErrorCode, OpError};

/// Which attestation documents are believed.
#[derive(Clone, Debug)]
pub struct AttestationRules {
    /// Whom they lead back to.
    pub roots: TrustRoots,
    /// How old they may be.
    pub age_max: Duration,
}

impl Default for AttestationRules {
    /// Those of AWS's own hardware. How long KMS takes them is not published.
    fn default() -> Self {
        Self { roots: TrustRoots::aws(), age_max: Duration::from_mins(5) }
    }
}

/// Who alone may read a reply. Only [`Cx::attested`] makes one.
#[derive(Clone, Debug)]
pub struct Recipient(Arc<Attestation>);

impl Recipient {
    /// `CiphertextForRecipient`.
    pub fn envelope(&self, plaintext: &Plaintext) -> Result<Vec<u8>, OpError> {
        keyward_crypto::enveloped_for(&self.0.public_key, plaintext).map_err(OpError::internal)
    }

    /// What the audit record tells of the document.
    pub(crate) fn record(&self, to: &mut JsonObject<'_>) {
        to.text("attestationDocumentModuleId", &self.0.module_id);
        for (index, name) in recorded_registers(self.0.kind) {
            if let Some(value) = self.0.pcrs.get(index) {
                to.display(name, Base64Display::new(value, &STANDARD));
            }
        }
    }
}

impl Cx {
    /// Believes an attestation document, or refuses it in one sentence: the reason is for the log.
    ///
    /// The time is the machine's, as the document's certificates and their attester have it. The
    /// signatures take a worker about as long as one of an RSA key.
    pub async fn attested(&mut self, document: Vec<u8>) -> Result<Recipient, OpError> {
        let now = self.engine().machine_clock().now();
        let rules = Arc::clone(self.engine().attestation());
        let verify =
            move || keyward_attestation::verify(&document, &rules.roots, now, rules.age_max);
        let verified = self.engine().workers().run(Lane::PrivateKey, verify).await?;
        let attestation = verified.map_err(|reason| {
            OpError::new(ErrorCode::Validation, "The attestation document is not valid.")
                .because(reason)
        })?;
        let recipient = Recipient(Arc::new(attestation));
        self.notes.recipient = Some(recipient.clone());
        Ok(recipient)
    }
}

impl Conditions for Option<&Recipient> {
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        let (Some(recipient), ConditionKey::Family(KeyFamily::KmsRecipientAttestation, name)) =
            (self, key)
        else {
            return false;
        };
        let value = register(recipient.0.kind, name).and_then(|at| recipient.0.pcrs.get(&at));
        value.is_some_and(|value| {
            visit(ContextValue::Text(&hex::encode(value)));
            true
        })
    }
}

/// The register that a condition key names.
fn register(kind: Kind, name: &str) -> Option<u8> {
    let name = name.to_ascii_uppercase();
    let number = match kind {
        Kind::Enclave if name == "IMAGESHA384" => return Some(0),
        Kind::Enclave => name.strip_prefix("PCR")?,
        Kind::NitroTpm => name.strip_prefix("NITROTPMPCR")?,
    };
    // One spelling each: no leading zeros, no sign.
    let register: u8 = number.parse().ok()?;
    (register.to_string() == number).then_some(register)
}

/// The registers that the audit record shows, each under its name there.
const fn recorded_registers(kind: Kind) -> &'static [(u8, &'static str)] {
    match kind {
        Kind::Enclave => &[
            (0, "attestationDocumentEnclaveImageDigest"),
            (1, "attestationDocumentEnclavePCR1"),
            (2, "attestationDocumentEnclavePCR2"),
            (3, "attestationDocumentEnclavePCR3"),
            (4, "attestationDocumentEnclavePCR4"),
            (8, "attestationDocumentEnclavePCR8"),
        ],
        Kind::NitroTpm => &[
            (4, "attestationDocumentNitroTPMPCR4"),
            (7, "attestationDocumentNitroTPMPCR7"),
            (8, "attestationDocumentNitroTPMPCR8"),
            (9, "attestationDocumentNitroTPMPCR9"),
            (16, "attestationDocumentNitroTPMPCR16"),
            (23, "attestationDocumentNitroTPMPCR23"),
        ],
    }
}
