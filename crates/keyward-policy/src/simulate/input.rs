//! The JSON of an input, read member by member.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::caller::{Caller, is_account};
use super::context::Context;
use super::documents::{Kind, Reader, joined};
use super::grants::Grant;
use super::{SIMULATION_BYTES_MAX, SimulationError};
use crate::condition_key::NamedKey;
use crate::decide::AppliedStatement;
use crate::decision::PolicyKind;
use crate::json::{self, Json, JsonError};
use crate::parse::LIST_MAX;
use crate::policy::Policy;

/// One input, ready to be decided.
pub(super) struct Input {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) resource_account: Option<String>,
    pub(super) caller: Caller,
    pub(super) context: Context,
    pub(super) identity: Vec<Arc<Policy>>,
    pub(super) service_control: Vec<Vec<Arc<Policy>>>,
    pub(super) resource_control: Vec<Vec<Arc<Policy>>>,
    pub(super) resource_policy: Option<Policy>,
    pub(super) boundary: Option<Policy>,
    pub(super) session: Vec<Arc<Policy>>,
    pub(super) grants: Vec<Grant>,
    /// How many statements each document of the boundary has, which is evaluated as one.
    boundary_statements: Vec<usize>,
}

/// The request as written, before it is known who calls.
pub(super) struct Asked {
    pub(super) action: String,
    resource: String,
    /// The account of the resource, unless the request has no resource.
    pub(super) known_resource_account: Option<String>,
    resource_account: Option<String>,
}

type Members<'a> = Vec<(String, &'a RawValue)>;

/// The members of an input, by what they are called.
#[derive(Default)]
struct Layers<'a> {
    request: Option<&'a RawValue>,
    identity: Option<&'a RawValue>,
    service_control: Option<&'a RawValue>,
    resource_control: Option<&'a RawValue>,
    resource: Option<&'a RawValue>,
    boundary: Option<&'a RawValue>,
    session: Option<&'a RawValue>,
    grants: Option<&'a RawValue>,
}

impl From<JsonError> for SimulationError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Syntax => Self::NotJson,
            JsonError::Duplicate(name) => Self::Duplicate(name.chars().take(64).collect()),
        }
    }
}

impl Input {
    pub(super) fn read(text: &str) -> Result<Self, SimulationError> {
        if text.len() > SIMULATION_BYTES_MAX {
            return Err(SimulationError::TooLong);
        }
        let Json::Object(members) = json::read(text)? else {
            return Err(SimulationError::WrongType("input"));
        };
        let given = Layers::of(members)?;
        let request = given.request.ok_or(SimulationError::Missing("request"))?;
        let (asked, caller, context) = read_request(object(request, "request")?)?;
        let reader = |place, kind| Reader { place, kind, caller: &caller };
        let policies = |raw: Option<&RawValue>, place| {
            raw.map_or(Ok(Vec::new()), |raw| reader(place, Kind::Caller).policies(raw))
        };
        let levels = |raw: Option<&RawValue>, place, kind| {
            raw.map_or(Ok(Vec::new()), |raw| reader(place, kind).levels(raw))
        };
        let resource = reader("resourcePolicy", Kind::Resource);
        let resource_policy =
            given.resource.map_or(Ok(Vec::new()), |raw| resource.documents(raw))?;
        let boundary = reader("permissionsBoundaries", Kind::Caller);
        let boundaries = given.boundary.map_or(Ok(Vec::new()), |raw| boundary.documents(raw))?;
        Ok(Self {
            identity: policies(given.identity, "identityPolicies")?,
            session: policies(given.session, "sessionPolicies")?,
            service_control: levels(given.service_control, "serviceControlPolicies", Kind::Caller)?,
            resource_control: levels(
                given.resource_control,
                "resourceControlPolicies",
                Kind::Account,
            )?,
            resource_policy: joined(resource_policy).map(|document| resource.compile(&document)),
            boundary_statements: boundaries.iter().map(|it| it.statements.len()).collect(),
            boundary: joined(boundaries).map(|document| boundary.compile(&document)),
            grants: given.grants.map_or(Ok(Vec::new()), |raw| read_grants(raw, &caller))?,
            action: asked.action,
            resource: asked.resource,
            resource_account: asked.resource_account,
            context,
            caller,
        })
    }

