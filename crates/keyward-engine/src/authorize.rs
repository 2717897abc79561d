//! Authorization: the only place that makes an [`Authorized`].
//!
//! Until policies decide, the account's root user may do everything to the account's own keys, but
//! nothing to an AWS managed key beyond looking at it; nobody else exists.

use std::marker::PhantomData;
use std::sync::Arc;

use keyward_model::KeyManager;

use crate::resolve::Found;
use crate::{Cx, Key, OpError, Target, op_error};

/// What an action lets its holder do with the target. Each is a type, so that a method of [`Cx`]
/// can demand the right one.
pub mod reach {
    /// Derive secrets shared with others from the target's material.
    #[derive(Debug)]
    pub enum Agree {}
    /// Change the target.
    #[derive(Debug)]
    pub enum Change {}
    /// Recover shared secrets with the target's material.
    #[derive(Debug)]
    pub enum Decapsulate {}
    /// Make shared secrets with the target's material.
    #[derive(Debug)]
    pub enum Encapsulate {}
    /// Look at the target.
    #[derive(Debug)]
    pub enum Look {}
    /// Compute and compare codes with the target's material.
    #[derive(Debug)]
    pub enum Mac {}
    /// Open ciphertexts with the target's material.
    #[derive(Debug)]
    pub enum Open {}
    /// Draw random bytes.
    #[derive(Debug)]
    pub enum Random {}
    /// Seal plaintexts with the target's material.
    #[derive(Debug)]
    pub enum Seal {}
    /// Sign with the target's material.
    #[derive(Debug)]
    pub enum Sign {}
    /// Verify signatures with the target's material.
    #[derive(Debug)]
    pub enum Verify {}
}

/// A permission, such as `kms:Encrypt`.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
pub trait Action {
    /// The name with its service prefix.
    const NAME: &'static str;
    /// What it lets its holder do.
    type Reach;
}

/// A whole account, as the target of actions that concern no single key.
#[derive(Debug)]
pub struct Account;

/// Proof that the caller may do `A` to this target. Only [`Cx`] can make one.
///
/// Deliberately absent: `Clone` and `Default`. A proof is for one request.
#[derive(Debug)]
pub struct Authorized<A, T = Arc<Key>> {
    target: T,
    action: PhantomData<A>,
}

impl<A, T> Authorized<A, T> {
    /// What the proof is about.
    pub const fn target(&self) -> &T {
        &self.target
    }
}

impl<A: Action> Authorized<A> {
    /// The proof for another member of the key's multi-Region set.
    ///
    /// Until policies decide, whoever may do it here may do it there: both keys are of one account.
    pub(crate) const fn of_member(_key: &Self, member: Arc<Key>) -> Self {
        Self { target: member, action: PhantomData }
    }
}

impl<A> std::ops::Deref for Authorized<A, Arc<Key>> {
    type Target = Key;

    fn deref(&self) -> &Key {
        &self.target
    }
}

impl Cx {
    /// Decides whether the caller may do `A` to the key it named.
    #[expect(
        clippy::unused_async,
        reason = "policies and grants are looked up here once they decide"
    )]
    pub async fn authorize<A: Action>(&mut self, target: Target) -> Result<Authorized<A>, OpError> {
        let key = match target {
            Target::Own(found) | Target::OfCiphertext(Some(found)) => {
                self.authorize_own::<A>(found)?
            }
            Target::Foreign(arn) => {
                // The client said it itself, so the record reveals nothing.
                if let Some(arn) = arn {
                    self.note_key(arn);
                }
                return Err(self.denied_elsewhere::<A>("this resource"));
            }
            Target::OfCiphertext(None) => {
                return Err(
                    self.denied_elsewhere::<A>("the resource associated with this ciphertext")
                );
            }
        };
        Ok(Authorized { target: key, action: PhantomData })
    }

    fn authorize_own<A: Action>(&mut self, found: Found) -> Result<Arc<Key>, OpError> {
        let key = found.key;
        self.note_key(self.engine().key_arn(&key.record.key));
        if key.record.manager == KeyManager::Aws && !looks_only(A::NAME) {
            return Err(self.denied(A::NAME, &key.arn, "resource"));
        }
        Ok(key)
    }

    /// Decides whether the caller may do `A` in its own account. `resource` is what a refusal
    /// names: `*`, or the ARN of an alias.
    #[expect(clippy::unused_async, reason = "policies are looked up here once they decide")]
    pub async fn authorize_account<A: Action>(
        &mut self,
        _resource: &str,
    ) -> Result<Authorized<A, Account>, OpError> {
        Ok(Authorized { target: Account, action: PhantomData })
    }

    /// The refusal of a caller of the key's own account.
    fn denied(&self, action: &str, resource: &str, kind: &str) -> OpError {
        let caller = self.caller().arn();
        op_error!(
            AccessDenied,
            "User: {caller} is not authorized to perform: {action} on resource: {resource} \
             because no {kind}-based policy allows the {action} action"
        )
    }

    /// The refusal that does not tell a missing resource from a forbidden one.
    fn denied_elsewhere<A: Action>(&self, resource: &str) -> OpError {
        let caller = self.caller().arn();
        op_error!(
            AccessDenied,
            "User: {caller} is not authorized to perform: {} on {resource} because the resource \
             does not exist in this Region, no resource-based policies allow access, or a \
             resource-based policy explicitly denies access",
            A::NAME
        )
    }
}

/// Whether the policy of an AWS managed key allows the action to the account: metadata only.
fn looks_only(action: &str) -> bool {
    ["kms:Describe", "kms:Get", "kms:List"].iter().any(|prefix| action.starts_with(prefix))
}
