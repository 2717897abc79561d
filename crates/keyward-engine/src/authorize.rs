//! Authorization: the only place that makes an [`Authorized`].
//!
//! An action on a key is allowed by the key's policy, by policies of the caller's account where the
//! key's policy lets them, or by a grant, and by nothing else: not to the account that owns the key,
//! not to its root user. An action on no key is for the policies of the caller's account alone.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/control-access-overview.html>

mod circumstances;
mod control;
mod decide;
mod refuse;
mod role;
mod service;

use std::marker::PhantomData;
use std::sync::Arc;

use keyward_model::{AccountId, GrantId, GrantOperation, Region};
use keyward_policy::{Decision, GrantMatch, PolicyKind, Refusal};
use keyward_store::{GrantRecord, Scope, ScopedKey};

use crate::condition::Conditions;
use crate::grant::grant_not_found;
use crate::grantee::{is_retired_by, is_to};
use crate::resolve::Found;
use crate::{Cx, Key, OpError, Target};
use circumstances::Resource;
use decide::Question;
pub(crate) use decide::Verdict;
use refuse::Elsewhere;
pub use role::Role;

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

/// An action without its type.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    pub(crate) conditions: &'a dyn Conditions,
}

impl<'a> Asked<'a> {
    fn of<A: Action>(action: &'a A) -> Self {
        Self { name: A::NAME, access: A::ACCESS, conditions: action }
    }
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

impl<A, T> Authorized<A, T> {
    const fn new(target: T) -> Self {
        Self { target, action: PhantomData }
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
        action: A,
    ) -> Result<Authorized<A::Proven>, OpError> {
        let key = self.authorize_target(target, Asked::of(&action)).await?;
        self.charge_for(key.record.spec)?;
        Ok(Authorized::new(key))
    }

    async fn authorize_target(
        &mut self,
        target: Target,
        asked: Asked<'_>,
    ) -> Result<Arc<Key>, OpError> {
        let elsewhere = match &target {
            Target::Foreign { .. } => Elsewhere::ThisResource,
            Target::OfCiphertext(_) => Elsewhere::Ciphertext,
            Target::Own(_) => Elsewhere::Nowhere,
        };
        let (named, found) = match target {
            Target::Foreign { arn, found } => (arn, found),
            Target::OfCiphertext(found) => (None, found),
            Target::Own(found) => (None, Some(found)),
        };
        let Some(found) = found else { return Err(self.denied_elsewhere(asked, elsewhere)) };
        let Found { key, alias } = found.at(self.engine().clock().now());
        let account = key.record.key.scope.account;
        let is_own = account == self.caller().account;
        let region = self.region().clone();
        let resource = Resource {
            account: Some(&account),
            key: Some(&key),
            alias: alias.as_ref(),
            ..Resource::default()
        };
        let question = Question { asked, arn: &key.arn, region: &region, resource };
        let verdict = self.decide_on_key(&key, question).await?;
        match verdict.decision {
            Decision::Allowed(because) => self.note_allowed(asked, because),
            Decision::Denied(refusal) => {
                self.note_refusal(asked, &key.arn, &verdict);
                return Err(if is_own || refusal.comes_after_resource() {
                    self.denied(asked, &key.arn, refusal)
                } else {
                    self.denied_elsewhere(asked, elsewhere)
                });
            }
        }
        if !is_own {
            self.note_owner(account);
            if named.is_none() {
                self.note_key(self.engine().key_arn(&key.record.key));
            }
        }
        Ok(key)
    }

