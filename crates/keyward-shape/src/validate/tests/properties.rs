//! For any body: nothing panics, and the typed shape and the validator agree.

use proptest::prelude::*;

use super::super::*;
use crate::decode::{Readings, readings};
use crate::samples::{REQUEST, Request};

/// Any JSON, with the member names and words of the sample table mixed in.
fn json() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("AES_256".to_owned()),
        Just("Encrypt".to_owned()),
        Just("Zm9v".to_owned()),
        Just(String::new()),
        "[a-zA-Z0-9+/=\\\\ué\" ]{0,24}",
    ];
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        (0..2000_i32).prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |value| value.is_finite())
            .prop_map(|value| value.to_string()),
        word.prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    scalar.prop_recursive(4, 64, 8, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let object = prop::collection::vec((member(), inner), 0..8);
        prop_oneof![
            list.prop_map(|values| format!("[{}]", values.join(","))),
            object.prop_map(|pairs| written(&pairs)),
        ]
    })
}

fn member() -> impl Strategy<Value = &'static str> {
    let names: Vec<_> = REQUEST.members.iter().map(|member| member.name).collect();
    prop::sample::select([names, vec!["TagKey", "TagValue", "Unknown"]].concat())
}

fn written(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", pairs.join(","))
}

/// An object that has the required member, so that the others decide.
fn body() -> impl Strategy<Value = String> {
    prop::collection::vec((member(), json()), 0..6).prop_map(|mut pairs| {
        pairs.push(("KeyId", "\"k\"".to_owned()));
        written(&pairs)
    })
}

/// A sound body is read; one with a violation is never read at once.
fn agree(body: &[u8]) -> bool {
    let Readings { at_once, leniently } = readings::<Request<'_>>(body);
    if validate(&REQUEST, body).is_ok() { at_once || leniently } else { !at_once }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(agree(&body));
    }

    #[test]
    fn any_json_is_read_exactly_when_the_validator_finds_nothing(body in json()) {
        prop_assert!(agree(body.as_bytes()), "{body}");
    }

    #[test]
    fn any_members_are_read_exactly_when_the_validator_finds_nothing(body in body()) {
        prop_assert!(agree(body.as_bytes()), "{body}");
    }

    #[test]
    fn cut_json_is_answered(body in body(), end in 0..400_usize) {
        let cut = body.as_bytes().get(..end).unwrap_or(body.as_bytes());
        prop_assert!(agree(cut));
    }

    #[test]
    fn an_answer_is_bounded(body in body()) {
        if let Err(Violation::Constraints(clauses)) = validate(&REQUEST, body.as_bytes()) {
            let message = clauses.message();
            prop_assert!(message.len() < 100_000);
        }
    }
}
