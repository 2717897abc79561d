//! Roles that callers ask to become.

use keyward_audit::Resource as Recorded;
use keyward_model::{AccountId, Identity};
use keyward_policy::{
    Decision, Explanation, Policy, PolicyKind, Refusal, RoleSide, decide_assume_role, parse,
};
use keyward_store::{EntityBody, EntityKind, EntityName, EntityRecord, RoleBody, StoreError};

use super::decide::{Question, Scene, Verdict};
use super::{Asked, Resource};
use crate::{Action, Cx, OpError, op_error};

/// A role with its trust policy.
#[derive(Debug)]
pub struct Role {
    /// The account.
    pub account: AccountId,
    /// What it is called.
    pub identity: Identity,
    /// The ARN.
    pub arn: String,
    /// All else that is said of it.
    pub body: RoleBody,
    trust_policy: Policy,
}

impl Cx {
    /// The role of this ARN; `None` when there is none.
    pub async fn find_role(&self, arn: &str) -> Result<Option<Role>, OpError> {
        let Some(name) = role_name(arn) else { return Ok(None) };
        let found = self.engine().store().entities().find(&name).await;
        let found = found.map_err(OpError::internal)?.map(|found| found.record);
        let partition = self.engine().partition();
        let Some(record) = found.filter(|record| record.arn(partition) == arn) else {
            return Ok(None);
        };
        Role::of(record, arn).map(Some)
    }

    /// Decides whether the caller may do `A`, such as `sts:AssumeRole`, to the role of this ARN. That
    /// there is none looks the same as that the caller may not.
    pub async fn authorize_role<'r, A: Action>(
        &mut self,
        (arn, role): (&str, Option<&'r Role>),
        action: A,
    ) -> Result<&'r Role, OpError> {
        let asked = Asked::of(&action);
        let Some(role) = role else { return Err(self.denied_role(asked, arn)) };
        let verdict = self.decide_on_role(role, asked).await?;
        match verdict.decision {
            Decision::Allowed(because) => self.note_allowed(asked, because),
            Decision::Denied(_) => {
                self.note_refusal(asked, arn, &verdict);
                return Err(self.denied_role(asked, arn));
            }
        }
        let noted = Recorded::Role { account: role.account, arn: role.arn.clone() };
        let resources = self.notes.resources.get_or_insert_default();
        if !resources.contains(&noted) {
            resources.push(noted);
        }
        if role.account != self.caller().account {
            self.note_owner(role.account);
        }
        Ok(role)
    }

    async fn decide_on_role(&self, role: &Role, asked: Asked<'_>) -> Result<Verdict, OpError> {
        // A role of its own choice would do for a service what services may not.
        if self.caller().invoked_by.is_some() {
            let decision = Decision::Denied(Refusal::NoAllow(PolicyKind::Identity));
            return Ok(Verdict { decision, explanation: None });
        }
        let authority = self.engine().authority(&self.call().caller).await?;
        let region = self.region().clone();
        let resource = Resource { account: Some(&role.account), ..Resource::default() };
        let scene = Scene {
            cx: self,
            authority: &authority,
            question: Question { asked, arn: &role.arn, region: &region, resource },
        };
        let side = RoleSide { account: role.account.as_str(), trust_policy: &role.trust_policy };
        let decision = scene.decide(|request, layers| decide_assume_role(request, layers, &side)).0;
        let is_refusal = matches!(decision, Decision::Denied(_));
        let explanation = if is_refusal {
            scene.with_request(|request, layers, _| {
                Explanation::of_assume_role(request, layers, &side)
            })
        } else {
            None
        };
        Ok(Verdict { decision, explanation })
    }

    /// The refusal, without a reason: that would tell whether the role is there.
    fn denied_role(&self, asked: Asked<'_>, arn: &str) -> OpError {
        let (caller, action) = (self.caller().arn(), asked.name);
        op_error!(
            AccessDenied,
            "User: {caller} is not authorized to perform: {action} on resource: {arn}"
        )
    }
}

impl Role {
    fn of(record: EntityRecord, arn: &str) -> Result<Self, OpError> {
        let forged = || OpError::internal(StoreError::Forged { table: EntityRecord::TABLE });
        let EntityRecord { account, name, unique_id, path, body, .. } = record;
        let (EntityBody::Role(body), Some(unique_id)) = (body, unique_id) else {
            return Err(forged());
        };
        let document = parse(&body.assume_role_policy_document).map_err(OpError::internal)?;
        let bind = |arn: &str| body.trust_bindings.get(arn).map(|id| id.to_string().into());
        let trust_policy = Policy::compile(&document, &bind);
        let identity = Identity { path, name, unique_id };
        Ok(Self { account, identity, arn: arn.to_owned(), body, trust_policy })
    }
}

/// The entity that the ARN of a role names.
fn role_name(arn: &str) -> Option<EntityName> {
    let (_, rest) = arn.split_once(":iam::")?;
    let (account, rest) = rest.split_once(":role/")?;
    let name = rest.rsplit('/').next()?;
    Some(EntityName::new(account.parse().ok()?, EntityKind::Role, name))
}