    /// The member of the key's set in another Region, if the caller may do the same there; `None` if
    /// there is none. The audit record does not name it.
    pub async fn authorize_member<A: Action>(
        &mut self,
        key: &Authorized<A::Proven>,
        region: &Region,
        action: A,
    ) -> Result<Option<Authorized<A::Proven>>, OpError> {
        if !key.record.multi_region.as_ref().is_some_and(|set| set.holds(region)) {
            return Ok(None);
        }
        let mut member = key.record.key.clone();
        member.scope.region = region.clone();
        let Some(member) = self.engine().key(&member).await? else { return Ok(None) };
        let account = member.record.key.scope.account;
        let resource =
            Resource { account: Some(&account), key: Some(&member), ..Resource::default() };
        let asked = Asked::of(&action);
        let question = Question { asked, arn: &member.arn, region, resource };
        let verdict = self.decide_on_key(&member, question).await?;
        self.allowed(asked, &member.arn, &verdict)?;
        Ok(Some(Authorized::new(member)))
    }

    /// The key, if it is of the caller's account: for actions that are authorized on no key and yet
    /// name one.
    pub fn require_own<A: Action>(&self, target: Target, action: &A) -> Result<ScopedKey, OpError> {
        match target {
            Target::Own(found) => Ok(found.key.record.key.clone()),
            Target::Foreign { .. } => {
                Err(self.denied_elsewhere(Asked::of(action), Elsewhere::ThisResource))
            }
            Target::OfCiphertext(_) => {
                Err(self.denied_elsewhere(Asked::of(action), Elsewhere::Ciphertext))
            }
        }
    }

    /// Decides whether the caller may do `A` in its own account. `resource` is what policies and a
    /// refusal name: `*`, or the ARN of an alias.
    pub async fn authorize_account<A: Action>(
        &mut self,
        resource: &str,
        action: A,
    ) -> Result<Authorized<A::Proven, Account>, OpError> {
        let region = self.region().clone();
        self.authorize_account_in(&region, resource, action).await
    }

    /// The same in another Region than that of the request.
    pub async fn authorize_account_in<A: Action>(
        &mut self,
        region: &Region,
        resource: &str,
        action: A,
    ) -> Result<Authorized<A::Proven, Account>, OpError> {
        let asked = Asked::of(&action);
        let question = Question { asked, arn: resource, region, resource: Resource::default() };
        let verdict = self.decide_in_account(question).await?;
        self.allowed(asked, resource, &verdict)?;
        Ok(Authorized::new(Account))
    }

    /// The same for a resource that policies and refusals call by different names: its ARN, and what
    /// is shown.
    pub async fn authorize_named<A: Action>(
        &mut self,
        (arn, shown): (&str, &str),
        action: A,
    ) -> Result<Authorized<A::Proven, Account>, OpError> {
        let region = self.region().clone();
        let asked = Asked::of(&action);
        let question = Question { asked, arn, region: &region, resource: Resource::default() };
        let verdict = self.decide_in_account(question).await?;
        self.allowed(asked, shown, &verdict)?;
        Ok(Authorized::new(Account))
    }

    /// The same for what policies name `*`, in services whose refusals name nothing then.
    pub async fn authorize_anywhere<A: Action>(
        &mut self,
        action: A,
    ) -> Result<Authorized<A::Proven, Account>, OpError> {
        let region = self.region().clone();
        let asked = Asked::of(&action);
        let question = Question { asked, arn: "*", region: &region, resource: Resource::default() };
        let verdict = self.decide_in_account(question).await?;
        let denied = |cx: &Self, refusal| cx.denied_anywhere(asked, refusal);
        self.require_allowed(asked, "*", &verdict, denied)?;
        Ok(Authorized::new(Account))
    }

