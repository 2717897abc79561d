//! CreateGrant: lets a principal use a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>

mod fingerprint;
mod rules;
#[cfg(test)]
mod tests;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Key, Kind, NewGrant, OpError, Operation};
use keyward_model::{Caller, GrantId, GrantOperation, KeyState, Principal, UniqueId};
use keyward_shape::{Context, List, OneOf, Text};
use keyward_store::{GrantConstraints, GrantRecord, Precondition, Write};
use serde::{Deserialize, Serialize};

use crate::constraints::{
    self, GrantConstraintSourceArnType, GrantNameType, GrantOperationList, KeyIdType,
    PrincipalIdType, ServicePrincipalType,
};
use crate::grant_principal::require_principal;
use crate::shape::{GrantTokens, record_context, record_dry_run, record_text};
use crate::{action, grant_tokens};
use fingerprint::fingerprint;

/// The operation.
pub(crate) enum CreateGrant {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    grantee_principal: Option<Text<'a, PrincipalIdType>>,
    #[serde(borrow)]
    retiring_principal: Option<Text<'a, PrincipalIdType>>,
    operations: List<OneOf<GrantOperation, constraints::GrantOperation>, GrantOperationList>,
    #[serde(borrow, default)]
    constraints: Option<Constraints<'a>>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    #[serde(borrow)]
    name: Option<Text<'a, GrantNameType>>,
    dry_run: Option<bool>,
    #[serde(borrow)]
    grantee_service_principal: Option<Text<'a, ServicePrincipalType>>,
    #[serde(borrow)]
    retiring_service_principal: Option<Text<'a, ServicePrincipalType>>,
}

/// `GrantConstraints`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Constraints<'a> {
    #[serde(borrow)]
    encryption_context_subset: Option<Context<'a>>,
    #[serde(borrow)]
    encryption_context_equals: Option<Context<'a>>,
    #[serde(borrow)]
    source_arn: Option<Text<'a, GrantConstraintSourceArnType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    grant_token: String,
    grant_id: GrantId,
    #[serde(skip)]
    key_arn: String,
}

impl Operation for CreateGrant {
    const NAME: &'static str = "CreateGrant";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_GRANT;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        rules::check(&input)?;
        let target = cx.resolve_key(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let (operations, constraints) = (input.operations(), input.stored_constraints());
        let asked = action::CreateGrant { grant: input.terms(&operations, &constraints) };
        let key = cx.authorize(target, asked).await?;
        // After authorization: who may not grant learns nothing about which principals there are.
        let mut ids = [None; 2];
        let named = [&input.grantee_principal, &input.retiring_principal];
        for (id, arn) in ids.iter_mut().zip(named) {
            if let Some(arn) = arn {
                *id = require_principal(cx, arn).await?;
            }
        }
        require_state(&key)?;
        let dry_run = input.dry_run;
        let grant = input.into_grant(cx, &key, (operations, constraints), ids);
        rules::check_for_key(&grant, &key)?;
        let existing = find_same(cx, &grant).await?;
        let grant_id = existing.as_ref().unwrap_or(&grant).grant_id;
        let output = Output {
            // A new token each time, for a grant that was there as well.
            grant_token: cx.new_grant_token(&grant.key, &grant_id)?,
            grant_id,
            key_arn: key.arn.clone(),
        };
        if dry_run == Some(true) && existing.is_none() {
            cx.check_room_for_grant(&grant.key).await?;
        }
        cx.end_dry_run(dry_run)?;
        if existing.is_none() {
            let quota = cx.engine().quotas().grants_per_key;
            if let Some(fingerprint) = grant.fingerprint {
                cx.require(Precondition::GrantAbsent(grant.key.clone(), fingerprint));
            }
            cx.require(Precondition::GrantsBelow(grant.key.clone(), quota));
            cx.stage(&key, [Write::PutGrant(Box::new(grant))]);
        }
        Ok(output)
    }
}

/// The service that makes the grant, for itself or for somebody.
fn service_of(caller: &Caller) -> Option<String> {
    match &caller.principal {
        Principal::Service(service) => Some(service.name.clone()),
        _ => caller.invoked_by.clone(),
    }
}

