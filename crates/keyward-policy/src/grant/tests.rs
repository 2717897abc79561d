use std::borrow::Cow;

use super::*;
use crate::ParentUser;

type Pairs = Vec<(String, String)>;

fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn context<'a>(pairs: &[(&'a str, &'a str)]) -> EncryptionContext<'a> {
    let pairs = pairs.iter().map(|&(key, value)| (Cow::from(key), Cow::from(value)));
    EncryptionContext::of_unique(pairs.collect())
}

const EMPTY: &EncryptionContext<'_> = &EncryptionContext::empty();

fn ask(operation: GrantOperation) -> GrantRequest<'static> {
    GrantRequest { operation, encryption_context: EMPTY, source_arn: None, child: None }
}

fn allows(terms: &GrantTerms<'_>, request: &GrantRequest<'_>) -> bool {
    terms.route(GrantMatch::Caller, request) == GrantRoute::Caller
}

#[test]
fn a_grant_is_for_its_operations_only() {
    let terms = GrantTerms { operations: &[GrantOperation::Decrypt], ..GrantTerms::default() };
    assert!(allows(&terms, &ask(GrantOperation::Decrypt)));
    assert_eq!(terms.route(GrantMatch::Caller, &ask(GrantOperation::Encrypt)), GrantRoute::None);
    assert_eq!(
        terms.route(GrantMatch::Account, &ask(GrantOperation::Decrypt)),
        GrantRoute::Account
    );
}

#[test]
fn equals_wants_exactly_its_pairs_and_subset_at_least_its_pairs() {
    let wanted = pairs(&[("App", "ledger"), ("Tier", "1")]);
    let operations: &[_] = &[GrantOperation::Decrypt];
    let equals = GrantTerms {
        operations,
        encryption_context_equals: Some(&wanted),
        ..GrantTerms::default()
    };
    let subset = GrantTerms {
        operations,
        encryption_context_subset: Some(&wanted),
        ..GrantTerms::default()
    };
    for (found, by_equals, by_subset) in [
        (context(&[("Tier", "1"), ("App", "ledger")]), true, true),
        (context(&[("Tier", "1"), ("App", "ledger"), ("X", "y")]), false, true),
        (context(&[("App", "ledger")]), false, false),
        (context(&[("App", "Ledger"), ("Tier", "1")]), false, false),
        (context(&[("APP", "ledger"), ("tier", "1")]), true, true),
        (context(&[("App", "ledger"), ("app", "ledger")]), false, false),
        (context(&[]), false, false),
    ] {
        let request = GrantRequest { encryption_context: &found, ..ask(GrantOperation::Decrypt) };
        assert_eq!(allows(&equals, &request), by_equals, "{found:?}");
        assert_eq!(allows(&subset, &request), by_subset, "{found:?}");
    }
}

#[test]
fn names_that_differ_by_case_are_not_one_pair_counted_twice() {
    let once = pairs(&[("App", "1")]);
    let terms = GrantTerms {
        operations: &[GrantOperation::Decrypt],
        encryption_context_equals: Some(&once),
        ..GrantTerms::default()
    };
    let found = context(&[("App", "1"), ("app", "1")]);
    let request = GrantRequest { encryption_context: &found, ..ask(GrantOperation::Decrypt) };
    assert!(!allows(&terms, &request));
    let wanted = pairs(&[("App", "1"), ("app", "2")]);
    let terms = GrantTerms {
        operations: &[GrantOperation::Decrypt],
        encryption_context_equals: Some(&wanted),
        ..GrantTerms::default()
    };
    for (found, is_allowed) in [
        (context(&[("App", "1"), ("app", "2")]), true),
        (context(&[("App", "1"), ("app", "1")]), false),
        (context(&[("App", "1"), ("app", "3")]), false),
    ] {
        let request = GrantRequest { encryption_context: &found, ..ask(GrantOperation::Decrypt) };
        assert_eq!(allows(&terms, &request), is_allowed, "{found:?}");
    }
}

#[test]
fn operations_without_encryption_context_are_not_constrained_by_it() {
    let wanted = pairs(&[("App", "ledger")]);
    let operations: Vec<_> = GrantOperation::ALL.to_vec();
    for (equals, subset) in [(Some(&*wanted), None), (None, Some(&*wanted))] {
        let terms = GrantTerms {
            operations: &operations,
            encryption_context_equals: equals,
            encryption_context_subset: subset,
            source_arn: None,
        };
        for &operation in &operations {
            let is_constrained =
                terms.route(GrantMatch::Caller, &ask(operation)) == GrantRoute::None;
            assert_eq!(is_constrained, operation.takes_encryption_context(), "{operation:?}");
        }
    }
}

