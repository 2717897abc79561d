//! Random policies and requests from small alphabets: both evaluators must agree.

use keyward_policy::simulate;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::cases::spelled;
use crate::naive::Input;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// An action and a resource that it is done on.
const ASKED: [(&str, &str); 16] = [
    ("kms:Decrypt", KEY),
    ("kms:Decrypt", KEY),
    ("KMS:encrypt", KEY),
    ("kms:CreateGrant", KEY),
    ("kms:RetireGrant", KEY),
    ("kms:PutKeyPolicy", KEY),
    ("kms:DescribeKey", KEY),
    ("kms:ListKeys", "*"),
    ("kms:CreateAlias", "arn:aws:kms:us-east-1:111122223333:alias/a"),
    ("s3:GetObject", "arn:aws:s3:::bucket/a/b:c"),
    ("s3:GetObject", "arn:aws:s3:::bucket/alice"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:jobs"),
    ("iam:GetUser", "arn:aws:iam::111122223333:user/alice"),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/target"),
    ("sts:TagSession", "arn:aws:iam::111122223333:role/target"),
    ("sts:AssumeRoleWithWebIdentity", "arn:aws:iam::111122223333:role/target"),
];

const CALLERS: [&str; 14] = [
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:user/team/bob",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    "arn:aws:sts::111122223333:assumed-role/app/i-1",
    "arn:aws:sts::111122223333:assumed-role/app/i-2",
    "arn:aws:sts::111122223333:federated-user/fred",
    "arn:aws:iam::111122223333:root",
    "444455556666",
    "arn:aws:iam::444455556666:user/carol",
    "arn:aws:sts::444455556666:assumed-role/app/i-1",
    "sns.amazonaws.com",
    "arn:aws:iam::111122223333:oidc-provider/id.example.com",
    "*",
];

const NAMES: [&str; 14] = [
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:iam::111122223333:user/*",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:iam::111122223333:role/team/app",
    "arn:aws:sts::111122223333:assumed-role/app/i-1",
    "arn:aws:sts::111122223333:federated-user/fred",
    "444455556666",
    "arn:aws:iam::444455556666:user/carol",
    "arn:aws:iam::444455556666:role/app",
    "AIDACKCEVSQ6C2EXAMPLE",
];

const ACTIONS: [&str; 16] = [
    "*",
    "*:*",
    "kms:*",
    "KMS:de*",
    "kms:Decrypt",
    "kms:?ncrypt",
    "kms:Create*",
    "kms:*Grant",
    "s3:*",
    "s3:Get*",
    "sqs:Send?essage",
    "sts:*",
    "sts:AssumeRole",
    "iam:*",
    "kms",
    "k*:Decrypt",
];

const RESOURCES: [&str; 20] = [
    "*",
    "*",
    "*",
    KEY,
    "arn:aws:kms:us-east-1:111122223333:key/other",
    "arn:aws:kms:*:111122223333:key/*",
    "arn:aws:kms:*:key/*",
    "arn:aws:kms:*",
    "arn:aws:*",
    "arn:*:*:*:*:*",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::bucket/a/?:c",
    "arn:aws:s3:::bucket/${aws:username}",
    "arn:aws:s3:::${aws:PrincipalTag/k, 'bucket'}/*",
    "arn:aws:s3:*c",
    "arn:aws:sqs:us-*:1111*:jobs",
    "arn:aws:sqs:us-*1:*",
    "arn:aws:iam::*:role/t*",
    "bucket",
    "arn:aws:iam::111122223333:user/${aws:username}",
];

const KEYS: [&str; 14] = [
    "aws:username",
    "AWS:UserName",
    "aws:PrincipalTag/k",
    "aws:principaltag/K",
    "aws:TagKeys",
    "aws:ResourceTag/t",
    "aws:PrincipalArn",
    "aws:PrincipalType",
    "aws:SourceIp",
    "aws:SourceArn",
    "kms:ViaService",
    "kms:EncryptionContext:a",
    "kms:GrantOperations",
    "example:Other",
];

/// Values of policies and of requests. Text that only one of the evaluators would read (exponents,
/// more digits than a number may have) is not among them.
const VALUES: [&str; 40] = [
    "",
    "a",
    "A",
    "ab",
    "alice",
    "*",
    "a*",
    "?",
    "true",
    "False",
    "yes",
    "0",
    "9.5",
    "-3",
    "10",
    "010",
    "2026",
    "2026-02",
    "2026-02-29",
    "2026-01-01T00:00:00Z",
    "2026-01-01T01:30:00.50+01:30",
    "1767225600",
    "10.0.0.0/8",
    "10.1.2.3",
    "10.0.0.0/33",
    "2001:db8::/32",
    "2001:db8::7",
    "::ffff:10.1.2.3",
    "YQ==",
    "YQ=",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::*:user/a*",
    "arn:aws:iam::111122223333:*",
    "arn:aws:sns:us-east-1:1:a:b",
    "${aws:username}",
    "${aws:PrincipalTag/k, 'a'}",
    "x${aws:TagKeys}",
    "${*}",
    "a${?}",
    "Decrypt",
];

const COMPARISONS: [&str; 26] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
];

fn texts<const N: usize>(from: [&'static str; N]) -> impl Strategy<Value = Value> {
    let from = from.to_vec();
    prop_oneof![
        3 => select(from.clone()).prop_map(Value::from),
        2 => vec(select(from), 0..3).prop_map(Value::from),
    ]
}

fn operator() -> impl Strategy<Value = String> {
    let set = select(vec!["", "", "ForAllValues:", "ForAnyValue:"]);
    let named = (set.clone(), select(COMPARISONS.to_vec()), select(vec!["", "", "IfExists"]))
        .prop_map(|(set, comparison, suffix)| format!("{set}{comparison}{suffix}"));
    let null = set.prop_map(|set| format!("{set}Null"));
    prop_oneof![12 => named, 1 => null]
}

fn conditions() -> impl Strategy<Value = Value> {
    let tests = btree_map(select(KEYS.to_vec()), texts(VALUES), 0..3);
    let block = btree_map(operator(), tests, 1..3);
    block.prop_map(|block| serde_json::to_value(block).unwrap())
}

fn principal() -> impl Strategy<Value = Value> {
    let named = texts(NAMES).prop_map(|names| json!({ "AWS": names }));
    prop_oneof![
        2 => Just(json!("*")),
        6 => named,
        1 => Just(json!({ "Service": "sns.amazonaws.com" })),
        1 => Just(json!({ "Federated": "id.example.com", "AWS": "111122223333" })),
        1 => Just(json!({ "CanonicalUser": "79a59df9" })),
    ]
}

/// What a policy's place asks of its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Caller,
    Resource,
    Account,
}

fn statement(place: Place) -> impl Strategy<Value = Value> {
    let effect = select(vec!["Allow", "Allow", "Allow", "Deny"]);
    let negated = || prop::bool::weighted(0.15);
    let action = (negated(), texts(ACTIONS));
    let resource = (negated(), texts(RESOURCES), prop::bool::weighted(0.1));
    let conditions = option::weighted(0.35, conditions());
    (effect, action, resource, (negated(), principal()), conditions).prop_map(
        move |(effect, action, resource, principal, conditions)| {
            let mut statement = Map::new();
            statement.insert("Effect".into(), effect.into());
            statement.insert(if action.0 { "NotAction" } else { "Action" }.into(), action.1);
            if place != Place::Resource || !resource.2 {
                let name = if resource.0 { "NotResource" } else { "Resource" };
                statement.insert(name.into(), resource.1);
            }
            if place == Place::Account {
                statement.insert("Principal".into(), "*".into());
            } else if place == Place::Resource {
                let name = if principal.0 { "NotPrincipal" } else { "Principal" };
                statement.insert(name.into(), principal.1);
            }
            statement.extend(conditions.map(|block| ("Condition".into(), block)));
            Value::Object(statement)
        },
    )
}

fn document(place: Place) -> impl Strategy<Value = Value> {
    let version = select(vec![None, Some("2008-10-17"), Some("2012-10-17"), Some("2012-10-17")]);
    let random = vec(statement(place), 1..3).prop_map(Value::from);
    (version, prop_oneof![3 => random, 1 => everything(place)]).prop_map(|(version, statements)| {
        let mut document = json!({ "Statement": statements });
        if let Some(version) = version {
            document["Version"] = version.into();
        }
        document
    })
}

/// Most random statements are about something else; some requests must come through.
fn everything(place: Place) -> impl Strategy<Value = Value> {
    principal().prop_map(move |principal| {
        let mut statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        if place != Place::Caller {
            statement["Principal"] = if place == Place::Account { json!("*") } else { principal };
        }
        statement
    })
}

/// At most a few, and `none` times in ten none at all.
fn documents(place: Place, none: u32) -> impl Strategy<Value = Value> {
    let some = vec(document(place), 1..3).prop_map(Value::from);
    prop_oneof![none => Just(json!([])), 10 - none => some]
}

fn levels(place: Place) -> impl Strategy<Value = Value> {
    let level = vec(document(place), 0..3);
    prop_oneof![9 => Just(Value::Null), 1 => vec(level, 1..3).prop_map(Value::from)]
}

fn context() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        4 => select(VALUES.to_vec()).prop_map(Value::from),
        1 => vec(select(VALUES.to_vec()), 0..3).prop_map(Value::from),
        1 => select(vec![json!(true), json!(false), json!(10), json!(9.5)]),
    ];
    btree_map(select(KEYS.to_vec()), value, 0..5)
        .prop_map(|context| serde_json::to_value(context).unwrap())
}

fn grants() -> impl Strategy<Value = Value> {
    let operations =
        vec(select(vec!["Decrypt", "Encrypt", "CreateGrant", "RetireGrant", "DescribeKey"]), 0..4);
    let constraints = select(vec![
        Value::Null,
        json!({}),
        json!({ "EncryptionContextSubset": { "A": "a" } }),
        json!({ "EncryptionContextEquals": { "a": "a" } }),
        json!({ "SourceArn": "arn:aws:sns:us-east-1:1:a:b" }),
    ]);
    let arns: Vec<_> = NAMES.into_iter().filter(|name| name.starts_with("arn:")).collect();
    let grant =
        (select(arns), operations, constraints).prop_map(|(grantee, operations, constraints)| {
            let mut grant = json!({ "GranteePrincipal": grantee, "Operations": operations });
            if constraints != Value::Null {
                grant["Constraints"] = constraints;
            }
            grant
        });
    prop_oneof![3 => Just(json!([])), 1 => vec(grant, 1..3).prop_map(Value::from)]
}

fn input() -> impl Strategy<Value = Value> {
    let request = (select(ASKED.to_vec()), select(CALLERS.to_vec()), context());
    let own =
        (documents(Place::Caller, 2), documents(Place::Caller, 7), documents(Place::Caller, 7));
    let resource = option::weighted(0.8, document(Place::Resource));
    let controls = (levels(Place::Caller), levels(Place::Account));
    (request, own, resource, controls, grants()).prop_map(
        |((asked, caller, context), own, resource, controls, grants)| {
            json!({
                "request": {
                    "action": asked.0, "resource": asked.1, "principal": caller, "context": context
                },
                "identityPolicies": own.0,
                "permissionsBoundaries": own.1,
                "sessionPolicies": own.2,
                "resourcePolicy": resource,
                "serviceControlPolicies": controls.0,
                "resourceControlPolicies": controls.1,
                "grants": grants,
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn both_evaluators_decide_alike(input in input()) {
        let text = input.to_string();
        let naive = Input::read(&text).map(|input| spelled(input.decide())).unwrap();
        let real = simulate(&text).unwrap();
        prop_assert_eq!(real.decision(), naive, "{}\n{}", real.because(), text);
    }
}