    /// Says of which document of the boundary a statement is.
    pub(super) fn locate(&self, statements: &mut [AppliedStatement]) {
        for applied in statements.iter_mut().filter(|it| it.kind == PolicyKind::Boundary) {
            for &count in &self.boundary_statements {
                if applied.statement < count {
                    break;
                }
                applied.statement -= count;
                applied.policy += 1;
            }
        }
    }
}

impl<'a> Layers<'a> {
    /// Members that are no layers are let be: they may be a case's name, or what is expected of it.
    fn of(members: Members<'a>) -> Result<Self, SimulationError> {
        let mut layers = Self::default();
        for (name, value) in members {
            let slot = match name.as_str() {
                "request" => &mut layers.request,
                "identityPolicies" => &mut layers.identity,
                "serviceControlPolicies" => &mut layers.service_control,
                "resourceControlPolicies" => &mut layers.resource_control,
                "resourcePolicy" => &mut layers.resource,
                "permissionsBoundaries" => &mut layers.boundary,
                "sessionPolicies" => &mut layers.session,
                "grants" => &mut layers.grants,
                _ if is_like_a_layer(&name) && !is_nothing(value) => {
                    return Err(SimulationError::UnknownLayer(name.chars().take(64).collect()));
                }
                _ => continue,
            };
            *slot = Some(value);
        }
        Ok(layers)
    }
}

/// What an absent layer would be.
fn is_nothing(value: &RawValue) -> bool {
    match json::open(value) {
        Ok(Json::Null) => true,
        Ok(Json::Array(items)) => items.is_empty(),
        Ok(Json::Object(members)) => members.is_empty(),
        _ => false,
    }
}

/// A misspelt layer must not be taken for an absent one.
fn is_like_a_layer(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["polic", "boundar", "grant"].iter().any(|word| name.contains(word))
}

fn read_request(members: Members<'_>) -> Result<(Asked, Caller, Context), SimulationError> {
    let (mut action, mut resource, mut account) = (None, None, None);
    let (mut principal, mut given) = (None, Vec::new());
    for (name, value) in members {
        match name.as_str() {
            "action" => action = Some(text(value, "action")?),
            "resource" => resource = Some(text(value, "resource")?),
            "resourceAccount" => account = optional_text(value, "resourceAccount")?,
            "principal" => principal = Some(value),
            "context" => given = read_context(value)?,
            _ => {}
        }
    }
    let action = action.ok_or(SimulationError::Missing("action"))?;
    let resource = resource.ok_or(SimulationError::Missing("resource"))?;
    let principal = principal.ok_or(SimulationError::Missing("principal"))?;
    let mut caller = read_principal(principal, &action)?;
    let mut context = Context::new(given);
    if let Some(arn) = context.first(NamedKey::AwsPrincipalArn) {
        caller.learn_role(arn);
    }
    let of_arn = resource.split(':').nth(4).filter(|part| is_account(part));
    let resource_account = account
        .clone()
        .or_else(|| of_arn.map(ToOwned::to_owned))
        .or_else(|| caller.account().map(ToOwned::to_owned));
    let known_resource_account =
        resource_account.clone().filter(|_| account.is_some() || resource != "*");
    let asked = Asked { action, resource, known_resource_account, resource_account };
    context.complete(&caller, &asked);
    Ok((asked, caller, context))
}