#[test]
fn a_source_is_wanted_by_every_operation_but_retire_grant() {
    let source = "arn:aws:s3:::bucket";
    let operations: Vec<_> = GrantOperation::ALL.to_vec();
    let terms =
        GrantTerms { operations: &operations, source_arn: Some(source), ..GrantTerms::default() };
    let child = GrantTerms { operations: &[], source_arn: Some(source), ..GrantTerms::default() };
    for &operation in &operations {
        let ask = GrantRequest { child: Some(child), ..ask(operation) };
        let from = |source_arn| GrantRequest { source_arn, ..ask };
        assert!(allows(&terms, &from(Some(source))), "{operation:?}");
        let is_free = operation == GrantOperation::RetireGrant;
        assert_eq!(allows(&terms, &from(Some("arn:aws:s3:::other"))), is_free, "{operation:?}");
        assert_eq!(allows(&terms, &from(None)), is_free, "{operation:?}");
    }
}

fn child_is_allowed(parent: &GrantTerms<'_>, child: &GrantTerms<'_>) -> bool {
    let request = GrantRequest { child: Some(*child), ..ask(GrantOperation::CreateGrant) };
    let route = parent.route(GrantMatch::Caller, &request);
    assert_ne!(route, GrantRoute::None);
    route == GrantRoute::Caller
}

const USE: &[GrantOperation] =
    &[GrantOperation::CreateGrant, GrantOperation::Decrypt, GrantOperation::Encrypt];

#[test]
fn a_child_has_no_operation_that_its_parent_lacks() {
    let parent = GrantTerms { operations: USE, ..GrantTerms::default() };
    for (operations, is_allowed) in [
        (&[GrantOperation::Decrypt][..], true),
        (USE, true),
        (&[GrantOperation::Decrypt, GrantOperation::DescribeKey], false),
    ] {
        let child = GrantTerms { operations, ..GrantTerms::default() };
        assert_eq!(child_is_allowed(&parent, &child), is_allowed, "{operations:?}");
    }
    let request = ask(GrantOperation::CreateGrant);
    assert_eq!(parent.route(GrantMatch::Caller, &request), GrantRoute::ChildTooBroad);
}

#[test]
fn a_child_keeps_or_tightens_the_constraints_of_its_parent() {
    let (one, other, two) = (
        pairs(&[("App", "ledger")]),
        pairs(&[("App", "orders")]),
        pairs(&[("Tier", "1"), ("app", "ledger")]),
    );
    let twice = pairs(&[("App", "ledger"), ("app", "ledger")]);
    let free = GrantTerms { operations: USE, ..GrantTerms::default() };
    let equals = |pairs| GrantTerms { encryption_context_equals: Some(pairs), ..free };
    let subset = |pairs| GrantTerms { encryption_context_subset: Some(pairs), ..free };
    for (parent, child, is_allowed) in [
        (free, equals(&*one), true),
        (free, subset(&*one), true),
        (equals(&*one), free, false),
        (equals(&*one), equals(&*one), true),
        (equals(&*one), equals(&*other), false),
        (equals(&*one), equals(&*two), false),
        (equals(&*one), equals(&*twice), false),
        (equals(&*one), subset(&*one), false),
        (subset(&*one), free, false),
        (subset(&*one), subset(&*one), true),
        (subset(&*one), subset(&*two), true),
        (subset(&*one), equals(&*two), true),
        (subset(&*one), subset(&*other), false),
        (subset(&*two), subset(&*one), false),
    ] {
        assert_eq!(child_is_allowed(&parent, &child), is_allowed, "{parent:?} {child:?}");
    }
}

#[test]
fn a_child_keeps_the_source_of_its_parent() {
    let free = GrantTerms { operations: USE, ..GrantTerms::default() };
    let from = |source| GrantTerms { source_arn: Some(source), ..free };
    let request = |child| GrantRequest {
        source_arn: Some("arn:aws:s3:::a"),
        child: Some(child),
        ..ask(GrantOperation::CreateGrant)
    };
    let parent = from("arn:aws:s3:::a");
    for (child, route) in [
        (from("arn:aws:s3:::a"), GrantRoute::Caller),
        (from("arn:aws:s3:::b"), GrantRoute::ChildTooBroad),
        (free, GrantRoute::ChildTooBroad),
    ] {
        assert_eq!(parent.route(GrantMatch::Caller, &request(child)), route, "{child:?}");
    }
}

