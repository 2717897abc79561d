//! A second evaluator, written from the documentation alone: slow, allocating, and as close to the
//! tables of the language as code can be. It exists to disagree with the real one.
//!
//! It reads its input from the JSON of the cases by itself, so that the two readings of an input
//! meet as well. It compiles nothing and remembers nothing.

mod condition;
mod glob;
mod grant;
mod input;
mod principal;

use keyward_policy::{Document, Effect, Element, Statement, Version};

pub(crate) use input::Input;
use principal::{Caller, Class};

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    ImplicitlyDenied,
    ExplicitlyDenied,
}

/// Which rule a request falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// A key policy must allow or delegate.
    Key,
    /// The identity alone decides: there is nothing a resource policy could be attached to.
    Identity,
    /// A role's trust policy must allow or delegate.
    Trust,
    /// Either side is enough in one account, both are needed across accounts.
    General,
}

/// What KMS does for an account and not for a key.
const ACCOUNT_LEVEL: [&str; 11] = [
    "createkey",
    "listkeys",
    "listaliases",
    "listretirablegrants",
    "generaterandom",
    "createcustomkeystore",
    "connectcustomkeystore",
    "deletecustomkeystore",
    "describecustomkeystores",
    "disconnectcustomkeystore",
    "updatecustomkeystore",
];

/// What a caller of another account can ever do with a key.
const CROSS_ACCOUNT: [&str; 22] = [
    "creategrant",
    "decapsulate",
    "decrypt",
    "derivesharedsecret",
    "describekey",
    "encapsulate",
    "encrypt",
    "generatedatakey",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
    "generatedatakeywithoutplaintext",
    "generatemac",
    "getkeyrotationstatus",
    "getpublickey",
    "listgrants",
    "reencryptfrom",
    "reencryptto",
    "retiregrant",
    "revokegrant",
    "sign",
    "verify",
    "verifymac",
];

impl Input {
    pub(crate) fn decide(&self) -> Decision {
        if self.is_denied() {
            return Decision::ExplicitlyDenied;
        }
        let guarded = !self.caller.is_service_linked();
        if guarded && self.caller.account().is_some() && !self.levels_allow(&self.scps, false) {
            return Decision::ImplicitlyDenied;
        }
        if guarded && !self.is_retiring() && !self.levels_allow(&self.rcps, true) {
            return Decision::ImplicitlyDenied;
        }
        let is_allowed = match self.rule() {
            Rule::Key => self.key_allows(),
            Rule::Identity => self.is_same_account() && self.identity_route(),
            Rule::Trust => self.trust_allows(),
            Rule::General => self.general_allows(),
        };
        if is_allowed { Decision::Allowed } else { Decision::ImplicitlyDenied }
    }

    fn rule(&self) -> Rule {
        let (service, name) = self.action_parts();
        let is_kms_resource = self.resource.split(':').nth(2) == Some("kms");
        let is_key = is_kms_resource
            && self.resource.splitn(6, ':').nth(5).is_some_and(|r| r.starts_with("key/"));
        let is_role = self.resource.split(':').nth(2) == Some("iam")
            && self.resource.splitn(6, ':').nth(5).is_some_and(|r| r.starts_with("role/"));
        let is_assume =
            name.starts_with("assumerole") || name == "tagsession" || name == "setsourceidentity";
        if service == "kms" {
            if ACCOUNT_LEVEL.contains(&name.as_str()) || !is_key {
                Rule::Identity
            } else {
                Rule::Key
            }
        } else if service == "sts" && is_assume && is_role && self.resource_policy.is_some() {
            Rule::Trust
        } else {
            Rule::General
        }
    }

    fn is_retiring(&self) -> bool {
        self.rule() == Rule::Key && self.action_parts().1 == "retiregrant"
    }

    fn action_parts(&self) -> (String, String) {
        let lower = self.action.to_lowercase();
        let (service, name) = lower.split_once(':').unwrap_or((&lower, ""));
        (service.to_owned(), name.to_owned())
    }

    fn is_same_account(&self) -> bool {
        match (self.caller.account(), &self.resource_account) {
            (Some(caller), Some(resource)) => caller == resource,
            _ => true,
        }
    }

