use std::borrow::Cow;

use super::*;
use crate::samples::{REQUEST, Request};

fn read(body: &str) -> Result<Request<'_>, Violation> {
    decode(&REQUEST, body.as_bytes())
}

#[test]
fn an_ordinary_body_is_read_in_one_pass_and_borrowed() {
    let body =
        r#"{"KeyId":"alias/a","Plaintext":"Zm9v","EncryptionContext":{"a":"b"},"Later":[1]}"#;
    let request = strictly::<Request<'_>>(body).unwrap();
    assert_eq!(request.plaintext.unwrap().expose(), b"foo");
    assert!(matches!(request.key_id.into_cow(), Cow::Borrowed("alias/a")));
}

#[test]
fn of_a_repeated_member_the_last_value_counts() {
    let body = r#"{"KeyId":"a","DryRun":true,"KeyId":"b","DryRun":false,"x":1,"x":2}"#;
    let request = read(body).unwrap();
    assert_eq!(request.key_id.as_str(), "b");
    assert!(!request.dry_run);
}

#[test]
fn null_is_the_same_as_absent() {
    let body = r#"{"KeyId":"a","DryRun":null,"GrantTokens":null,"Tag":null,"KeySpec":null,
        "EncryptionContext":null,"Tags":[{"TagKey":"a","TagValue":"b","TagValue":"c"}]}"#;
    let request = read(body).unwrap();
    assert!(!request.dry_run && request.tag.is_none() && request.key_spec.is_none());
    assert!(request.grant_tokens.is_empty() && request.encryption_context.is_empty());
    assert_eq!(request.tags.first().unwrap().tag_value.as_str(), "c");
    assert!(matches!(read(r#"{"KeyId":"a","KeyId":null}"#), Err(Violation::Constraints(_))));
}

#[test]
fn a_structure_is_not_read_from_an_array() {
    for body in
        [r#"["a"]"#, r#"{"KeyId":"a","Tag":["a","b"]}"#, r#"{"KeyId":"a","Tags":[["a","b"]]}"#]
    {
        assert!(matches!(read(body), Err(Violation::Serialization(_))), "{body}");
    }
}

#[test]
fn what_follows_the_object_is_refused() {
    assert!(read("{\"KeyId\":\"a\"} \n\t\r").is_ok());
    assert_eq!(read(r#"{"KeyId":"a"}{}"#).unwrap_err(), Violation::Serialization(None));
}
