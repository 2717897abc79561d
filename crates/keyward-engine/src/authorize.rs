//! Authorization: the only place that makes an [`Authorized`].
//!
//! Until policies decide, the account's root user may do everything to the account's own keys, but
//! nothing to an AWS managed key beyond looking at it; nobody else may do anything.

use std::marker::PhantomData;
use std::sync::Arc;

use keyward_model::{AccountId, GrantId, GrantOperation, KeyArn, KeyManager, Principal};
use keyward_store::{GrantRecord, Scope, ScopedKey};

use crate::condition::Conditions;
use crate::grant::grant_not_found;
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

/// A permission that a request asks for, such as `kms:Encrypt`, with all that policies may ask
/// about the request.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
pub trait Action: Conditions {
    /// The name with its service prefix.
    const NAME: &'static str;
    /// Who can have it.
    const ACCESS: Access;
    /// What it lets its holder do.
    type Reach;
    /// The action without what it borrows: what a proof is of.
    type Proven: Action<Reach = Self::Reach> + 'static;
}

/// Who can have a permission to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Callers of other accounts too.
    CrossAccount,
    /// Callers of other accounts too, and grantees.
    Granted(GrantOperation),
    /// Callers of the key's account only.
    Own,
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
    pub(crate) const fn of_member(member: Arc<Key>) -> Self {
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
    pub async fn authorize<A: Action>(
        &mut self,
        target: Target,
        _action: A,
    ) -> Result<Authorized<A::Proven>, OpError> {
        let key = match target {
            Target::OfCiphertext(Some(found))
                if found.key.record.key.scope.account != self.caller().account =>
            {
                return Err(
                    self.denied_elsewhere::<A>("the resource associated with this ciphertext")
                );
            }
            Target::Own(found) | Target::OfCiphertext(Some(found)) => {
                self.authorize_own::<A>(found).await?
            }
            Target::Foreign { arn, .. } => return Err(self.refuse_foreign::<A>(arn)),
            Target::OfCiphertext(None) => {
                return Err(
                    self.denied_elsewhere::<A>("the resource associated with this ciphertext")
                );
            }
        };
        self.charge_for(key.record.spec)?;
        Ok(Authorized { target: key, action: PhantomData })
    }

    /// The key, if it is of the caller's account: for actions that are authorized on no key and yet
    /// name one.
    pub fn require_own<A: Action>(
        &mut self,
        target: Target,
        _action: &A,
    ) -> Result<ScopedKey, OpError> {
        match target {
            Target::Own(found) => {
                let key = found.key.record.key.clone();
                self.note_key(self.engine().key_arn(&key));
                Ok(key)
            }
            Target::Foreign { arn, .. } => Err(self.refuse_foreign::<A>(arn)),
            Target::OfCiphertext(_) => Err(self.denied_elsewhere::<A>("this resource")),
        }
    }

    fn refuse_foreign<A: Action>(&mut self, arn: Option<KeyArn>) -> OpError {
        // The client said it itself, so the record reveals nothing.
        if let Some(arn) = arn {
            self.note_key(arn);
        }
        self.denied_elsewhere::<A>("this resource")
    }

    async fn authorize_own<A: Action>(&mut self, found: Found) -> Result<Arc<Key>, OpError> {
        let key = match found.key.expired(self.engine().clock().now()) {
            Some(expired) => Arc::new(expired),
            None => found.key,
        };
        self.note_key(self.engine().key_arn(&key.record.key));
        if !self.is_root() {
            return Err(self.denied(A::NAME, &key.arn, "resource"));
        }
        if key.record.manager == KeyManager::Customer
            || looks_only(A::NAME)
            || A::NAME == REVOKE_GRANT && self.policy_names(&key.record.key, A::NAME).await?
        {
            return Ok(key);
        }
        Err(self.denied(A::NAME, &key.arn, "resource"))
    }

    /// Whether the policy of an AWS managed key names the action. One that names RevokeGrant allows
    /// it to the account.
    async fn policy_names(&self, key: &ScopedKey, action: &str) -> Result<bool, OpError> {
        let policy = self.engine().store().policies().find(key).await.map_err(OpError::internal)?;
        let named = format!("\"{action}\"");
        Ok(policy.is_some_and(|policy| policy.record.document.contains(&named)))
    }

    /// Decides whether the caller may do `A`, which retires, to a grant of the key it named.
    pub async fn authorize_on_grant_of_key<A: Action>(
        &mut self,
        target: Target,
        grant_id: &GrantId,
        action: A,
    ) -> Result<Authorized<A::Proven, GrantRecord>, OpError> {
        let key = match target {
            Target::Own(found) => found.key.record.key.clone(),
            Target::Foreign { arn: Some(arn), .. } => {
                let scope = Scope { account: arn.account, region: arn.region };
                scope.key(arn.key_id)
            }
            Target::Foreign { arn: None, .. } | Target::OfCiphertext(_) => {
                return Err(self.denied_elsewhere::<A>("this resource"));
            }
        };
        let found = self.engine().store().grants().find(&key, grant_id).await;
        if let Some(grant) = found.map_err(OpError::internal)? {
            return self.authorize_on_grant(grant, action).await;
        }
        self.note_key(self.engine().key_arn(&key));
        if key.scope.account == self.caller().account {
            return Err(grant_not_found(grant_id));
        }
        Err(self.denied_elsewhere::<A>("this resource"))
    }

    /// Decides whether the caller may do `A`, which retires, to a grant. No key policy has a say:
    /// the grant itself names those who may.
    #[expect(clippy::unused_async, reason = "policies are looked up here once they decide")]
    pub async fn authorize_on_grant<A: Action>(
        &mut self,
        grant: GrantRecord,
        _action: A,
    ) -> Result<Authorized<A::Proven, GrantRecord>, OpError> {
        let arn = self.engine().key_arn(&grant.key);
        self.note_key(arn.clone());
        // Every caller is an account's root user, whom only the ARN of that root names.
        let caller = self.caller();
        let (account, root) = (caller.account, Some(caller.arn()));
        let may_retire = self.is_root()
            && (grant.issuing_account == account
                || grant.retiring_principal == root
                || grant.grantee_principal == root
                    && grant.operations.contains(&GrantOperation::RetireGrant));
        if may_retire {
            return Ok(Authorized { target: grant, action: PhantomData });
        }
        if arn.account == account {
            return Err(self.denied(A::NAME, &arn.to_string(), "resource"));
        }
        Err(self.denied_elsewhere::<A>("this resource"))
    }

    /// Decides whether the caller may do `A` to a principal: to those of its own account.
    #[expect(clippy::unused_async, reason = "policies are looked up here once they decide")]
    pub async fn authorize_principal<A: Action>(
        &self,
        arn: &str,
        account: AccountId,
        _action: A,
    ) -> Result<Authorized<A::Proven, Account>, OpError> {
        if account != self.caller().account || !self.is_root() {
            return Err(self.denied(A::NAME, arn, "identity"));
        }
        Ok(Authorized { target: Account, action: PhantomData })
    }

    /// Decides whether the caller may do `A` in its own account. `resource` is what a refusal
    /// names: `*`, or the ARN of an alias.
    #[expect(clippy::unused_async, reason = "policies are looked up here once they decide")]
    pub async fn authorize_account<A: Action>(
        &mut self,
        resource: &str,
        _action: A,
    ) -> Result<Authorized<A::Proven, Account>, OpError> {
        if !self.is_root() {
            return Err(self.denied(A::NAME, resource, "identity"));
        }
        Ok(Authorized { target: Account, action: PhantomData })
    }

    fn is_root(&self) -> bool {
        self.caller().principal == Principal::Root
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

const REVOKE_GRANT: &str = "kms:RevokeGrant";

/// Whether the policy of every AWS managed key allows the action to the account: metadata only.
fn looks_only(action: &str) -> bool {
    ["kms:Describe", "kms:Get", "kms:List"].iter().any(|prefix| action.starts_with(prefix))
}
