//! What a decision costs, from a request and compiled policies to the answer.

#![expect(clippy::expect_used, reason = "the documents are well-formed")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use keyward_policy::{
    ConditionKey, ContextValue, GrantRoute, KeyFamily, KeySide, Layers, NamedKey, Policy, Request,
    RequestContext, Subject, decide_key, default_key_policy, parse,
};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

const ALICE: Subject<'_> = Subject::User {
    account: ACCOUNT,
    arn: "arn:aws:iam::111122223333:user/alice",
    id: "AIDAALICEEXAMPLE00001",
};

const USE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Action":["kms:Encrypt","kms:Decrypt"],
    "Resource":"arn:aws:kms:us-east-1:111122223333:key/*"}}"#;

const OTHER_SERVICES: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"},
    {"Effect":"Allow","Action":["dynamodb:*","sqs:*"],"Resource":"arn:aws:*"},
    {"Effect":"Deny","Action":"kms:ScheduleKeyDeletion","Resource":"*"}]}"#;

const CONDITIONS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Action":"*","Resource":"*",
     "Condition":{"Bool":{"aws:SecureTransport":"false"}}},
    {"Effect":"Deny","Action":"*","Resource":"*",
     "Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]}}},
    {"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:*:111122223333:key/*",
     "Condition":{"StringEquals":{"kms:EncryptionContext:AppName":["ledger","orders"]},
                  "StringLike":{"aws:PrincipalTag/team":"pay*"}}}]}"#;

const NAMES_ALICE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},
    "Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"}}"#;

/// What a live request would answer from its parts.
struct Context;

impl RequestContext for Context {
    fn visit(&self, key: &ConditionKey, visit: &mut dyn FnMut(ContextValue<'_>)) -> bool {
        visit(match key {
            ConditionKey::Named(NamedKey::AwsSecureTransport) => ContextValue::Bool(true),
            ConditionKey::Named(NamedKey::AwsSourceIp) => {
                ContextValue::Ip(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)))
            }
            ConditionKey::Family(KeyFamily::KmsEncryptionContext, name)
                if name.eq_ignore_ascii_case("appname") =>
            {
                ContextValue::Text("orders")
            }
            ConditionKey::Family(KeyFamily::AwsPrincipalTag, name)
                if name.eq_ignore_ascii_case("team") =>
            {
                ContextValue::Text("payments")
            }
            _ => return false,
        });
        true
    }
}

fn compiled(text: &str) -> Arc<Policy> {
    Arc::new(Policy::compile_unbound(&parse(text).expect("a policy")))
}

fn decisions(c: &mut Criterion) {
    let default = compiled(&default_key_policy("aws", ACCOUNT));
    let (small, silent, conditions) =
        (compiled(USE), compiled(OTHER_SERVICES), compiled(CONDITIONS));
    for (name, key_policy, identity) in [
        ("named in the key policy", &compiled(NAMES_ALICE), vec![]),
        ("default key policy, one small identity policy", &default, vec![small.clone()]),
        ("default key policy, three identity policies", &default, vec![silent, conditions, small]),
    ] {
        let layers = Layers { identity: &identity, ..Layers::default() };
        let key = KeySide {
            account: ACCOUNT,
            policy: key_policy,
            is_cross_account: true,
            grant: GrantRoute::None,
        };
        c.bench_function(name, |b| {
            b.iter(|| {
                let request = Request {
                    action: black_box("kms:Encrypt"),
                    resource: black_box(KEY),
                    subject: black_box(ALICE),
                    context: &Context,
                };
                let decision = decide_key(&request, &layers, &key);
                assert!(decision.is_allowed());
                decision
            });
        });
    }
}

fn compile(c: &mut Criterion) {
    let document = parse(CONDITIONS).expect("a policy");
    c.bench_function("compile a policy of three statements", |b| {
        b.iter(|| Policy::compile_unbound(black_box(&document)));
    });
}

criterion_group!(benches, decisions, compile);
criterion_main!(benches);
