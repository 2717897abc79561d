//! Every case under `vectors/policy/simulate`: an input, and how it ends.

use std::fs;
use std::path::Path;

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
