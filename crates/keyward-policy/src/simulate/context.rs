//! The condition keys of a request: those given, and those the service knows by itself.

use super::caller::Caller;
use super::input::Asked;
use crate::condition_key::{ConditionKey, KeyFamily, NamedKey};
use crate::request::{ContextValue, RequestContext};

/// Keys and their values, as text.
#[derive(Clone, Debug, Default)]
pub(super) struct Context(Vec<(ConditionKey, Vec<String>)>);

impl RequestContext for Context {
    fn visit(&self, key: &ConditionKey, visit: &mut dyn FnMut(ContextValue<'_>)) -> bool {
        let mut is_present = false;
        for value in self.values(key) {
            is_present = true;
            visit(ContextValue::Text(value));
        }
        is_present
    }
}

impl Context {
    pub(super) fn new(given: Vec<(String, Vec<String>)>) -> Self {
        Self(given.into_iter().map(|(name, values)| (ConditionKey::parse(&name), values)).collect())
    }

    /// Every value of a key. Two names that differ by case are one key with the values of both.
    pub(super) fn values<'a>(&'a self, key: &ConditionKey) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(other, _)| other == key);
        found.flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    pub(super) fn first(&self, key: NamedKey) -> Option<&str> {
        self.values(&ConditionKey::Named(key)).next()
    }

    /// The pairs of the encryption context.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(key, values)| match key {
            ConditionKey::Family(KeyFamily::KmsEncryptionContext, name) => {
                Some((&**name, values.first()?.as_str()))
            }
            _ => None,
        })
    }

    /// Adds what the service knows of every request without being told. What was given wins.
    pub(super) fn complete(&mut self, caller: &Caller, asked: &Asked) {
        self.complete_caller(caller);
        if let Some(account) = caller.account() {
            self.put(NamedKey::AwsPrincipalAccount, account);
            if asked.action.to_ascii_lowercase().starts_with("kms:") {
                self.put(NamedKey::KmsCallerAccount, account);
            }
        }
        if let Some(account) = &asked.known_resource_account {
            self.put(NamedKey::AwsResourceAccount, account);
        }
    }

    fn complete_caller(&mut self, caller: &Caller) {
        let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
        let (kind, arn) = match caller {
            Caller::Anonymous => ("Anonymous", None),
            Caller::WebIdentity { .. } => return,
            Caller::Service { name } => {
                self.put(NamedKey::AwsPrincipalServiceName, name);
                self.put(NamedKey::AwsPrincipalServiceNamesList, name);
                ("Service", None)
            }
            Caller::Root { account } => {
                self.put(NamedKey::AwsUserid, account);
                ("Account", Some(format!("arn:aws:iam::{account}:root")))
            }
            Caller::User { arn, .. } => {
                self.put(NamedKey::AwsUsername, &last(arn));
                ("User", Some(arn.clone()))
            }
            Caller::Role { role_arn, .. } => ("AssumedRole", Some(role_arn.clone())),
            Caller::FederatedUser { account, arn } => {
                self.put(NamedKey::AwsUserid, &format!("{account}:{}", last(arn)));
                ("FederatedUser", Some(arn.clone()))
            }
        };
        self.put(NamedKey::AwsPrincipalType, kind);
        if let Some(arn) = arn {
            self.put(NamedKey::AwsPrincipalArn, &arn);
        }
        if !matches!(caller, Caller::Anonymous) {
            let is_service = matches!(caller, Caller::Service { .. });
            self.put(NamedKey::AwsPrincipalIsAwsService, if is_service { "true" } else { "false" });
        }
    }

    fn put(&mut self, key: NamedKey, value: &str) {
        let key = ConditionKey::Named(key);
        if !self.0.iter().any(|(given, _)| *given == key) {
            self.0.push((key, vec![value.to_owned()]));
        }
    }
}
