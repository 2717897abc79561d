use super::*;
use crate::samples::REQUEST;

mod properties;

fn message(body: &str) -> String {
    match validate(&REQUEST, body.as_bytes()) {
        Err(Violation::Constraints(clauses)) => clauses.message(),
        other => panic!("{body}: {other:?}"),
    }
}

fn serialization(body: impl AsRef<[u8]>) -> Option<String> {
    match validate(&REQUEST, body.as_ref()) {
        Err(Violation::Serialization(text)) => text,
        other => panic!("{:?}: {other:?}", body.as_ref()),
    }
}

/// The one violation of a body that is sound but for `member`.
fn one(member: &str) -> String {
    let text = message(&format!(r#"{{"KeyId":"k",{member}}}"#));
    text.strip_prefix("1 validation error detected: ").map(str::to_owned).unwrap_or(text)
}

#[test]
fn an_absent_or_null_required_member_must_not_be_null() {
    let expected = "1 validation error detected: Value null at 'keyId' failed to satisfy \
                    constraint: Member must not be null";
    for body in ["", "{}", " { } ", r#"{"KeyId":null}"#, r#"{"keyId":"k"}"#] {
        assert_eq!(message(body), expected, "{body}");
    }
}

#[test]
fn text_too_short_is_worded() {
    assert_eq!(
        message(r#"{"KeyId":""}"#),
        "1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: Member \
         must have length greater than or equal to 1"
    );
}

#[test]
fn text_too_long_is_worded() {
    assert_eq!(
        one(r#""Description":"nine char""#),
        "Value 'nine char' at 'description' failed to satisfy constraint: Member must have length \
         less than or equal to 8"
    );
}

#[test]
fn a_number_outside_its_range_is_worded() {
    assert_eq!(
        one(r#""NumberOfBytes":0"#),
        "Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater \
         than or equal to 1"
    );
    assert_eq!(
        one(r#""NumberOfBytes":99999999999"#),
        "Value '99999999999' at 'numberOfBytes' failed to satisfy constraint: Member must have \
         value less than or equal to 1024"
    );
}

#[test]
fn a_pattern_is_shown_as_the_model_writes_it() {
    assert_eq!(
        one(r#""AliasName":"alias/a b""#),
        "Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
    );
}

#[test]
fn an_enum_lists_the_set_the_service_shows() {
    assert_eq!(
        one(r#""KeySpec":"AES-256""#),
        "Value 'AES-256' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value \
         set: [RSA_2048, HMAC_256]"
    );
}

#[test]
fn a_list_of_the_wrong_size_is_worded() {
    assert_eq!(
        one(r#""GrantTokens":["a","b","c"]"#),
        "Value '[a, b, c]' at 'grantTokens' failed to satisfy constraint: Member must have length \
         less than or equal to 2"
    );
}

#[test]
fn scalar_elements_share_one_clause_with_all_their_rules() {
    assert_eq!(
        one(r#""Operations":["Encrypt","encrypt","decrypt"]"#),
        "Value '[Encrypt, encrypt, decrypt]' at 'operations' failed to satisfy constraint: Member \
         must satisfy constraint: [Member must satisfy enum value set: [Decrypt, Encrypt]]"
    );
    assert_eq!(
        one(r#""GrantTokens":["","a"]"#),
        "Value '[, a]' at 'grantTokens' failed to satisfy constraint: Member must satisfy \
         constraint: [Member must have length less than or equal to 16, Member must have length \
         greater than or equal to 1]"
    );
}

#[test]
fn members_of_listed_structures_have_paths_counted_from_one() {
    assert_eq!(
        message(r#"{"KeyId":"k","Tags":[{"TagKey":"","TagValue":"v"},{"TagKey":"k"}]}"#),
        "2 validation errors detected: Value '' at 'tags.1.member.tagKey' failed to satisfy \
         constraint: Member must have length greater than or equal to 1; Value null at \
         'tags.2.member.tagValue' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        one(r#""Tags":[null]"#),
        "Value null at 'tags.1.member' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        one(r#""Tag":{"TagKey":"k"}"#),
        "Value null at 'tag.tagValue' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn sensitive_values_are_not_shown() {
    assert_eq!(
        one(r#""Plaintext":"AAAAAAAAAAAA""#),
        "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or \
         equal to 8"
    );
    assert_eq!(
        one(r#""Password":"short""#),
        "Value at 'password' failed to satisfy constraint: Member must have length greater than or \
         equal to 7"
    );
}

#[test]
fn public_blobs_are_shown_as_java_buffers() {
    assert_eq!(
        one(r#""CiphertextBlob":"AAAAAAAAAAA=""#),
        "Value 'java.nio.HeapByteBuffer[pos=0 lim=8 cap=8]' at 'ciphertextBlob' failed to satisfy \
         constraint: Member must have length less than or equal to 6"
    );
}

#[test]
fn every_violation_is_reported_in_the_order_of_the_model() {
    assert_eq!(
        message(r#"{"KeySpec":"x","AliasName":"this name is too long","KeyId":""}"#),
        "4 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member \
         must have length greater than or equal to 1; Value 'this name is too long' at 'aliasName' \
         failed to satisfy constraint: Member must have length less than or equal to 20; Value \
         'this name is too long' at 'aliasName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: ^[a-zA-Z0-9:/_-]+$; Value 'x' at 'keySpec' failed to satisfy \
         constraint: Member must satisfy enum value set: [RSA_2048, HMAC_256]"
    );
}

#[test]
fn of_a_repeated_member_the_last_value_is_checked() {
    assert!(validate(&REQUEST, br#"{"KeyId":"","KeyId":"k"}"#).is_ok());
    assert!(message(r#"{"KeyId":"k","KeyId":""}"#).starts_with("1 validation error detected"));
}

#[test]
fn unknown_members_are_ignored_at_every_depth_but_must_be_json() {
    let body = r#"{"KeyId":"k","X":{"y":[1,{}]},"Tag":{"TagKey":"a","TagValue":"b","Z":[]}}"#;
    assert!(validate(&REQUEST, body.as_bytes()).is_ok());
    assert_eq!(serialization(r#"{"KeyId":"k","X":{"y":[1,}]}}"#), None);
}

#[test]
fn scalars_of_the_wrong_type_are_worded() {
    let cases = [
        (r#"{"KeyId":7}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"KeyId":true}"#, "TRUE_VALUE can not be converted to a String"),
        (r#"{"KeySpec":false}"#, "FALSE_VALUE can not be converted to a String"),
        (r#"{"NumberOfBytes":"1"}"#, "STRING_VALUE can not be converted to a Integer"),
        (r#"{"DryRun":"true"}"#, "STRING_VALUE can not be converted to a Boolean"),
        (r#"{"ValidTo":"now"}"#, "STRING_VALUE can not be converted to milliseconds since epoch"),
        (r#"{"Plaintext":7}"#, "NUMBER_VALUE can not be converted to a Blob"),
        (r#"{"GrantTokens":"a"}"#, "Expected list or null"),
        (r#"{"Tag":"a"}"#, "Expected null"),
        (r#"{"EncryptionContext":1}"#, "Expected null"),
    ];
    for (body, text) in cases {
        assert_eq!(serialization(body).as_deref(), Some(text), "{body}");
    }
}

#[test]
fn structures_and_lists_in_the_wrong_place_are_worded() {
    let object = "Start of structure or map found where not expected.";
    let list = "Start of list found where not expected";
    let cases = [
        (r#"{"KeyId":{}}"#, object),
        (r#"{"Plaintext":{}}"#, object),
        (r#"{"GrantTokens":{}}"#, object),
        (r#"{"EncryptionContext":{"a":{}}}"#, object),
        (r#"{"KeyId":[]}"#, list),
        (r#"{"CiphertextBlob":[]}"#, list),
        (r#"{"Tag":[]}"#, list),
        (r#"{"EncryptionContext":{"a":[]}}"#, list),
    ];
    for (body, text) in cases {
        assert_eq!(serialization(body).as_deref(), Some(text), "{body}");
    }
}

#[test]
fn what_is_not_a_json_object_is_a_serialization_error() {
    for body in
        [" ", "null", "{", "{\"KeyId\":\"k\"} x", "{\"KeyId\":\"\\ud800\"}", "nul", "{'a':1}"]
    {
        assert_eq!(serialization(body), None, "{body}");
    }
    assert_eq!(serialization(b"{\"KeyId\":\"\xff\"}"), None);
    assert!(serialization("[]").is_some());
}

#[test]
fn bad_base64_is_a_serialization_error() {
    for text in ["Zg", "Zg=", "Z!==", "-_-_", "Zh=="] {
        assert_eq!(serialization(format!(r#"{{"Plaintext":"{text}"}}"#)), None, "{text}");
    }
}

#[test]
fn the_first_wrong_type_wins_over_every_limit() {
    let text = serialization(r#"{"KeyId":"","DryRun":1,"NumberOfBytes":"1"}"#);
    assert_eq!(text.as_deref(), Some("NUMBER_VALUE can not be converted to a Boolean"));
}

#[test]
fn numbers_and_booleans_are_text_in_a_map() {
    let body = r#"{"KeyId":"k","EncryptionContext":{"a":10103.0,"b":true,"c":null,"d":"x"}}"#;
    assert!(validate(&REQUEST, body.as_bytes()).is_ok());
}

#[test]
fn nesting_is_bounded() {
    let deep = "[".repeat(100_000);
    assert_eq!(serialization(format!("{{\"X\":{deep}")), None);
    assert!(serialization(format!("{{\"Tags\":{deep}")).is_some());
    let closed = format!("{{\"KeyId\":\"k\",\"X\":{deep}{}}}", "]".repeat(100_000));
    assert!(validate(&REQUEST, closed.as_bytes()).is_ok());
}

#[test]
fn the_answer_to_a_huge_value_is_bounded() {
    let long = message(&format!(r#"{{"KeyId":"{}"}}"#, "é".repeat(100_000)));
    assert_eq!(long.matches('é').count(), 1000);
    assert!(long.contains("é...' at 'keyId'"));
    let tokens = vec!["\"\""; 100_000].join(",");
    assert!(message(&format!(r#"{{"KeyId":"k","GrantTokens":[{tokens}]}}"#)).len() < 4000);
    let tags = vec!["{}"; 100_000].join(",");
    let many = message(&format!(r#"{{"KeyId":"k","Tags":[{tags}]}}"#));
    assert!(many.starts_with("200000 validation errors detected: "));
    assert_eq!(many.matches("must not be null").count(), 100);
}
