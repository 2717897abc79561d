//! The account of these tests: its root user, the user alice, and a key for each action.

use std::collections::BTreeMap;

use keyward_model::{Identity, Principal, Session};
use keyward_store::{EntityBody, UserBody};
use keyward_testkit::{Client, Refused, TestApp};
use serde_json::{Value, json};

use crate::requests::{ALIAS, key_for, operation_of, request};

pub(crate) const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
pub(crate) const DENIED: &str = "AccessDeniedException";

/// The service with a user who may do nothing yet.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) root: Client,
    pub(crate) alice: Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        let app = TestApp::new().await;
        let (root, alice) = (app.root(), app.user("alice", body(&[])).await);
        Self { app, root, alice }
    }

    /// Gives alice these policies and no others.
    pub(crate) async fn let_alice(&self, policies: &[Value]) {
        self.app.put_entity("alice", EntityBody::User(body(policies))).await;
    }

    /// Alice as her root user made her, with a boundary.
    pub(crate) async fn bound_alice(&self, policies: &[Value], boundary: &str) {
        let permissions_boundary = Some(boundary.to_owned());
        let body = UserBody { permissions_boundary, ..body(policies) };
        self.app.put_entity("alice", EntityBody::User(body)).await;
    }

    /// Makes a key that the action can be done to, tagged and with the alias.
    pub(crate) async fn key(&self, action: &str) -> String {
        self.key_with(action, None).await
    }

    /// The same with a key policy of these statements.
    pub(crate) async fn key_with(&self, action: &str, statements: Option<Value>) -> String {
        let mut input = key_for(action);
        input["Tags"] = json!([{ "TagKey": "Team", "TagValue": "red" }]);
        if let Some(statements) = statements {
            input["Policy"] = json!(document(&statements));
            input["BypassPolicyLockoutSafetyCheck"] = json!(true);
        }
        let key = self.root.create_key_with(input).await;
        self.name(&key).await;
        key
    }

    /// Points the alias to the key.
    async fn name(&self, key: &str) {
        drop(self.root.call("DeleteAlias", json!({ "AliasName": ALIAS })).await);
        self.root.create_alias(ALIAS, key).await;
    }

    /// Alice, or whoever else, asks for the action.
    pub(crate) async fn ask(
        &self,
        client: &Client,
        action: &str,
        key: &str,
    ) -> Result<Value, Refused> {
        let input = request(&self.app, &self.root, action, key).await;
        client.call(operation_of(action), input).await
    }

    /// Whether authorization lets the request pass; what comes after it may refuse it all the same.
    pub(crate) async fn may(&self, client: &Client, action: &str, key: &str) -> bool {
        match self.ask(client, action, key).await {
            Err(refused) => refused.name != DENIED,
            Ok(_) => true,
        }
    }
}

/// A user with these policies, who does research.
pub(crate) fn body(policies: &[Value]) -> UserBody {
    let inline = policies.iter().enumerate();
    let inline_policies: BTreeMap<_, _> =
        inline.map(|(at, policy)| (format!("p{at}"), document(policy))).collect();
    let tags = vec![("Department".to_owned(), "research".to_owned())];
    UserBody { inline_policies, tags, ..UserBody::default() }
}

/// A policy of these statements.
pub(crate) fn document(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// What lets do an action.
pub(crate) fn allow(action: &str) -> Value {
    json!({ "Effect": "Allow", "Action": format!("kms:{action}"), "Resource": "*" })
}

/// What keeps from an action.
pub(crate) fn deny(action: &str) -> Value {
    json!({ "Effect": "Deny", "Action": format!("kms:{action}"), "Resource": "*" })
}

/// A statement of a key policy, for a principal.
pub(crate) fn for_principal(arn: &str, mut statement: Value) -> Value {
    statement["Principal"] = json!({ "AWS": arn });
    statement
}

/// What lets do everything but one action: what an operation needs beside it is not in question.
pub(crate) fn allow_all_but(action: &str) -> Value {
    json!({ "Effect": "Allow", "NotAction": format!("kms:{action}"), "Resource": "*" })
}

/// The key policy that leaves everything to the account.
pub(crate) fn delegation() -> Value {
    for_principal("arn:aws:iam::111122223333:root", allow("*"))
}

/// A session without anything of its own.
pub(crate) fn session(app: &TestApp) -> Session {
    use keyward_model::Clock;
    let now = app.clock().now();
    Session {
        issued_at: now,
        expires_at: now.plus_days(1),
        mfa_authenticated_at: None,
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        policies: None,
        policy_arns: Vec::new(),
        federation: None,
    }
}

/// A session of a role.
pub(crate) fn session_of(role: &Identity, session_name: &str) -> Principal {
    Principal::AssumedRole { role: role.clone(), session_name: session_name.to_owned() }
}
