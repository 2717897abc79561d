//! From a request to a decision: the policies around the caller and the resource, and the grants of
//! a key when its policies alone do not allow.

use std::cell::Cell;

use keyward_model::{
    AccountId, AliasName, EncryptionContext, GrantOperation, KeyManager, Principal, Region,
};
use keyward_policy::{
    Decision, Explanation, GrantRequest, GrantRoute, KeySide, Layers, PolicyKind, Refusal, Request,
    Subject, decide_account, decide_key, decide_unless_denied,
};
use keyward_store::{GrantRecord, ScopedKey};

use super::circumstances::{Circumstances, Resource};
use super::service::is_beyond_services;
use super::{Access, Asked};
use crate::authority::Authority;
use crate::grantee::terms;
use crate::{Cx, Key, OpError};

/// With more aliases than this on a key, policies that ask for them find none.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html>
const ALIASES_MAX: u32 = 50;

/// The refusal of a caller that is no one any more, or that no policy lets do this.
const NO_ONE: Decision = Decision::Denied(Refusal::NoAllow(PolicyKind::Identity));

/// A decision, and how it came about if it is a refusal.
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) explanation: Option<Explanation>,
}

/// What is asked, and where.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) asked: Asked<'a>,
    /// The ARN of the resource, or `*`.
    pub(crate) arn: &'a str,
    pub(crate) region: &'a Region,
    pub(crate) resource: Resource<'a>,
}

impl Cx {
    /// Decides about an operation on a key.
    pub(super) async fn decide_on_key(
        &self,
        key: &Key,
        question: Question<'_>,
    ) -> Result<Verdict, OpError> {
        if is_beyond_services(self.caller(), question.asked) {
            return Ok(Verdict { decision: NO_ONE, explanation: None });
        }
        let authority = self.engine().authority(&self.call().caller).await?;
        let mut aliases = None;
        let mut grant = None;
        loop {
            let resource = Resource { aliases: aliases.as_deref(), ..question.resource };
            let scene = self.scene(&authority, Question { resource, ..question });
            let route = grant.unwrap_or_default();
            let (decision, lacks_aliases) = scene.on_key(key, route);
            if lacks_aliases {
                aliases = Some(self.aliases_of(&key.record.key).await?);
            } else if let (
                Decision::Denied(Refusal::NoAllow(_)),
                Access::Granted(operation),
                None,
            ) = (decision, question.asked.access, grant)
            {
                let found = self.grant_route(&authority, key, (operation, question.asked)).await?;
                grant = Some(found);
            } else {
                let is_refusal = matches!(decision, Decision::Denied(_));
                let explanation = is_refusal.then(|| scene.explain(Some((key, route)))).flatten();
                return Ok(Verdict { decision, explanation });
            }
        }
    }

    /// Decides about an action that the caller's account alone has a say in.
    pub(super) async fn decide_in_account(
        &self,
        question: Question<'_>,
    ) -> Result<Verdict, OpError> {
        if is_beyond_services(self.caller(), question.asked) {
            return Ok(Verdict { decision: NO_ONE, explanation: None });
        }
        let authority = self.engine().authority(&self.call().caller).await?;
        let scene = self.scene(&authority, question);
        let decision = scene.decide(decide_account).0;
        let is_refusal = matches!(decision, Decision::Denied(_));
        let explanation = is_refusal.then(|| scene.explain(None)).flatten();
        Ok(Verdict { decision, explanation })
    }

    /// Decides about an action that needs no allowance, but can be denied.
    pub(super) async fn decide_unless_denied(
        &self,
        question: Question<'_>,
    ) -> Result<Verdict, OpError> {
        if is_beyond_services(self.caller(), question.asked) {
            return Ok(Verdict { decision: NO_ONE, explanation: None });
        }
        let authority = self.engine().authority(&self.call().caller).await?;
        let scene = self.scene(&authority, question);
        let decision = scene.decide(decide_unless_denied).0;
        let is_refusal = matches!(decision, Decision::Denied(_));
        let explanation = is_refusal.then(|| scene.explain(None)).flatten();
        Ok(Verdict { decision, explanation })
    }