/// A key that is only unreachable can be granted all the same.
fn require_state(key: &Key) -> Result<(), OpError> {
    match key.record.state {
        KeyState::Unavailable => Ok(()),
        _ => key.require_usable(),
    }
}

/// The grant that the same request has made before, if it named it.
async fn find_same(cx: &Cx, grant: &GrantRecord) -> Result<Option<GrantRecord>, OpError> {
    let Some(fingerprint) = &grant.fingerprint else { return Ok(None) };
    let grants = cx.engine().store().grants();
    grants.find_named(&grant.key, fingerprint).await.map_err(OpError::internal)
}

impl Input<'_> {
    /// The operations, each once, in the order sent.
    fn operations(&self) -> Vec<GrantOperation> {
        let mut distinct = Vec::new();
        for &operation in self.operations.iter() {
            if !distinct.contains(&*operation) {
                distinct.push(*operation);
            }
        }
        distinct
    }

    fn stored_constraints(&self) -> GrantConstraints {
        self.constraints.as_ref().map(Constraints::to_stored).unwrap_or_default()
    }

    fn terms<'b>(
        &'b self,
        operations: &'b [GrantOperation],
        constraints: &'b GrantConstraints,
    ) -> NewGrant<'b> {
        NewGrant {
            operations,
            constraints,
            grantee_principal: self.grantee_principal.as_deref(),
            grantee_service_principal: self.grantee_service_principal.as_deref(),
            retiring_principal: self.retiring_principal.as_deref(),
            retiring_service_principal: self.retiring_service_principal.as_deref(),
        }
    }

    fn into_grant(
        self,
        cx: &Cx,
        key: &Key,
        (operations, constraints): (Vec<GrantOperation>, GrantConstraints),
        [grantee_id, retiring_id]: [Option<UniqueId>; 2],
    ) -> GrantRecord {
        let mut grant = GrantRecord {
            key: key.record.key.clone(),
            grant_id: GrantId::random(cx.engine().rng()),
            operations,
            constraints,
            name: self.name.map(Text::into_string),
            grantee_principal: self.grantee_principal.map(Text::into_string),
            grantee_service_principal: self.grantee_service_principal.map(Text::into_string),
            retiring_principal: self.retiring_principal.map(Text::into_string),
            retiring_service_principal: self.retiring_service_principal.map(Text::into_string),
            issuing_account: cx.caller().account,
            fingerprint: None,
            created_at: cx.now(),
            grantee_id,
            retiring_id,
            created_by_service: service_of(cx.caller()),
        };
        grant.fingerprint = grant.name.as_deref().map(|name| fingerprint(&grant, name));
        grant
    }
}

impl Constraints<'_> {
    fn to_stored(&self) -> GrantConstraints {
        let pairs = |context: &Context<'_>| {
            let pairs = context.pairs().iter();
            pairs.map(|(name, value)| (name.to_string(), value.to_string())).collect()
        };
        GrantConstraints {
            encryption_context_equals: self.encryption_context_equals.as_ref().map(pairs),
            encryption_context_subset: self.encryption_context_subset.as_ref().map(pairs),
            source_arn: self.source_arn.as_ref().map(|arn| arn.as_str().to_owned()),
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        if let Some(constraints) = &self.constraints {
            to.object("constraints", |to| constraints.record(to));
        }
        to.texts("operations", self.operations.iter().map(|operation| operation.as_str()));
        record_text(to, "granteePrincipal", self.grantee_principal.as_ref());
        record_text(to, "retiringPrincipal", self.retiring_principal.as_ref());
        let service = self.grantee_service_principal.as_ref();
        record_text(to, "granteeServicePrincipal", service);
        let service = self.retiring_service_principal.as_ref();
        record_text(to, "retiringServicePrincipal", service);
        record_text(to, "name", self.name.as_ref());
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Constraints<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        let contexts = [
            ("encryptionContextSubset", &self.encryption_context_subset),
            ("encryptionContextEquals", &self.encryption_context_equals),
        ];
        for (name, context) in contexts {
            if let Some(context) = context {
                record_context(to, name, context);
            }
        }
        record_text(to, "sourceArn", self.source_arn.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.display("grantId", self.grant_id);
        to.text("keyId", &self.key_arn);
    }
}
