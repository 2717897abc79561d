//! Every case under `vectors/policy` that asks for a decision: what a pattern covers, whether a
//! condition holds, and how whole requests end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a case that cannot be read must fail")]

mod callers;
mod context;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use keyward_policy::{
    Decision, Explanation, GrantRoute, KeySide, Layers, NoContext, Policy, Request, RequestContext,
    ResourceSide, RoleSide, Subject, decide_account, decide_assume_role, decide_key,
    decide_resource, decide_unless_denied, parse,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use context::Values;

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

// A file that vanished or was emptied must not pass.
const MATCHES_MIN: usize = 68;
const CONDITIONS_MIN: usize = 517;
const DECISIONS_MIN: usize = 285;

#[derive(Deserialize)]
struct Suite<T> {
    cases: Vec<T>,
}

fn cases<T: DeserializeOwned>(folder: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/policy").join(folder);
    let mut cases = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let suite = serde_json::from_str::<Suite<T>>(&fs::read_to_string(&path).unwrap());
        cases.extend(suite.unwrap_or_else(|error| panic!("{}: {error}", path.display())).cases);
    }
    cases
}

fn policy(document: &str) -> Policy {
    Policy::compile_unbound(&parse(document).unwrap())
}

fn alice<'a>(action: &'a str, resource: &'a str, context: &'a dyn RequestContext) -> Request<'a> {
    Request { action, resource, subject: callers::find("alice"), context }
}

fn decide_alone(policy: Policy, request: &Request<'_>) -> Decision {
    decide_account(request, &Layers { identity: &[Arc::new(policy)], ..Layers::default() })
}

#[derive(Deserialize)]
struct Match {
    name: String,
    element: String,
    pattern: String,
    value: String,
    matches: bool,
    version: Option<String>,
    #[serde(default)]
    context: Values,
}

impl Match {
    /// Whether a statement with this one pattern applies.
    fn applies(&self, element: &str) -> bool {
        let (other, request) = if self.element == "Action" {
            ("Resource", alice(&self.value, KEY, &self.context))
        } else {
            ("Action", alice("kms:Encrypt", &self.value, &self.context))
        };
        let statement = json!({"Effect": "Allow", element: [self.pattern], other: "*"});
        let version = self.version.as_deref().unwrap_or("2012-10-17");
        let document = json!({"Version": version, "Statement": statement}).to_string();
        decide_alone(policy(&document), &request).is_allowed()
    }
}