#[test]
fn a_grant_finds_its_grantee_by_every_form_of_name() {
    let account = "111122223333";
    let alice = Subject::User {
        account,
        arn: "arn:aws:iam::111122223333:user/alice",
        id: "AIDAALICEEXAMPLE00001",
    };
    let app = Subject::RoleSession {
        account,
        arn: "arn:aws:sts::111122223333:assumed-role/app/i-1",
        role_arn: "arn:aws:iam::111122223333:role/app",
        role_id: "AROAAPPEXAMPLE0000001",
    };
    let fred = Subject::FederatedUser {
        account,
        arn: "arn:aws:sts::111122223333:federated-user/fred",
        parent: None,
    };
    let root = Subject::Root { account };
    let (caller, by_account) = (Some(GrantMatch::Caller), Some(GrantMatch::Account));
    for (arn, unique_id, subject, expected) in [
        ("arn:aws:iam::111122223333:user/alice", None, alice, caller),
        ("arn:aws:iam::111122223333:user/alice", Some("AIDAALICEEXAMPLE00001"), alice, caller),
        ("arn:aws:iam::111122223333:user/alice", Some("AIDAOLDEXAMPLE0000001"), alice, None),
        ("AIDAALICEEXAMPLE00001", None, alice, None),
        ("arn:aws:iam::111122223333:role/app", None, app, caller),
        ("arn:aws:sts::111122223333:assumed-role/app/i-1", None, app, caller),
        ("arn:aws:sts::111122223333:assumed-role/app/i-2", None, app, None),
        ("arn:aws:sts::111122223333:federated-user/fred", None, fred, caller),
        ("arn:aws:iam::111122223333:root", None, root, by_account),
        ("arn:aws:iam::111122223333:root", None, alice, by_account),
        ("arn:aws:iam::111122223333:root", None, app, by_account),
        ("arn:aws:iam::444455556666:root", None, alice, None),
        ("*", None, alice, None),
    ] {
        let found = GrantPrincipal::Arn { arn, unique_id }.find_match(&subject);
        assert_eq!(found, expected, "{arn}");
    }
    let ec2 = Subject::Service { names: &["ec2.amazonaws.com"] };
    assert_eq!(GrantPrincipal::Service("ec2.amazonaws.com").find_match(&ec2), caller);
    assert_eq!(GrantPrincipal::Service("rds.amazonaws.com").find_match(&ec2), None);
    assert_eq!(GrantPrincipal::Service("ec2.amazonaws.com").find_match(&alice), None);
}

#[test]
fn a_federated_session_has_what_its_user_is_granted_only_as_its_policies_let_it() {
    let user = "arn:aws:iam::111122223333:user/alice";
    let id = "AIDAABCDEFGHIJKLMNOPQ";
    let subject = |parent| Subject::FederatedUser {
        account: "111122223333",
        arn: "arn:aws:sts::111122223333:federated-user/fred",
        parent,
    };
    let to_user = GrantPrincipal::Arn { arn: user, unique_id: Some(id) };
    let parent = Some(ParentUser { arn: user, id });
    assert_eq!(to_user.find_match(&subject(parent)), Some(GrantMatch::Account));
    assert_eq!(to_user.find_match(&subject(None)), None);
    let arn = "arn:aws:sts::111122223333:federated-user/fred";
    let to_session = GrantPrincipal::Arn { arn, unique_id: None };
    assert_eq!(to_session.find_match(&subject(None)), Some(GrantMatch::Caller));
}

#[test]
fn a_session_of_a_role_made_again_has_no_grants_of_the_older_ones_sessions() {
    let arn = "arn:aws:sts::111122223333:assumed-role/app/s-1";
    let old = "AROAABCDEFGHIJKLMNOPQ";
    let session = |role_id| Subject::RoleSession {
        account: "111122223333",
        arn,
        role_arn: "arn:aws:iam::111122223333:role/app",
        role_id,
    };
    let grantee = GrantPrincipal::Arn { arn, unique_id: Some(old) };
    assert_eq!(grantee.find_match(&session(old)), Some(GrantMatch::Caller));
    assert_eq!(grantee.find_match(&session("AROAQPONMLKJIHGFEDCBA")), None);
}
