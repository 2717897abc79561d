//! Key policies in requests.

use std::collections::HashSet;

use keyward_engine::{Cx, Engine, ErrorCode, OpError};
use keyward_model::AccountId;
use keyward_policy::{KeyPolicy, KeyPolicyError, KeyPolicyErrorClass, Principals};

/// Refuses a document that is no well-formed key policy. The text is stored as it was sent.
pub(crate) async fn check(cx: &Cx, document: &str) -> Result<(), OpError> {
    check_in(cx.engine(), document).await
}

/// The same, for a document that no request carries.
pub(crate) async fn check_in(engine: &Engine, document: &str) -> Result<(), OpError> {
    KeyPolicy::check_length(document).map_err(|error| refusal(&error))?;
    let accounts = engine.store().accounts().list().await.map_err(OpError::internal)?;
    let world = World {
        accounts: accounts.into_iter().map(|record| record.account).collect(),
        partition: engine.partition().as_str(),
    };
    KeyPolicy::check(document, &world).map(drop).map_err(|error| refusal(&error))
}

/// The principals a policy may name: the accounts, until users and roles exist.
struct World {
    accounts: HashSet<AccountId>,
    partition: &'static str,
}

impl Principals for World {
    fn account_exists(&self, account: &str) -> bool {
        account.parse().is_ok_and(|account| self.accounts.contains(&account))
    }

    fn principal_exists(&self, _arn: &str) -> bool {
        false
    }

    fn partition(&self) -> &str {
        self.partition
    }

    fn service_is_known(&self, service: &str) -> bool {
        let name = service.strip_suffix(".cn").unwrap_or(service).strip_suffix(".amazonaws.com");
        name.is_some_and(|name| !name.is_empty())
    }
}

fn refusal(error: &KeyPolicyError) -> OpError {
    let code = match error.class() {
        KeyPolicyErrorClass::InvalidArn => ErrorCode::InvalidArn,
        KeyPolicyErrorClass::LimitExceeded => ErrorCode::LimitExceeded,
        KeyPolicyErrorClass::MalformedPolicyDocument => ErrorCode::MalformedPolicyDocument,
    };
    OpError::new(code, error.to_string())
}
