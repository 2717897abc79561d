//! The table itself, and the samples with which [`keyward_shape::disagreements`] holds the
//! operations' shapes against it.

use keyward_shape::{
    Constraint as _, Readings, Shape, Structure, Violation, disagreements, validate,
};

use super::*;

/// A text for every pattern of the model.
pub(crate) const SAMPLES: &[&str] = &[
    "111122223333",
    "arn:aws:s3:us-east-1:111122223333:a",
    "cluster-abcdefghijk",
    "https://xks.example.com",
    "/kms/xks/v1",
    "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
    "us-east-1",
    "s3.amazonaws.com",
    "ABCDEFGHIJKLMNOPQRST",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];

fn refusal(structure: &'static Structure, body: &str) -> String {
    match validate(structure, body.as_bytes()) {
        Err(Violation::Constraints(clauses)) => clauses.message(),
        other => panic!("{body}: {other:?}"),
    }
}

/// Every shape reachable from `shape`, itself included. The model has no cycles.
fn shapes(shape: Shape) -> Vec<Shape> {
    let inner: Vec<Shape> = match shape {
        Shape::List(list) => shapes(list.member),
        Shape::Structure(structure) => {
            structure.members.iter().flat_map(|member| shapes(member.shape)).collect()
        }
        _ => Vec::new(),
    };
    [vec![shape], inner].concat()
}

#[test]
fn the_table_has_every_operation_once_by_name() {
    assert_eq!(OPERATIONS.len(), 56);
    assert!(OPERATIONS.is_sorted_by(|a, b| a.name < b.name));
}

#[test]
fn every_pattern_can_be_read() {
    let structures = OPERATIONS
        .iter()
        .flat_map(|operation| [Some(operation.input), operation.output].into_iter().flatten());
    let mut patterns = 0;
    for shape in structures.flat_map(|structure| shapes(Shape::Structure(structure))) {
        if let Shape::Text(text) = shape
            && let Some(pattern) = &text.pattern
        {
            assert!(pattern.is_valid(), "{}", pattern.text());
            patterns += 1;
        }
    }
    assert!(patterns > 50, "only {patterns} patterns were found");
}

#[test]
fn the_samples_satisfy_every_request() {
    for operation in OPERATIONS {
        let found = disagreements(operation.input, SAMPLES, |body| {
            let is_sound = validate(operation.input, body).is_ok();
            Readings { at_once: is_sound, leniently: is_sound }
        });
        assert_eq!(found, Vec::<String>::new(), "{}", operation.name);
    }
}

#[test]
fn an_unknown_key_spec_lists_the_words_in_the_order_the_service_does() {
    assert_eq!(
        refusal(&CREATE_KEY_REQUEST, r#"{"KeySpec":"AES"}"#),
        "1 validation error detected: Value 'AES' at 'keySpec' failed to satisfy constraint: \
         Member must satisfy enum value set: [RSA_2048, ECC_NIST_P384, ECC_NIST_P256, \
         ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, \
         HMAC_256, HMAC_224, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87, \
         ECC_NIST_EDWARDS25519, ML_KEM_512, ML_KEM_768, ML_KEM_1024]"
    );
}

#[test]
fn generate_data_key_accepts_data_key_specs_but_lists_key_specs() {
    let body = |spec| format!(r#"{{"KeyId":"k","KeySpec":"{spec}"}}"#);
    assert!(validate(&GENERATE_DATA_KEY_REQUEST, body("AES_256").as_bytes()).is_ok());
    let text = refusal(&GENERATE_DATA_KEY_REQUEST, &body("RSA_2048"));
    assert!(text.contains("enum value set: [RSA_2048, ECC_NIST_P384, "), "{text}");
    let text = refusal(&GENERATE_DATA_KEY_WITHOUT_PLAINTEXT_REQUEST, &body("RSA_2048"));
    assert!(text.ends_with("enum value set: [AES_256, AES_128]"), "{text}");
}

#[test]
fn pages_are_bounded_by_the_operation_not_by_the_model() {
    assert_eq!(
        refusal(&LIST_ALIASES_REQUEST, r#"{"Limit":101}"#),
        "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member \
         must have value less than or equal to 100"
    );
    assert!(validate(&LIST_KEYS_REQUEST, br#"{"Limit":1000}"#).is_ok());
    assert_eq!(ListResourceTagsLimit::SHAPE.max, 50);
}

#[test]
fn sensitive_shapes_are_the_models() {
    let (blob, text) = (PlaintextType::SHAPE, KeyStorePasswordType::SHAPE);
    assert!(blob.sensitive && text.sensitive);
    assert!(!CiphertextType::SHAPE.sensitive);
}
