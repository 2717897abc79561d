//! The operations offered, held against the API models.

use keyward_iam::{IAM_OPERATIONS, STS_OPERATIONS, iam, sts};

/// The operations of IAM that are to be offered and are not yet.
const IAM_NOT_OFFERED: &[&str] = &[];

/// The same of STS.
const STS_NOT_OFFERED: &[&str] = &[];

#[test]
fn every_operation_of_the_models_is_offered_or_listed_as_not() {
    for (offered, not, model) in [
        (IAM_OPERATIONS, IAM_NOT_OFFERED, iam::constraints::OPERATIONS),
        (STS_OPERATIONS, STS_NOT_OFFERED, sts::constraints::OPERATIONS),
    ] {
        let mut named: Vec<_> = offered.iter().map(|entry| entry.name).collect();
        named.extend(not);
        named.sort_unstable();
        let model: Vec<_> = model.iter().map(|operation| operation.name).collect();
        assert_eq!(named, model);
    }
}