/// A string, or an object with one member; in either the name may be alone in a list.
fn read_principal(raw: &RawValue, action: &str) -> Result<Caller, SimulationError> {
    let wrong = || SimulationError::WrongType("principal");
    let (kind, value) = match json::open(raw)? {
        Json::Object(mut members) if members.len() == 1 => {
            members.pop().map(|(kind, value)| (Some(kind), value)).ok_or_else(wrong)?
        }
        _ => (None, raw),
    };
    let kind = kind.as_deref();
    if !matches!(kind, None | Some("AWS" | "Service" | "Federated")) {
        return Err(wrong());
    }
    let name = match json::open(value)? {
        Json::Text(name) => name,
        Json::Array(names) => match names.as_slice() {
            [one] => text(one, "principal")?,
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    };
    Caller::parse(&name, kind, action)
}

fn read_context(raw: &RawValue) -> Result<Vec<(String, Vec<String>)>, SimulationError> {
    let wrong = || SimulationError::WrongType("context");
    let scalar = |raw: &RawValue| match json::open(raw)? {
        Json::Text(text) => Ok(text),
        Json::Bare(text) => Ok(text.to_owned()),
        _ => Err(wrong()),
    };
    let members = match json::open(raw)? {
        Json::Null => return Ok(Vec::new()),
        Json::Object(members) if members.len() <= LIST_MAX => members,
        _ => return Err(wrong()),
    };
    let values = |(name, raw): (String, &RawValue)| match json::open(raw)? {
        Json::Null => Ok((name, Vec::new())),
        Json::Array(items) if items.len() <= LIST_MAX => {
            Ok((name, items.into_iter().map(scalar).collect::<Result<_, _>>()?))
        }
        Json::Array(_) => Err(wrong()),
        _ => Ok((name, vec![scalar(raw)?])),
    };
    members.into_iter().map(values).collect()
}

fn read_grants(raw: &RawValue, caller: &Caller) -> Result<Vec<Grant>, SimulationError> {
    let items = match json::open(raw)? {
        Json::Null => return Ok(Vec::new()),
        Json::Array(items) if items.len() <= LIST_MAX => items,
        _ => return Err(SimulationError::WrongType("grants")),
    };
    items.into_iter().map(|item| read_grant(object(item, "grants")?, caller)).collect()
}

fn read_grant(members: Members<'_>, caller: &Caller) -> Result<Grant, SimulationError> {
    let mut grant = Grant::default();
    for (name, value) in members {
        match name.to_ascii_lowercase().as_str() {
            "keyid" => grant.key = optional_text(value, "KeyId")?,
            "granteeprincipal" => grant.grantee = optional_text(value, "GranteePrincipal")?,
            "granteeserviceprincipal" => {
                grant.grantee_service = optional_text(value, "GranteeServicePrincipal")?;
            }
            "operations" => grant.operations = read_operations(value)?,
            "constraints" => read_constraints(value, &mut grant)?,
            _ => {}
        }
    }
    grant.grantee_id = grant.grantee.as_deref().and_then(|arn| caller.bind(arn));
    Ok(grant)
}

fn read_operations(raw: &RawValue) -> Result<Vec<keyward_model::GrantOperation>, SimulationError> {
    let Json::Array(items) = json::open(raw)? else {
        return Err(SimulationError::WrongType("Operations"));
    };
    let operation = |raw: &RawValue| {
        let name = text(raw, "Operations")?;
        name.parse()
            .map_err(|_| SimulationError::NotAGrantOperation(name.chars().take(64).collect()))
    };
    items.into_iter().map(operation).collect()
}

fn read_constraints(raw: &RawValue, grant: &mut Grant) -> Result<(), SimulationError> {
    if matches!(json::open(raw)?, Json::Null) {
        return Ok(());
    }
    for (name, value) in object(raw, "Constraints")? {
        match name.to_ascii_lowercase().as_str() {
            "encryptioncontextequals" => grant.equals = read_pairs(value)?,
            "encryptioncontextsubset" => grant.subset = read_pairs(value)?,
            "sourcearn" => grant.source_arn = optional_text(value, "SourceArn")?,
            _ => {}
        }
    }
    Ok(())
}

fn read_pairs(raw: &RawValue) -> Result<Option<Vec<(String, String)>>, SimulationError> {
    if matches!(json::open(raw)?, Json::Null) {
        return Ok(None);
    }
    let pair = |(name, value): (String, &RawValue)| Ok((name, text(value, "Constraints")?));
    object(raw, "Constraints")?.into_iter().map(pair).collect::<Result<_, _>>().map(Some)
}

fn object<'a>(raw: &'a RawValue, name: &'static str) -> Result<Members<'a>, SimulationError> {
    match json::open(raw)? {
        Json::Object(members) if members.len() <= LIST_MAX => Ok(members),
        _ => Err(SimulationError::WrongType(name)),
    }
}

fn text(raw: &RawValue, name: &'static str) -> Result<String, SimulationError> {
    optional_text(raw, name)?.ok_or(SimulationError::WrongType(name))
}

fn optional_text(raw: &RawValue, name: &'static str) -> Result<Option<String>, SimulationError> {
    match json::open(raw)? {
        Json::Null => Ok(None),
        Json::Text(text) => Ok(Some(text)),
        _ => Err(SimulationError::WrongType(name)),
    }
}
