use super::*;
use crate::document::Comparison;

fn only_statement(text: &str) -> Statement {
    parse(text).unwrap().statements.remove(0)
}

#[test]
fn a_document_without_a_version_has_the_old_one() {
    let text = r#"{"Statement":{"Effect":"Allow"}}"#;
    assert_eq!(parse(text).unwrap().version, Version::V2008_10_17);
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow"}}"#;
    assert_eq!(parse(text).unwrap().version, Version::V2012_10_17);
}

#[test]
fn condition_values_keep_their_text() {
    let statement = only_statement(
        r#"{"Statement":{"Effect":"Deny","Condition":{"NumericEqualsIfExists":
            {"kms:X":[90, 1.50, 1e3, 12345678901234567890123, true, "\u0061"]}}}}"#,
    );
    let [condition] = statement.conditions.as_slice() else { panic!("one operator") };
    assert_eq!(condition.operator.comparison, Comparison::NumericEquals);
    let values = ["90", "1.50", "1e3", "12345678901234567890123", "true", "a"];
    assert_eq!(condition.tests[0].key, "kms:X");
    assert_eq!(condition.tests[0].values, values);
}

#[test]
fn the_negative_forms_are_told_from_the_positive_ones() {
    let statement = only_statement(
        r#"{"Statement":[{"Effect":"Deny","NotPrincipal":"*","NotAction":"kms:*","Resource":[]}]}"#,
    );
    assert_eq!(statement.effect, Effect::Deny);
    assert_eq!(statement.principal, Some(Element::NotListed(Principal::Everyone)));
    assert_eq!(statement.action, Some(Element::NotListed(vec!["kms:*".to_owned()])));
    assert_eq!(statement.resource, Some(Element::Listed(Vec::new())));
}

#[test]
fn order_is_kept() {
    let statement = only_statement(
        r#"{"Statement":{"Effect":"Allow","Principal":{"Service":["b","a"],"AWS":"c"}}}"#,
    );
    let service = PrincipalEntry {
        kind: PrincipalKind::Service,
        names: vec!["b".to_owned(), "a".to_owned()],
    };
    let aws = PrincipalEntry { kind: PrincipalKind::Aws, names: vec!["c".to_owned()] };
    let expected = Element::Listed(Principal::Entries(vec![service, aws]));
    assert_eq!(statement.principal, Some(expected));
}
