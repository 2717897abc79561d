//! What makes a named grant be found again by the same request.

use keyward_crypto::sha256;
use keyward_model::GrantOperation;
use keyward_store::{GrantConstraints, GrantFingerprint, GrantRecord};

const LABEL: &[u8] = b"keyward/grant-fingerprint/v1";

/// SHA-256 over the issuing account and every parameter of the request, each behind a byte that says
/// whether it is there and its length. Operations and pairs are sorted: their order means nothing. The
/// key is left out, since a fingerprint is unique within its key.
///
/// It is stored, so it never changes: what was granted before would not be found again.
pub(super) fn fingerprint(grant: &GrantRecord, name: &str) -> GrantFingerprint {
    let GrantConstraints { encryption_context_equals, encryption_context_subset, source_arn } =
        &grant.constraints;
    let mut form = Form(LABEL.to_vec());
    form.text(Some(grant.issuing_account.as_str()));
    form.text(Some(name));
    form.text(grant.grantee_principal.as_deref());
    form.text(grant.grantee_service_principal.as_deref());
    form.text(grant.retiring_principal.as_deref());
    form.text(grant.retiring_service_principal.as_deref());
    form.bytes(Some(sorted_operations(&grant.operations).as_bytes()));
    form.bytes(encryption_context_equals.as_deref().map(sorted_pairs).as_deref());
    form.bytes(encryption_context_subset.as_deref().map(sorted_pairs).as_deref());
    form.text(source_arn.as_deref());
    sha256(&[&form.0])
}

struct Form(Vec<u8>);

impl Form {
    fn text(&mut self, text: Option<&str>) {
        self.bytes(text.map(str::as_bytes));
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        self.0.push(u8::from(bytes.is_some()));
        if let Some(bytes) = bytes {
            // No request is near 4 GiB; saturating keeps this total.
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            self.0.extend_from_slice(&length.to_be_bytes());
            self.0.extend_from_slice(bytes);
        }
    }
}

fn sorted_operations(operations: &[GrantOperation]) -> String {
    let mut names: Vec<_> = operations.iter().map(|operation| operation.as_str()).collect();
    names.sort_unstable();
    names.join(",")
}

fn sorted_pairs(pairs: &[(String, String)]) -> Vec<u8> {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    GrantConstraints::pairs_to_bytes(&pairs)
}
