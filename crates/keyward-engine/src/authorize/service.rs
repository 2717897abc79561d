//! What registered services may ask for at all, whatever policies say: they use keys and make grants
//! for their work, but administer no key of a customer's, and know nothing of IAM.

use keyward_model::{Caller, Principal};

use super::{Access, Asked};

/// Actions on no key, and on grants, that services have a use for.
const USED: &[&str] = &[
    "kms:GenerateRandom",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeys",
    "kms:ListRetirableGrants",
    "kms:RetireGrant",
    "kms:RevokeGrant",
];

/// Whether the caller is a service, and the action none of those it may have.
pub(super) fn is_beyond_services(caller: &Caller, asked: Asked<'_>) -> bool {
    let is_itself = matches!(caller.principal, Principal::Service(_));
    if !is_itself && caller.invoked_by.is_none() {
        return false;
    }
    // The root user of an account that belongs to a service owns what is in it.
    if matches!(caller.principal, Principal::Root) {
        return !asked.name.starts_with("kms:");
    }
    !matches!(asked.access, Access::Granted(_)) && !USED.contains(&asked.name)
}