#[test]
fn a_pattern_covers_what_its_case_says_and_its_negative_form_the_rest() {
    let (mut count, mut failures) = (0, Vec::new());
    for case in cases::<Match>("match") {
        if case.applies(&case.element) != case.matches {
            failures.push(case.name.clone());
        }
        if case.applies(&format!("Not{}", case.element)) == case.matches {
            failures.push(format!("negative form: {}", case.name));
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(count >= MATCHES_MIN, "only {count} cases");
}

#[derive(Deserialize)]
struct Conditional {
    name: String,
    condition: Box<RawValue>,
    version: Option<String>,
    context: Values,
    holds: bool,
}

impl Conditional {
    /// The end of a request of alice's under one statement with this condition, allowed otherwise.
    fn decide(&self, effect: &str) -> Decision {
        let statement = format!(
            r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{}}}"#,
            self.condition.get()
        );
        let version = match self.version.as_deref() {
            Some("none") => String::new(),
            version => format!(r#""Version":"{}","#, version.unwrap_or("2012-10-17")),
        };
        let allow = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let statements =
            if effect == "Allow" { statement } else { format!("[{allow},{statement}]") };
        let document = format!(r#"{{{version}"Statement":{statements}}}"#);
        decide_alone(policy(&document), &alice("kms:Encrypt", KEY, &self.context))
    }
}

#[test]
fn a_condition_holds_as_its_case_says_whatever_the_effect() {
    let (mut count, mut failures) = (0, Vec::new());
    for case in cases::<Conditional>("condition") {
        if case.decide("Allow").is_allowed() != case.holds {
            failures.push(case.name.clone());
        }
        if case.decide("Deny").is_allowed() == case.holds {
            failures.push(format!("deny: {}", case.name));
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(count >= CONDITIONS_MIN, "only {count} cases");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    caller: String,
    expect: String,
    #[serde(default = "key")]
    decide: String,
    #[serde(default = "encrypt")]
    action: String,
    #[serde(default = "key_arn")]
    resource: String,
    #[serde(default)]
    context: Values,
    policy: Option<Value>,
    #[serde(default)]
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Vec<Value>>,
    #[serde(default)]
    service_control: Vec<Vec<Value>>,
    #[serde(default)]
    resource_control: Vec<Vec<Value>>,
    vpc_endpoint: Option<Value>,
    #[serde(default)]
    bind: BTreeMap<String, String>,
    #[serde(default = "is_cross_account")]
    cross_account: bool,
    grant: Option<String>,
}

fn key() -> String {
    "key".to_owned()
}

fn encrypt() -> String {
    "kms:Encrypt".to_owned()
}

fn key_arn() -> String {
    KEY.to_owned()
}

fn is_cross_account() -> bool {
    true
}

impl Case {
    fn compile(&self, document: &Value) -> Arc<Policy> {
        let bind = |arn: &str| self.bind.get(arn).map(|id| id.as_str().into());
        let document =
            parse(&document.to_string()).unwrap_or_else(|it| panic!("{}: {it}", self.name));
        Arc::new(Policy::compile(&document, &bind))
    }

    fn compile_all(&self, documents: &[Value]) -> Vec<Arc<Policy>> {
        documents.iter().map(|document| self.compile(document)).collect()
    }

    fn decide(&self, subject: Subject<'_>) -> Decision {
        let identity = self.compile_all(&self.identity);
        let boundary = self.boundary.as_ref().map(|document| self.compile(document));
        let session = self.session.as_ref().map(|documents| self.compile_all(documents));
        let levels = |levels: &[Vec<Value>]| -> Vec<_> {
            levels.iter().map(|level| self.compile_all(level)).collect()
        };
        let (service_control, resource_control) =
            (levels(&self.service_control), levels(&self.resource_control));
        let vpc_endpoint = self.vpc_endpoint.as_ref().map(|document| self.compile(document));
        let layers = Layers {
            identity: &identity,
            boundary: boundary.as_deref(),
            session: session.as_deref(),
            service_control: &service_control,
            resource_control: &resource_control,
            vpc_endpoint: vpc_endpoint.as_deref(),
        };
        let request = Request {
            action: &self.action,
            resource: &self.resource,
            subject,
            context: &self.context,
        };
        self.decide_among(&request, &layers)
    }

    /// The decision, which must be the one that is explained.
    fn decide_among(&self, request: &Request<'_>, layers: &Layers<'_>) -> Decision {
        let policy = self.policy.as_ref().map(|document| self.compile(document));
        let account = ACCOUNT;
        let (decision, explanation) = match self.decide.as_str() {
            "key" => {
                let key = KeySide {
                    account,
                    policy: policy.as_deref().unwrap(),
                    is_cross_account: self.cross_account,
                    grant: grant(self.grant.as_deref()),
                };
                (decide_key(request, layers, &key), Explanation::of_key(request, layers, &key))
            }
            "role" => {
                let role = RoleSide { account, trust_policy: policy.as_deref().unwrap() };
                let explanation = Explanation::of_assume_role(request, layers, &role);
                (decide_assume_role(request, layers, &role), explanation)
            }
            "resource" => {
                let resource = ResourceSide { account, policy: policy.as_deref() };
                let explanation = Explanation::of_resource(request, layers, &resource);
                (decide_resource(request, layers, &resource), explanation)
            }
            "account" => {
                (decide_account(request, layers), Explanation::of_account(request, layers))
            }
            other => {
                assert_eq!(other, "unless-denied");
                return decide_unless_denied(request, layers);
            }
        };
        assert_eq!(explanation.decision, decision, "{}", self.name);
        decision
    }
}

fn grant(name: Option<&str>) -> GrantRoute {
    match name {
        None => GrantRoute::None,
        Some("ChildTooBroad") => GrantRoute::ChildTooBroad,
        Some("Account") => GrantRoute::Account,
        Some("Caller") => GrantRoute::Caller,
        Some(other) => panic!("no grant route `{other}`"),
    }
}

#[test]
fn every_request_ends_as_its_case_says() {
    let (mut count, mut failures) = (0, Vec::new());
    for case in cases::<Case>("decision") {
        let found = format!("{:?}", case.decide(callers::find(&case.caller)));
        if found != case.expect {
            failures.push(format!("{}: {found}, not {}", case.name, case.expect));
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(count >= DECISIONS_MIN, "only {count} cases");
}

#[test]
fn an_explanation_names_the_statements_that_apply() {
    let key_policy = policy(
        r#"{"Statement":[
            {"Sid":"Use","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"},
            {"Sid":"Never","Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"},
            {"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}"#,
    );
    let identity =
        [Arc::new(policy(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#))];
    let layers = Layers { identity: &identity, ..Layers::default() };
    let side = KeySide {
        account: ACCOUNT,
        policy: &key_policy,
        is_cross_account: true,
        grant: GrantRoute::None,
    };
    let explanation = Explanation::of_key(&alice("kms:Encrypt", KEY, &NoContext), &layers, &side);
    let named: Vec<_> = explanation
        .statements
        .iter()
        .map(|it| {
            format!("{:?} {} {} {:?} {:?}", it.kind, it.policy, it.statement, it.sid, it.effect)
        })
        .collect();
    assert_eq!(
        named,
        [
            r#"Resource 0 1 Some("Never") Deny"#,
            "Resource 0 2 None Allow",
            "Identity 0 0 None Allow",
        ]
    );
}
