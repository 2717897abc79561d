//! From the JSON of a case to what is evaluated.

use std::collections::BTreeMap;

use keyward_policy::{Document, parse};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::grant::Grant;
use super::principal::Caller;

#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) resource_account: Option<String>,
    pub(crate) caller: Caller,
    pub(crate) context: BTreeMap<String, Vec<String>>,
    pub(crate) identity: Vec<Document>,
    pub(crate) scps: Vec<Vec<Document>>,
    pub(crate) rcps: Vec<Vec<Document>>,
    pub(crate) resource_policy: Option<Document>,
    pub(crate) boundaries: Vec<Document>,
    pub(crate) sessions: Vec<Document>,
    pub(crate) grants: Vec<Grant>,
}

type Raw = Option<Box<RawValue>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    request: Request,
    identity_policies: Raw,
    service_control_policies: Raw,
    resource_control_policies: Raw,
    resource_policy: Raw,
    permissions_boundaries: Raw,
    session_policies: Raw,
    #[serde(default)]
    grants: Option<Vec<Grant>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    action: String,
    resource: String,
    resource_account: Option<String>,
    principal: Value,
    #[serde(default)]
    context: Option<BTreeMap<String, Value>>,
}

impl Input {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let request = written.request;
        let caller = caller(&request.principal, &request.action)?;
        let of_arn = request.resource.split(':').nth(4).filter(|a| a.len() == 12);
        let resource_account = request
            .resource_account
            .clone()
            .or(of_arn.map(str::to_owned))
            .or(caller.account().map(str::to_owned));
        let mut input = Self {
            context: context(&request)?,
            action: request.action,
            resource: request.resource,
            resource_account,
            caller,
            identity: documents(&written.identity_policies)?,
            scps: levels(&written.service_control_policies)?,
            rcps: levels(&written.resource_control_policies)?,
            resource_policy: documents(&written.resource_policy)?.into_iter().next(),
            boundaries: documents(&written.permissions_boundaries)?,
            sessions: documents(&written.session_policies)?,
            grants: written.grants.unwrap_or_default(),
        };
        let told = input.context.get("aws:PrincipalArn").and_then(|arns| arns.first());
        let told = told.filter(|arn| input.caller.is_of_role(arn)).cloned();
        if let (Caller::Role { role_arn, is_path_known, .. }, Some(arn)) = (&mut input.caller, told)
            && !*is_path_known
        {
            *role_arn = arn;
            *is_path_known = true;
        }
        input.fill(request.resource_account.is_some());
        Ok(input)
    }

    /// What the service knows of every request without being told. What was given wins.
    fn fill(&mut self, is_resource_account_given: bool) {
        let (kind, arn, name, id) = match &self.caller {
            Caller::Anonymous => ("Anonymous", None, None, None),
            Caller::Provider { .. } => return,
            Caller::Service { name } => {
                let name = name.clone();
                self.put("aws:PrincipalIsAWSService", "true");
                self.put("aws:PrincipalServiceName", &name);
                ("Service", None, None, None)
            }
            Caller::Root { account } => (
                "Account",
                Some(format!("arn:aws:iam::{account}:root")),
                None,
                Some(account.clone()),
            ),
            Caller::User { arn, .. } => {
                ("User", Some(arn.clone()), arn.rsplit('/').next().map(str::to_owned), None)
            }
            Caller::Role { role_arn, .. } => ("AssumedRole", Some(role_arn.clone()), None, None),
            Caller::FederatedUser { arn, account } => {
                let name = arn.rsplit('/').next().unwrap_or_default();
                ("FederatedUser", Some(arn.clone()), None, Some(format!("{account}:{name}")))
            }
        };
        self.put("aws:PrincipalType", kind);
        let rest = [("aws:PrincipalArn", arn), ("aws:username", name), ("aws:userid", id)];
        for (key, value) in rest {
            if let Some(value) = value {
                self.put(key, &value);
            }
        }
        if let Some(account) = self.caller.account().map(str::to_owned) {
            self.put("aws:PrincipalAccount", &account);
            self.put("aws:PrincipalIsAWSService", "false");
            if self.action.to_lowercase().starts_with("kms:") {
                self.put("kms:CallerAccount", &account);
            }
        }
        if let Some(account) = self.resource_account.clone()
            && (self.resource != "*" || is_resource_account_given)
        {
            self.put("aws:ResourceAccount", &account);
        }
    }

    fn put(&mut self, key: &str, value: &str) {
        if !self.context.keys().any(|given| given.to_lowercase() == key.to_lowercase()) {
            self.context.insert(key.to_owned(), vec![value.to_owned()]);
        }
    }
}

fn caller(principal: &Value, action: &str) -> Result<Caller, String> {
    let (value, kind) = match principal {
        Value::Object(members) => {
            let (kind, value) = members.iter().next().ok_or("an empty principal")?;
            (value, Some(kind.as_str()))
        }
        other => (other, None),
    };
    let name = match value {
        Value::Array(names) => names.first().and_then(Value::as_str),
        other => other.as_str(),
    };
    let name = name.ok_or("a principal is a string")?;
    let is_federated = ["sts:assumerolewithwebidentity", "sts:assumerolewithsaml"]
        .contains(&action.to_lowercase().as_str());
    let is_bare = !name.starts_with("arn:") && name.contains('.');
    Caller::of(name, if is_federated && is_bare { Some("Federated") } else { kind })
}

fn context(request: &Request) -> Result<BTreeMap<String, Vec<String>>, String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err("a context value is a scalar or a list of them".to_owned()),
    };
    request
        .context
        .iter()
        .flatten()
        .map(|(key, value)| {
            let values = match value {
                Value::Array(items) => items.iter().map(scalar).collect::<Result<_, _>>()?,
                one => vec![scalar(one)?],
            };
            Ok((key.clone(), values))
        })
        .collect()
}

fn levels(raw: &Raw) -> Result<Vec<Vec<Document>>, String> {
    let Some(raw) = raw.as_ref().filter(|raw| raw.get() != "null") else { return Ok(Vec::new()) };
    let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(raw.get()) else {
        return Ok(vec![vec![document(raw)?]]);
    };
    if items.iter().any(|item| item.get().starts_with('[')) {
        items.into_iter().map(|item| documents(&Some(item))).collect()
    } else if items.is_empty() {
        Ok(Vec::new())
    } else {
        Ok(vec![items.iter().map(|item| document(item)).collect::<Result<_, _>>()?])
    }
}

fn documents(raw: &Raw) -> Result<Vec<Document>, String> {
    let Some(raw) = raw.as_ref().filter(|raw| raw.get() != "null") else { return Ok(Vec::new()) };
    match serde_json::from_str::<Vec<Box<RawValue>>>(raw.get()) {
        Ok(items) => items.iter().map(|item| document(item)).collect(),
        Err(_) => Ok(vec![document(raw)?]),
    }
}

/// A document, or a string that holds one.
fn document(raw: &RawValue) -> Result<Document, String> {
    let inner = serde_json::from_str::<String>(raw.get());
    parse(inner.as_deref().unwrap_or(raw.get())).map_err(|error| error.to_string())
}