    /// A `Deny` that applies, wherever it stands.
    fn is_denied(&self) -> bool {
        let identity_side = [&self.identity, &self.boundaries, &self.sessions]
            .into_iter()
            .flatten()
            .any(|document| self.plain(document, Effect::Deny));
        // Nothing on the side of the key stops the end of a grant.
        let is_retiring = self.is_retiring();
        let resource_side = !is_retiring && !self.classes(Effect::Deny).is_empty();
        let guarded = !self.caller.is_service_linked();
        let scp = guarded
            && self.caller.account().is_some()
            && self.scps.iter().flatten().any(|document| self.plain(document, Effect::Deny));
        let rcp = guarded
            && !is_retiring
            && self.rcps.iter().flatten().any(|document| self.guards(document, Effect::Deny));
        identity_side || resource_side || scp || rcp
    }

    /// No levels: no organization. Otherwise every level must allow.
    fn levels_allow(&self, levels: &[Vec<Document>], has_principal: bool) -> bool {
        levels.iter().all(|level| {
            level.iter().any(|document| {
                if has_principal {
                    self.guards(document, Effect::Allow)
                } else {
                    self.plain(document, Effect::Allow)
                }
            })
        })
    }

    fn identity_allows(&self) -> bool {
        match self.caller {
            Caller::Root { .. } => true,
            Caller::Anonymous | Caller::Service { .. } | Caller::Provider { .. } => false,
            _ => self.identity.iter().any(|document| self.plain(document, Effect::Allow)),
        }
    }

    fn boundary_allows(&self) -> bool {
        self.boundaries.is_empty()
            || self.boundaries.iter().any(|document| self.plain(document, Effect::Allow))
    }

    fn session_allows(&self) -> bool {
        // A federated user without a session policy has no permissions of its own.
        let free = !matches!(self.caller, Caller::FederatedUser { .. });
        (self.sessions.is_empty() && free)
            || self.sessions.iter().any(|document| self.plain(document, Effect::Allow))
    }

    fn identity_route(&self) -> bool {
        self.identity_allows() && self.boundary_allows() && self.session_allows()
    }

    /// The classes in which the resource policy allows this caller.
    fn allowing(&self) -> Vec<Class> {
        self.classes(Effect::Allow)
    }

    fn key_allows(&self) -> bool {
        let (_, name) = self.action_parts();
        if name == "retiregrant" {
            // Nothing a key policy says about it has an effect.
            return self.identity_route() || self.granted();
        }
        if !self.is_same_account() && !CROSS_ACCOUNT.contains(&name.as_str()) {
            return false;
        }
        // KMS serves no one who does not sign.
        !matches!(self.caller, Caller::Anonymous)
            && (self.granted() || self.delegated(&self.allowing()))
    }

    fn granted(&self) -> bool {
        self.grants.iter().any(|grant| match grant.allows(self) {
            None => false,
            Some(Class::Account) => self.identity_route(),
            Some(_) => true,
        })
    }

    fn trust_allows(&self) -> bool {
        !matches!(self.caller, Caller::Anonymous) && self.delegated(&self.allowing())
    }

    /// The rule of key policies and trust policies: the resource must speak first.
    fn delegated(&self, classes: &[Class]) -> bool {
        let has = |class| classes.contains(&class);
        if self.caller.account().is_none() {
            return !classes.is_empty();
        }
        let limited = self.boundary_allows() && self.session_allows();
        if self.is_same_account() {
            has(Class::Direct)
                || (has(Class::Role) && limited)
                || (has(Class::Account) && self.identity_route())
        } else {
            !classes.is_empty() && self.identity_route()
        }
    }

    fn general_allows(&self) -> bool {
        let classes = self.allowing();
        let is_one_account = self.caller.account().is_some() && self.is_same_account();
        self.delegated(&classes) || (is_one_account && self.identity_route())
    }

