//! Key policies in requests: what is saved, and what is shown of it.

mod shown;

use std::collections::{BTreeMap, HashMap, HashSet};

use keyward_engine::{Cx, Engine, ErrorCode, OpError};
use keyward_model::{AccountId, UniqueId};
use keyward_policy::{
    Document, KeyPolicy, KeyPolicyError, KeyPolicyErrorClass, Policy, Principal, PrincipalKind,
    Principals, default_key_policy,
};
use keyward_store::{KeyRecord, PolicyRecord, ScopedKey};

pub(crate) use shown::shown;

/// A well-formed key policy, and whom its principals are.
pub(crate) struct CheckedPolicy {
    policy: KeyPolicy,
    bindings: BTreeMap<String, String>,
}

/// Refuses a document that is no well-formed key policy. The text is stored as it was sent.
pub(crate) async fn check(cx: &Cx, document: &str) -> Result<CheckedPolicy, OpError> {
    check_in(cx.engine(), document).await
}

/// The same, for a document that no request carries.
pub(crate) async fn check_in(engine: &Engine, document: &str) -> Result<CheckedPolicy, OpError> {
    KeyPolicy::check_length(document).map_err(|error| refusal(&error))?;
    let policy = KeyPolicy::from_stored(document).map_err(|error| refusal(&error.into()))?;
    let world = World::around(engine, policy.document()).await?;
    let policy = KeyPolicy::check(document, &world).map_err(|error| refusal(&error))?;
    Ok(CheckedPolicy { policy, bindings: world.bindings() })
}

impl CheckedPolicy {
    /// Refuses a policy under which the caller could not replace it, unless the request bypasses
    /// this check.
    pub(crate) async fn require_control(
        &self,
        cx: &Cx,
        key: &KeyRecord,
        tags: Vec<(String, String)>,
        bypasses: Option<bool>,
    ) -> Result<(), OpError> {
        if bypasses == Some(true) {
            return Ok(());
        }
        let bind = |arn: &str| self.bindings.get(arn).map(|id| id.as_str().into());
        let policy = Policy::compile(self.policy.document(), &bind);
        if cx.would_control(key.clone(), policy, tags).await? {
            return Ok(());
        }
        Err(OpError::new(
            ErrorCode::MalformedPolicyDocument,
            "The new key policy will not allow you to update the key policy in the future.",
        ))
    }

    /// The row.
    pub(crate) fn into_record(self, key: ScopedKey) -> PolicyRecord {
        let document = self.policy.text().to_owned();
        PolicyRecord { key, document, bindings: self.bindings }
    }
}

/// The row of a key's policy: the one that came with the request, or the standard one.
pub(crate) fn record(
    engine: &Engine,
    policy: Option<CheckedPolicy>,
    key: ScopedKey,
) -> PolicyRecord {
    if let Some(policy) = policy {
        return policy.into_record(key);
    }
    let account = key.scope.account;
    let document = default_key_policy(engine.partition().as_str(), account.as_str());
    PolicyRecord { key, document, bindings: BTreeMap::new() }
}

/// The principals a policy may name.
struct World {
    accounts: HashSet<AccountId>,
    /// The users and roles it names that there are.
    identities: HashMap<String, UniqueId>,
    services: HashSet<String>,
    partition: &'static str,
}

impl World {
    async fn around(engine: &Engine, document: &Document) -> Result<Self, OpError> {
        let store = engine.store();
        let accounts = store.accounts().list().await.map_err(OpError::internal)?;
        let services = store.services().list().await.map_err(OpError::internal)?;
        let mut identities = HashMap::new();
        for arn in named(document) {
            if let Some(id) = engine.find_principal(arn).await? {
                identities.insert(arn.to_owned(), id);
            }
        }
        Ok(Self {
            accounts: accounts.into_iter().map(|record| record.account).collect(),
            identities,
            services: services.into_iter().map(|record| record.name).collect(),
            partition: engine.partition().as_str(),
        })
    }

    /// Users and roles are bound to who they are now: whoever gets the name later is another.
    fn bindings(self) -> BTreeMap<String, String> {
        let identities = self.identities.into_iter();
        let bound = identities.filter(|(arn, _)| !arn.contains(":assumed-role/"));
        bound.map(|(arn, id)| (arn, id.to_string())).collect()
    }
}

/// The texts of `AWS` principals.
fn named(document: &Document) -> impl Iterator<Item = &str> {
    let principals = document.statements.iter().filter_map(|it| it.principal.as_ref());
    let entries = principals.flat_map(|principal| match principal.written() {
        Principal::Everyone => &[],
        Principal::Entries(entries) => entries.as_slice(),
    });
    let aws = entries.filter(|entry| entry.kind == PrincipalKind::Aws);
    aws.flat_map(|entry| entry.names.iter().map(String::as_str))
}

impl Principals for World {
    fn account_exists(&self, account: &str) -> bool {
        account.parse().is_ok_and(|account| self.accounts.contains(&account))
    }

    fn principal_exists(&self, arn: &str) -> bool {
        self.identities.contains_key(arn)
    }

    fn partition(&self) -> &str {
        self.partition
    }

    fn service_is_known(&self, service: &str) -> bool {
        let name = service.strip_suffix(".cn").unwrap_or(service).strip_suffix(".amazonaws.com");
        let is_plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        name.is_some_and(|name| {
            self.services.contains(name) || !name.is_empty() && name.chars().all(is_plausible)
        })
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
