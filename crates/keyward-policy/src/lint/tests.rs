use super::*;
use crate::document::Effect;
use crate::kms_action::Purpose;

const ACCOUNT: &str = "111122223333";

fn report(statements: &str) -> KeyPolicyReport {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    check_key_policy(&text, Some(ACCOUNT))
}

/// A statement beside one that leaves nothing to report.
fn problems(statement: &str) -> Vec<Problem> {
    let account = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*",
        "Resource": "*"}"#;
    let findings = report(&format!("{account}, {statement}")).findings;
    findings.into_iter().map(|finding| finding.problem).collect()
}

fn statement(effect: &str, principal: &str, action: &str, rest: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": {action}, "Resource": "*"{rest}}}"#
    )
}

fn allow(principal: &str, action: &str) -> String {
    statement("Allow", principal, action, "")
}

/// An Allow to a user under a condition block.
fn when(condition: &str) -> String {
    statement("Allow", ALICE, r#""kms:Decrypt""#, &format!(r#", "Condition": {condition}"#))
}

const ALICE: &str = r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#;
const OTHER: &str = r#"{"AWS": "444455556666"}"#;

#[test]
fn the_default_policy_leaves_nothing_to_report() {
    let text = crate::default_key_policy("aws", ACCOUNT);
    let report = check_key_policy(&text, Some(ACCOUNT));
    assert_eq!(report.findings, []);
    assert_eq!(report.access.len(), 1);
}

#[test]
fn what_kms_refuses_is_an_error() {
    for text in ["", "{}", r#"{"Statement": [{"Effect": "Allow"}]}"#] {
        let report = check_key_policy(text, None);
        assert!(report.findings[0].is_error(), "{text}");
    }
    let text = r#"{"Id": "Δ", "Statement": {"Effect": "Allow", "Principal": "*"}}"#;
    assert_eq!(check_key_policy(text, None).findings[0].problem, Problem::Character('Δ'));
}

#[test]
fn a_statement_without_effect_is_reported() {
    let principal = r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}"#;
    for (rest, problem) in [
        (r#""Resource": "*""#, Problem::NoAction),
        (r#""Action": "kms:*""#, Problem::NoResource),
        (r#""Action": [], "Resource": "*""#, Problem::EmptyList("actions")),
        (r#""Action": "kms:*", "Resource": []"#, Problem::EmptyList("resources")),
        (r#""Action": "kms:Fly", "Resource": "*""#, Problem::UnknownAction("kms:Fly".into())),
        (r#""Action": "s3:*", "Resource": "*""#, Problem::UnknownAction("s3:*".into())),
        (r#""Action": "kms:ListKeys", "Resource": "*""#, Problem::NotOnAKey("ListKeys")),
        (
            r#""Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/*""#,
            Problem::NeverTheKey("arn:aws:kms:*:*:key/*".into()),
        ),
        (
            r#""Action": "kms:*", "Resource": "arn:aws:kms:us-east-1:111122223333:key/1""#,
            Problem::OneKey("arn:aws:kms:us-east-1:111122223333:key/1".into()),
        ),
    ] {
        assert_eq!(problems(&format!("{{{principal}, {rest}}}")), [problem], "{rest}");
    }
}

#[test]
fn principals_that_reach_too_far_are_reported() {
    let everyone = [Problem::Everyone];
    assert_eq!(problems(&allow(r#""*""#, r#""kms:Decrypt""#)), everyone);
    assert_eq!(problems(&allow(r#"{"AWS": "*"}"#, r#""kms:Decrypt""#)), everyone);
    let conditional = r#", "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}"#;
    assert_eq!(problems(&statement("Allow", r#""*""#, r#""kms:*""#, conditional)), []);
    let not = |effect| {
        allow(ALICE, r#""kms:Decrypt""#)
            .replace("Principal", "NotPrincipal")
            .replace("Allow", effect)
    };
    assert_eq!(problems(&not("Allow")), [Problem::AllowNotPrincipal]);
    assert_eq!(problems(&not("Deny")), [Problem::DenyNotPrincipal]);
}

#[test]
fn what_no_other_account_can_do_is_reported_where_it_is_written_out() {
    let written = allow(OTHER, r#"["kms:Decrypt", "kms:PutKeyPolicy"]"#);
    assert_eq!(problems(&written), [Problem::NotAcrossAccounts("PutKeyPolicy".into())]);
    assert_eq!(problems(&allow(OTHER, r#""kms:*""#)), []);
    assert_eq!(problems(&allow(ALICE, r#""kms:PutKeyPolicy""#)), []);
}

#[test]
fn traps_in_conditions_are_reported() {
    let operations = r#""ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"}"#;
    let trap = Problem::HoldsWithoutKey("kms:GrantOperations".into());
    assert_eq!(problems(&when(&format!("{{{operations}}}"))), [trap]);
    let null = r#""Null": {"KMS:grantoperations": "false"}"#;
    assert_eq!(problems(&when(&format!("{{{operations}, {null}}}"))), []);
    for (condition, problem) in [
        (
            r#"{"ForAnyValue:Null": {"aws:TagKeys": "true"}}"#,
            Problem::Constant("ForAnyValue:Null".into(), false),
        ),
        (r#"{"StringEquals": {"kms:Unheard": "x"}}"#, Problem::UnknownKey("kms:Unheard".into())),
        (r#"{"StringEquals": {"s3:prefix": "x"}}"#, Problem::UnknownKey("s3:prefix".into())),
        (
            r#"{"StringEquals": {"aws:ResourceTag/Team": "x"}}"#,
            Problem::HiddenKey("aws:ResourceTag/Team".into()),
        ),
        (
            r#"{"NumericLessThan": {"kms:RotationPeriodInDays": "ninety"}}"#,
            Problem::Unreadable { operator: "NumericLessThan".into(), value: "ninety".into() },
        ),
        (
            r#"{"NotIpAddress": {"aws:SourceIp": "10.0.0.0/33"}}"#,
            Problem::NeverHolds { operator: "NotIpAddress".into(), value: "10.0.0.0/33".into() },
        ),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "role/app"}}"#,
            Problem::Unreadable { operator: "ArnLike".into(), value: "role/app".into() },
        ),
        (r#"{"StringEquals": {"kms:ViaService": []}}"#, Problem::EmptyList("values")),
    ] {
        assert_eq!(problems(&when(condition)), [problem], "{condition}");
    }
    for condition in [
        r#"{"DateLessThan": {"aws:CurrentTime": ["2026-01-01", "1700000000"]}}"#,
        r#"{"Bool": {"kms:GrantIsForAWSResource": true}, "Null": {"kms:ViaService": "true"}}"#,
        r#"{"ArnLike": {"aws:PrincipalArn": "${aws:SourceArn}"}}"#,
        r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}"#,
    ] {
        assert_eq!(problems(&when(condition)), [], "{condition}");
    }
}

fn control(statements: &str) -> Vec<Problem> {
    report(statements).findings.into_iter().map(|finding| finding.problem).collect()
}

#[test]
fn a_policy_that_nobody_can_replace_is_reported() {
    let use_only = allow(r#"{"AWS": "111122223333"}"#, r#""kms:Decrypt""#);
    assert_eq!(control(&use_only), [Problem::LockedOut]);
    assert_eq!(control(&allow(OTHER, r#""kms:*""#)), [Problem::LockedOut]);
    assert_eq!(control(&allow(ALICE, r#""kms:*""#)), [Problem::NamedControl]);
    let through = r#", "Condition": {"StringEquals": {"kms:ViaService": "x"}}"#;
    let conditional = statement("Allow", r#"{"AWS": "111122223333"}"#, r#""kms:*""#, through);
    assert_eq!(control(&conditional), [Problem::ConditionalControl]);
    let denied = statement("Deny", r#""*""#, r#""kms:Put*""#, "");
    assert_eq!(problems(&denied), [Problem::DeniedToAll]);
}

#[test]
fn who_can_do_what_is_told_by_principal() {
    let condition = r#", "Condition": {"StringEquals": {"kms:ViaService": "x"}}"#;
    let report = report(&format!(
        "{}, {}",
        statement("Allow", ALICE, r#"["kms:Encrypt", "kms:Decrypt"]"#, ""),
        statement("Deny", ALICE, r#""kms:CreateGrant""#, condition),
    ));
    let [access] = report.access.as_slice() else { panic!("one principal") };
    assert_eq!(access.principal, "arn:aws:iam::111122223333:user/alice");
    let [allowed, denied] = access.entries.as_slice() else { panic!("two statements") };
    let names: Vec<_> = allowed.actions.iter().map(|action| action.name).collect();
    assert_eq!(names, ["Decrypt", "Encrypt"]);
    assert_eq!(allowed.share_of(Purpose::Grant).0, 0);
    assert_eq!(denied.effect, Effect::Deny);
    assert_eq!(denied.share_of(Purpose::Grant), (1, 4));
    assert_eq!(denied.conditions, ["StringEquals kms:ViaService"]);
}
