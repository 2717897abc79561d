//! What makes a named grant be found again by the same request.

use keyward_crypto::sha256;
use keyward_model::GrantOperation;
use keyward_store::{GrantConstraints, GrantFingerprint, GrantRecord};

const LABEL: &[u8] = b"keyward/grant-fingerprint/v1";

/// SHA-256 over the issuing account and every parameter of the request, each behind a byte that
/// says whether it is there and its length. Operations and pairs are sorted: their order means
/// nothing. The key is left out, since a fingerprint is unique within its key.
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
    // Whoever is given the name of somebody deleted is another grantee. Grants from before there
    // were users have no ids and the form of that time.
    for id in [grant.grantee_id, grant.retiring_id].into_iter().flatten() {
        form.text(Some(&id.to_string()));
    }
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

#[cfg(test)]
mod tests {
    use keyward_model::{GrantId, Timestamp};
    use keyward_store::Scope;

    use super::*;

    /// Computed outside this program from the description above.
    #[test]
    fn a_fingerprint_never_changes() {
        let account = "111122223333".parse().unwrap();
        let scope = Scope { account, region: "us-east-1".parse().unwrap() };
        let text = |text: &str| Some(text.to_owned());
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let grant = GrantRecord {
            key: scope.key("1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap()),
            grant_id: GrantId::new([1; 32]),
            name: text("reader"),
            grantee_principal: text("arn:aws:iam::111122223333:user/alice"),
            grantee_service_principal: None,
            retiring_principal: None,
            retiring_service_principal: text("s3.amazonaws.com"),
            issuing_account: account,
            operations: vec![GrantOperation::Encrypt, GrantOperation::Decrypt],
            constraints: GrantConstraints {
                encryption_context_equals: None,
                encryption_context_subset: Some(vec![pair("b", "2"), pair("a", "1")]),
                source_arn: text("arn:aws:s3:us-east-1:111122223333:bucket"),
            },
            fingerprint: None,
            created_at: Timestamp::from_unix_ms(0),
            grantee_id: None,
            retiring_id: None,
            created_by_service: None,
        };
        let expected = "d34e412b7aefdf559349f79b4aeec8afe25de9d2a66249769dc6f33b2c1308ce";
        // A grant id shows its bytes in hex.
        let shown = GrantId::new(fingerprint(&grant, "reader")).to_string();
        assert_eq!(shown, expected);
    }
}
