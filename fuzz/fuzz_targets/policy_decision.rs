//! Whatever document is compiled: every decision is made, alike each time, and none is an Allow that
//! no statement gives. Whatever text is simulated: an answer or an error.
#![no_main]

use std::sync::Arc;

use keyward_policy::{
    ConditionKey, ContextValue, Decision, Effect, Explanation, GrantRoute, KeySide, Layers, Policy,
    Request, RequestContext, ResourceSide, RoleSide, Subject, decide_assume_role, decide_key,
    decide_resource, parse, simulate,
};
use libfuzzer_sys::fuzz_target;

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Every key has two values or one: its own name, and a number.
struct EveryKey;

impl RequestContext for EveryKey {
    fn visit(&self, key: &ConditionKey, visit: &mut dyn FnMut(ContextValue<'_>)) -> bool {
        visit(ContextValue::Text(&key.to_string()));
        if key.is_multivalued() {
            visit(ContextValue::Integer(7));
        }
        true
    }
}

fuzz_target!(|text: &str| {
    let _ = simulate(text);
    let Ok(document) = parse(text) else { return };
    let policy = Policy::compile_unbound(&document);
    let identity = [Arc::new(policy.clone())];
    let has_allow = document.statements.iter().any(|it| it.effect == Effect::Allow);
    let arn = "arn:aws:sts::111122223333:assumed-role/app/i-1";
    let role_arn = "arn:aws:iam::111122223333:role/app";
    for (subject, layers) in [
        (Subject::Root { account: ACCOUNT }, Layers::default()),
        (
            Subject::RoleSession { account: ACCOUNT, arn, role_arn, role_id: "" },
            Layers {
                identity: &identity,
                boundary: Some(&policy),
                session: Some(&identity),
                ..Layers::default()
            },
        ),
        (Subject::Service { names: &["sns.amazonaws.com"] }, Layers::default()),
        (Subject::Anonymous, Layers::default()),
    ] {
        let request = Request { action: "kms:Decrypt", resource: KEY, subject, context: &EveryKey };
        let key = KeySide {
            account: ACCOUNT,
            policy: &policy,
            is_cross_account: true,
            grant: GrantRoute::None,
        };
        let decision = decide_key(&request, &layers, &key);
        assert_eq!(Explanation::of_key(&request, &layers, &key).decision, decision);
        assert!(has_allow || !decision.is_allowed());

        let role = RoleSide { account: ACCOUNT, trust_policy: &policy };
        let decision = decide_assume_role(&request, &layers, &role);
        assert!(has_allow || !decision.is_allowed());

        let resource = ResourceSide { account: ACCOUNT, policy: Some(&policy) };
        let decision = decide_resource(&request, &layers, &resource);
        assert!(has_allow || subject.is_root() || !matches!(decision, Decision::Allowed(_)));
    }
});