    /// Decides whether the caller may do `A` to a principal: to those of its own account.
    pub async fn authorize_principal<A: Action>(
        &mut self,
        arn: &str,
        account: AccountId,
        action: A,
    ) -> Result<Authorized<A::Proven, Account>, OpError> {
        if account != self.caller().account {
            let refusal = Refusal::NoAllow(PolicyKind::Identity);
            return Err(self.denied(Asked::of(&action), arn, refusal));
        }
        self.authorize_account(arn, action).await
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
                return Err(self.denied_elsewhere(Asked::of(&action), Elsewhere::ThisResource));
            }
        };
        let found = self.engine().store().grants().find(&key, grant_id).await;
        if let Some(grant) = found.map_err(OpError::internal)? {
            return self.authorize_on_grant(grant, action).await;
        }
        if key.scope.account == self.caller().account {
            return Err(grant_not_found(grant_id));
        }
        Err(self.denied_elsewhere(Asked::of(&action), Elsewhere::ThisResource))
    }

    /// Decides whether the caller may do `A`, which retires, to a grant. No key policy has a say:
    /// the grant itself names those who may, and policies of accounts say who else of an account
    /// that it names.
    pub async fn authorize_on_grant<A: Action>(
        &mut self,
        grant: GrantRecord,
        action: A,
    ) -> Result<Authorized<A::Proven, GrantRecord>, OpError> {
        let asked = Asked::of(&action);
        let key_arn = self.engine().key_arn(&grant.key);
        let arn = key_arn.to_string();
        let is_own = key_arn.account == self.caller().account;
        if is_own {
            self.note_key_once(&key_arn);
        }
        let key = self.engine().key(&grant.key).await?;
        let region = self.region().clone();
        let resource = Resource {
            account: Some(&grant.key.scope.account),
            key: key.as_deref(),
            grant: Some(&grant),
            ..Resource::default()
        };
        let question = Question { asked, arn: &arn, region: &region, resource };
        let verdict = match self.may_retire(&grant).await? {
            Some(GrantMatch::Caller) => self.decide_unless_denied(question).await?,
            Some(GrantMatch::Account) => self.decide_in_account(question).await?,
            None => Verdict {
                decision: Decision::Denied(Refusal::NoAllow(PolicyKind::Resource)),
                explanation: None,
            },
        };
        match verdict.decision {
            Decision::Allowed(because) => self.note_allowed(asked, because),
            Decision::Denied(refusal) => {
                self.note_refusal(asked, &arn, &verdict);
                return Err(if is_own || !refusal.is_of_resource() {
                    self.denied(asked, &arn, refusal)
                } else {
                    self.denied_elsewhere(asked, Elsewhere::ThisResource)
                });
            }
        }
        if !is_own {
            // A token alone told the caller nothing of the key.
            self.note_key_once(&key_arn);
            self.note_owner(grant.key.scope.account);
        }
        Ok(Authorized::new(grant))
    }

    /// Whether a grant lets the caller retire it, or the caller's account, whose policies decide
    /// then.
    async fn may_retire(&self, grant: &GrantRecord) -> Result<Option<GrantMatch>, OpError> {
        let authority = self.engine().authority(&self.call().caller).await?;
        let names = authority.service_names();
        let Some(subject) = authority.subject(&names) else { return Ok(None) };
        let may_grantee = grant.operations.contains(&GrantOperation::RetireGrant);
        let matches = [
            is_retired_by(grant, &subject),
            is_to(grant, &subject).filter(|_| may_grantee),
            (subject.account() == Some(grant.issuing_account.as_str()))
                .then_some(GrantMatch::Account),
        ];
        let is_caller = matches.contains(&Some(GrantMatch::Caller));
        let nearest = if is_caller { GrantMatch::Caller } else { GrantMatch::Account };
        Ok(matches.iter().any(Option::is_some).then_some(nearest))
    }

    fn allowed(
        &mut self,
        asked: Asked<'_>,
        resource: &str,
        verdict: &Verdict,
    ) -> Result<(), OpError> {
        let denied = |cx: &Self, refusal| cx.denied(asked, resource, refusal);
        self.require_allowed(asked, resource, verdict, denied)
    }

    fn require_allowed(
        &mut self,
        asked: Asked<'_>,
        resource: &str,
        verdict: &Verdict,
        denied: impl FnOnce(&Self, Refusal) -> OpError,
    ) -> Result<(), OpError> {
        match verdict.decision {
            Decision::Allowed(because) => {
                self.note_allowed(asked, because);
                Ok(())
            }
            Decision::Denied(refusal) => {
                self.note_refusal(asked, resource, verdict);
                Err(denied(self, refusal))
            }
        }
    }
}
