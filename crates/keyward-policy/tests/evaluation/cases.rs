//! Every case under `vectors/policy/simulate`: an input, and how it ends.

use std::fs;
use std::path::Path;

use keyward_policy::{PolicyKind, simulate};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::naive::{Decision, Input};

/// A file that vanished or was emptied must not pass.
const CASES_MIN: usize = 300;

#[derive(Deserialize)]
struct Suite {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) input: Box<RawValue>,
    pub(crate) decision: String,
    /// The layer that denies, or is silent.
    pub(crate) layer: Option<String>,
}

pub(crate) fn all() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/policy/simulate");
    let mut paths: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let suite: Suite = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(!suite.cases.is_empty(), "{file} has no case");
        cases.extend(
            suite
                .cases
                .into_iter()
                .map(|case| Case { name: format!("{file}: {}", case.name), ..case }),
        );
    }
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
    cases
}

pub(crate) fn spelled(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "Allowed",
        Decision::ImplicitlyDenied => "ImplicitlyDenied",
        Decision::ExplicitlyDenied => "ExplicitlyDenied",
    }
}

#[test]
fn the_naive_evaluator_decides_every_case_as_it_says() {
    let wrong: Vec<String> = all()
        .iter()
        .filter_map(|case| {
            let decision = match Input::read(case.input.get()) {
                Ok(input) => spelled(input.decide()).to_owned(),
                Err(error) => error,
            };
            (decision != case.decision)
                .then(|| format!("{}: {decision}, not {}", case.name, case.decision))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn kind_of(layer: &str) -> PolicyKind {
    match layer {
        "identity" => PolicyKind::Identity,
        "resource" => PolicyKind::Resource,
        "boundary" => PolicyKind::Boundary,
        "session" => PolicyKind::Session,
        "scp" => PolicyKind::ServiceControl,
        "rcp" => PolicyKind::ResourceControl,
        other => panic!("no layer is called {other}"),
    }
}

#[test]
fn every_case_ends_as_it_says_and_for_that_reason() {
    let wrong: Vec<String> = all()
        .iter()
        .filter_map(|case| {
            let simulation = match simulate(case.input.get()) {
                Ok(simulation) => simulation,
                Err(error) => return Some(format!("{}: {error}", case.name)),
            };
            let layer = case.layer.as_deref().map(kind_of);
            let is_right = simulation.decision() == case.decision
                && layer.is_none_or(|kind| simulation.refusing_kind() == Some(kind));
            (!is_right).then(|| {
                let (decision, because) = (simulation.decision(), simulation.because());
                format!("{}: {decision} ({because}), not {}", case.name, case.decision)
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_misspelt_layer_is_refused_unless_it_says_nothing() {
    let with = |member: &str| {
        simulate(&format!(
            r#"{{"request": {{"action": "s3:GetObject", "resource": "*", "principal": "*"}}, {member}}}"#
        ))
    };
    let policy = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    assert!(with(&format!(r#""identityPolicy": {policy}"#)).is_err());
    assert!(with(r#""identityPolicy": []"#).is_ok());
    assert!(with(r#""name": "a case""#).is_ok());
}

#[test]
fn what_iam_refuses_in_a_policy_of_its_kind_is_an_error() {
    let with = |member: &str, statement: &str| {
        simulate(&format!(
            r#"{{"request": {{"action": "s3:GetObject", "resource": "*", "principal": "*"}},
                "{member}": {{"Statement": {statement}}}}}"#
        ))
        .map(|simulation| simulation.decision())
    };
    let plain = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let named = r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}"#;
    let partial = r#"{"Effect": "Allow", "Action": "*"}"#;
    for member in ["identityPolicies", "permissionsBoundaries", "sessionPolicies"] {
        assert_eq!(with(member, plain), Ok("ImplicitlyDenied"), "{member}");
        assert!(with(member, named).is_err(), "{member}");
        assert!(with(member, partial).is_err(), "{member}");
    }
    assert_eq!(with("resourcePolicy", named), Ok("Allowed"));
    assert!(with("resourcePolicy", plain).is_err());
}
