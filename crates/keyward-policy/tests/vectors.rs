//! Every case under `vectors/policy/key-policy`: a document, and how its check ends.

use std::fs;
use std::path::Path;

use keyward_policy::{KeyPolicy, KeyPolicyErrorClass, Principals};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A file that vanished or was emptied must not pass.
const CASES_MIN: usize = 150;

#[derive(Deserialize)]
struct Suite {
    cases: Vec<Case>,
}

/// A case has either `document`, or `text` for what is not a JSON object.
#[derive(Deserialize)]
struct Case {
    name: String,
    document: Option<Box<RawValue>>,
    text: Option<String>,
    refused: Option<Refusal>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Refusal {
    class: String,
    message: String,
}

/// The world that `principal.json` describes.
struct World;

impl Principals for World {
    fn account_exists(&self, account: &str) -> bool {
        ["111122223333", "444455556666"].contains(&account)
    }

    fn principal_exists(&self, arn: &str) -> bool {
        [
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:iam::111122223333:user/division/bob",
            "arn:aws:iam::111122223333:role/app",
            "arn:aws:iam::111122223333:role/service/KeyAdmin",
        ]
        .contains(&arn)
            || arn.starts_with("arn:aws:sts::111122223333:assumed-role/app/")
    }

    fn partition(&self) -> &'static str {
        "aws"
    }

    fn service_is_known(&self, service: &str) -> bool {
        ["ec2.amazonaws.com", "logs.us-west-2.amazonaws.com"].contains(&service)
    }
}

fn outcome(text: &str) -> Option<Refusal> {
    match KeyPolicy::check(text, &World) {
        Ok(policy) => {
            assert_eq!(policy.text(), text, "the text is kept as sent");
            None
        }
        Err(error) => Some(Refusal {
            class: match error.class() {
                KeyPolicyErrorClass::LimitExceeded => "LimitExceeded",
                KeyPolicyErrorClass::MalformedPolicyDocument => "MalformedPolicyDocument",
                KeyPolicyErrorClass::InvalidArn => "InvalidArn",
            }
            .to_owned(),
            message: error.to_string(),
        }),
    }
}

#[test]
fn every_vector_ends_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/policy/key-policy");
    let (mut count, mut failures) = (0, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let suite: Suite = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for case in suite.cases {
            let document = case.document.map(|document| document.get().to_owned());
            let found = outcome(&case.text.or(document).unwrap());
            if found != case.refused {
                failures.push(format!("{path:?}: {}: {found:?}", case.name));
            }
            count += 1;
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(count >= CASES_MIN, "only {count} cases");
}