    pub(super) fn scene<'a>(
        &'a self,
        authority: &'a Authority,
        question: Question<'a>,
    ) -> Scene<'a> {
        Scene { cx: self, authority, question }
    }

    async fn aliases_of(&self, key: &ScopedKey) -> Result<Vec<AliasName>, OpError> {
        let found = self.engine().store().aliases().list_of_key(key, None, ALIASES_MAX + 1).await;
        let found = found.map_err(OpError::internal)?;
        if u32::try_from(found.len()).is_ok_and(|count| count > ALIASES_MAX) {
            return Ok(Vec::new());
        }
        Ok(found.into_iter().map(|record| record.alias.name).collect())
    }

    /// The best that the grants of the key say to the caller.
    async fn grant_route(
        &self,
        authority: &Authority,
        key: &Key,
        (operation, asked): (GrantOperation, Asked<'_>),
    ) -> Result<GrantRoute, OpError> {
        let names = authority.service_names();
        let Some(subject) = authority.subject(&names) else { return Ok(GrantRoute::None) };
        let request = self.grant_request(operation, asked);
        let scoped = &key.record.key;
        let presented = self.presented_grants().iter().filter(|grant| grant.key == *scoped);
        let mut route =
            presented.map(|grant| route_of(grant, &subject, &request)).max().unwrap_or_default();
        for grantee in &authority.grantees {
            if route == GrantRoute::Caller {
                break;
            }
            let grants = self.engine().grants_of(scoped, grantee, &self.call().caller).await?;
            route = route.max(grants.route(&subject, &request));
        }
        Ok(route)
    }

    fn grant_request<'a>(
        &'a self,
        operation: GrantOperation,
        asked: Asked<'a>,
    ) -> GrantRequest<'a> {
        let source_arn = match &self.caller().principal {
            Principal::Service(service) => service.source_arn.as_deref(),
            _ => None,
        };
        GrantRequest {
            operation,
            encryption_context: asked.conditions.encryption_context().unwrap_or(EMPTY),
            source_arn,
            child: asked.conditions.new_grant().map(|grant| grant.terms()),
        }
    }
}

const EMPTY: &EncryptionContext<'static> = &EncryptionContext::empty();

/// What a grant says to a request.
fn route_of(grant: &GrantRecord, subject: &Subject<'_>, request: &GrantRequest<'_>) -> GrantRoute {
    let grantee = crate::grantee::is_to(grant, subject);
    grantee.map_or(GrantRoute::None, |grantee| {
        terms(&grant.operations, &grant.constraints).route(grantee, request)
    })
}

/// A question with the caller's authority.
pub(super) struct Scene<'a> {
    pub(super) cx: &'a Cx,
    pub(super) authority: &'a Authority,
    pub(super) question: Question<'a>,
}

impl Scene<'_> {
    fn on_key(&self, key: &Key, grant: GrantRoute) -> (Decision, bool) {
        let side = self.key_side(key, grant);
        self.decide(|request, layers| decide_key(request, layers, &side))
    }

    fn key_side<'a>(&self, key: &'a Key, grant: GrantRoute) -> KeySide<'a> {
        KeySide {
            account: key.record.key.scope.account.as_str(),
            policy: &key.policy,
            is_cross_account: self.question.asked.access != Access::Own,
            grant,
        }
    }

    /// The decision, and whether the aliases of the key might change it.
    pub(super) fn decide(
        &self,
        decide: impl FnOnce(&Request<'_>, &Layers<'_>) -> Decision,
    ) -> (Decision, bool) {
        self.with_request(|request, layers, lacks_aliases| {
            let decision = decide(request, layers);
            (decision, lacks_aliases.get())
        })
        .unwrap_or((NO_ONE, false))
    }

    fn explain(&self, key: Option<(&Key, GrantRoute)>) -> Option<Explanation> {
        self.with_request(|request, layers, _| match key {
            Some((key, grant)) => Explanation::of_key(request, layers, &self.key_side(key, grant)),
            None => Explanation::of_account(request, layers),
        })
    }

    pub(super) fn with_request<R>(
        &self,
        act: impl FnOnce(&Request<'_>, &Layers<'_>, &Cell<bool>) -> R,
    ) -> Option<R> {
        let names = self.authority.service_names();
        let subject = self.authority.subject(&names)?;
        let Question { asked, arn, region, resource } = self.question;
        let engine = self.cx.engine();
        let circumstances = Circumstances {
            call: self.cx.call(),
            region,
            now: self.cx.now(),
            machine_now: engine.machine_clock().now(),
            authority: self.authority,
            organization: engine.organization(),
            resource,
            asked,
            lacks_aliases: Cell::new(false),
        };
        let request =
            Request { action: asked.name, resource: arn, subject, context: &circumstances };
        Some(act(&request, &self.layers(), &circumstances.lacks_aliases))
    }

    fn layers(&self) -> Layers<'_> {
        let Authority { entity, session, .. } = self.authority;
        let entity = entity.as_deref();
        let is_service_linked = entity.is_some_and(|entity| entity.is_service_linked);
        let caller = self.cx.caller();
        let is_service = matches!(caller.principal, Principal::Service(_));
        let Resource { account, key, .. } = self.question.resource;
        let is_of_service = key.is_some_and(|key| key.record.manager == KeyManager::Aws);
        let member = |account: &AccountId, is_free: bool| {
            let organization = self.cx.engine().organization().filter(|_| !is_free)?;
            organization.members.get(account)
        };
        let limits_caller = member(&caller.account, is_service_linked || is_service);
        let limits_resource = account.and_then(|it| member(it, is_service_linked || is_of_service));
        Layers {
            identity: entity.map(|entity| &*entity.policies).unwrap_or_default(),
            boundary: entity.and_then(|entity| entity.boundary.as_deref()),
            session: session.as_deref(),
            service_control: limits_caller.map(|it| &*it.service_control).unwrap_or_default(),
            resource_control: limits_resource.map(|it| &*it.resource_control).unwrap_or_default(),
            vpc_endpoint: None,
        }
    }
}