    /// Statements of the resource policy with this effect that apply, as what the caller is to each.
    fn classes(&self, effect: Effect) -> Vec<Class> {
        let Some(document) = &self.resource_policy else { return Vec::new() };
        let rule = self.rule();
        if rule == Rule::Identity {
            return Vec::new();
        }
        document
            .statements
            .iter()
            .filter(|statement| statement.effect == effect)
            .filter(|statement| match (&statement.resource, rule) {
                // Only elsewhere than in a key policy may the resource go without saying.
                (None, Rule::Trust | Rule::General) => true,
                (_, Rule::Key) => self.is_this_key(statement),
                _ => self.resource_applies(statement, document.version),
            })
            .filter(|statement| self.action_applies(statement))
            .filter(|statement| {
                let seen = if rule == Rule::Key { self.without_tags() } else { self.clone() };
                seen.conditions_hold(statement, document.version)
            })
            .filter_map(|statement| self.caller.class(statement, !self.boundaries.is_empty()))
            .collect()
    }

    /// In a key policy `*` is the key, and so is its ARN.
    fn is_this_key(&self, statement: &Statement) -> bool {
        let names = |names: &[String]| names.iter().any(|n| n == "*" || *n == self.resource);
        match &statement.resource {
            None => false,
            Some(Element::Listed(written)) => names(written),
            Some(Element::NotListed(written)) => !names(written),
        }
    }

    /// What a key policy does not see of a key.
    fn without_tags(&self) -> Self {
        let mut seen = self.clone();
        seen.context.retain(|name, _| {
            let name = name.to_lowercase();
            !name.starts_with("aws:resourcetag/") && name != "kms:resourcealiases"
        });
        seen
    }

    /// Whether a policy without principals has a statement of this effect that applies.
    fn plain(&self, document: &Document, effect: Effect) -> bool {
        document.statements.iter().any(|statement| {
            statement.effect == effect
                && self.action_applies(statement)
                && self.resource_applies(statement, document.version)
                && self.conditions_hold(statement, document.version)
        })
    }

    /// The same for a resource control policy, which names everyone.
    fn guards(&self, document: &Document, effect: Effect) -> bool {
        document.statements.iter().any(|statement| {
            statement.effect == effect
                && (statement.principal.is_none() || self.caller.class(statement, false).is_some())
                && self.action_applies(statement)
                && self.resource_applies(statement, document.version)
                && self.conditions_hold(statement, document.version)
        })
    }

    fn action_applies(&self, statement: &Statement) -> bool {
        let matches = |patterns: &[String]| {
            patterns.iter().any(|pattern| glob::action(pattern, &self.action))
        };
        match &statement.action {
            None => false,
            Some(Element::Listed(patterns)) => matches(patterns),
            Some(Element::NotListed(patterns)) => !matches(patterns),
        }
    }

    fn resource_applies(&self, statement: &Statement, version: Version) -> bool {
        let matches = |patterns: &[String]| {
            patterns.iter().any(|pattern| {
                glob::resource(pattern, version, &|key| self.variable(key), &self.resource)
            })
        };
        match &statement.resource {
            None => false,
            Some(Element::Listed(patterns)) => matches(patterns),
            Some(Element::NotListed(patterns)) => !matches(patterns),
        }
    }

    fn conditions_hold(&self, statement: &Statement, version: Version) -> bool {
        statement.conditions.iter().all(|condition| {
            condition
                .tests
                .iter()
                .all(|test| condition::holds(condition.operator, test, version, self))
        })
    }

    /// Every value of a context key, whatever the case of its name.
    fn values(&self, key: &str) -> Vec<String> {
        let same = |name: &String| name.to_lowercase() == key.to_lowercase();
        self.context
            .iter()
            .filter(|(name, _)| same(name))
            .flat_map(|(_, values)| values.clone())
            .collect()
    }

    /// The values of a policy variable. A key that may have several can be none, however many it has.
    fn variable(&self, key: &str) -> Vec<String> {
        const MULTIVALUED: [&str; 3] =
            ["aws:tagkeys", "kms:grantoperations", "kms:encryptioncontextkeys"];
        let mut values = self.values(key);
        if MULTIVALUED.contains(&key.to_lowercase().as_str()) {
            values.extend([String::new(), String::new()]);
        }
        values
    }
}
