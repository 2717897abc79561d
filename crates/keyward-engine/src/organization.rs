//! The organization that the accounts of a deployment belong to, if the operator has configured one.
//!
//! Its policies limit what the policies of accounts allow; they allow nothing by themselves.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html>

use std::collections::HashMap;
use std::sync::Arc;

use keyward_model::AccountId;
use keyward_policy::{Policy, parse};

/// An organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// `aws:PrincipalOrgID`: `o-` and 10 to 32 lower-case letters and digits.
    pub id: String,
    /// Its accounts.
    pub members: HashMap<AccountId, Member>,
}

/// An account of an organization.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// `aws:PrincipalOrgPaths`: `o-…/r-…/ou-…/`.
    pub path: String,
    /// Service control policies, level by level from the root: each level must allow.
    pub service_control: Vec<Vec<Arc<Policy>>>,
    /// Resource control policies, likewise.
    pub resource_control: Vec<Vec<Arc<Policy>>>,
}

/// A document that is no policy of an organization.
#[derive(Debug, thiserror::Error)]
#[error("the policy cannot be read: {0}")]
pub struct BadControlPolicy(String);

impl Organization {
    /// A service or resource control policy, ready to decide.
    pub fn policy(document: &str) -> Result<Arc<Policy>, BadControlPolicy> {
        let document = parse(document).map_err(|error| BadControlPolicy(error.to_string()))?;
        Ok(Arc::new(Policy::compile_unbound(&document)))
    }
}
