//! Texts that are too long, too deep or too wide are refused, and cheaply.

use keyward_policy::{
    DOCUMENT_BYTES_MAX, KEY_POLICY_BYTES_MAX, KeyPolicy, KeyPolicyError, LIST_MAX, ParseError,
    STATEMENTS_MAX, parse,
};

const STATEMENT: &str = r#"{"Effect":"Allow","Principal":"*"}"#;

fn document_of(statements: usize) -> String {
    format!(r#"{{"Statement":[{}]}}"#, vec![STATEMENT; statements].join(","))
}

fn padded_to(bytes: usize) -> String {
    let document = document_of(1);
    let space = " ".repeat(bytes - document.len());
    document + &space
}

fn document_with_actions(actions: usize) -> String {
    format!(
        r#"{{"Statement":{{"Effect":"Allow","Action":[{}]}}}}"#,
        vec!["\"a\""; actions].join(",")
    )
}

#[test]
fn a_key_policy_may_fill_its_size_and_no_byte_more() {
    let exact = padded_to(KEY_POLICY_BYTES_MAX);
    assert_eq!(KeyPolicy::check_length(&exact), Ok(()));
    assert_eq!(KeyPolicy::check_length(&format!("{exact} ")), Err(KeyPolicyError::TooLong));
}

#[test]
fn the_size_of_a_key_policy_is_counted_in_bytes() {
    let text = "\u{e9}".repeat(KEY_POLICY_BYTES_MAX / 2 + 1);
    assert_eq!(KeyPolicy::check_length(&text), Err(KeyPolicyError::TooLong));
}

#[test]
fn a_text_beyond_the_api_maximum_is_not_parsed() {
    let exact = padded_to(DOCUMENT_BYTES_MAX);
    assert!(parse(&exact).is_ok());
    assert_eq!(parse(&format!("{exact} ")), Err(ParseError::TooLong));
}

#[test]
fn nesting_costs_an_error_and_no_stack() {
    for (open, close) in [("[", "]"), (r#"{"Statement":"#, "}"), (r#"{"a":["#, "]}")] {
        let depth = DOCUMENT_BYTES_MAX / (open.len() + close.len()) - 1;
        let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let unclosed = open.repeat(depth);
        for text in [text, unclosed] {
            assert!(parse(&text).is_err(), "{open}");
            assert!(parse(&format!(r#"{{"Statement":{text}}}"#)).is_err(), "{open} in a statement");
        }
    }
}

#[test]
fn the_number_of_statements_is_bounded() {
    assert!(parse(&document_of(STATEMENTS_MAX)).is_ok());
    assert_eq!(parse(&document_of(STATEMENTS_MAX + 1)), Err(ParseError::TooMany("Statement")));
}

#[test]
fn the_length_of_a_list_is_bounded() {
    assert!(parse(&document_with_actions(LIST_MAX)).is_ok());
    assert_eq!(parse(&document_with_actions(LIST_MAX + 1)), Err(ParseError::TooMany("Action")));
}

#[test]
fn the_number_of_members_is_bounded() {
    let members: Vec<_> = (0..=LIST_MAX).map(|index| format!(r#""{index}":[]"#)).collect();
    let condition = format!(r#"{{"Bool":{{{}}}}}"#, members.join(","));
    let text = format!(r#"{{"Statement":{{"Effect":"Allow","Condition":{condition}}}}}"#);
    assert_eq!(parse(&text), Err(ParseError::TooMany("Condition")));
}

#[test]
fn an_error_repeats_only_the_start_of_a_long_name() {
    let text = format!(r#"{{"{}":1}}"#, "x".repeat(10_000));
    assert_eq!(parse(&text), Err(ParseError::UnknownElement("x".repeat(64))));
}
