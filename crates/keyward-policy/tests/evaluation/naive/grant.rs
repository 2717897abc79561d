//! Grants, as the guide tells of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Input;
use super::principal::{Caller, Class, names_account};

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Grant {
    #[serde(rename = "KeyId", alias = "keyId")]
    key_id: Option<String>,
    #[serde(rename = "GranteePrincipal", alias = "granteePrincipal")]
    grantee: Option<String>,
    #[serde(rename = "GranteeServicePrincipal", alias = "granteeServicePrincipal")]
    grantee_service: Option<String>,
    #[serde(rename = "Operations", alias = "operations", default)]
    operations: Vec<String>,
    #[serde(rename = "Constraints", alias = "constraints", default)]
    constraints: Constraints,
}

type Pairs = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, Deserialize)]
struct Constraints {
    #[serde(rename = "EncryptionContextSubset", alias = "encryptionContextSubset")]
    subset: Option<Pairs>,
    #[serde(rename = "EncryptionContextEquals", alias = "encryptionContextEquals")]
    equals: Option<Pairs>,
    #[serde(rename = "SourceArn", alias = "sourceArn")]
    source_arn: Option<String>,
}

const WITH_CONTEXT: [&str; 8] = [
    "encrypt",
    "decrypt",
    "generatedatakey",
    "generatedatakeywithoutplaintext",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
    "reencryptfrom",
    "reencryptto",
];

impl Grant {
    /// As what the grant names the caller, if it allows the request.
    pub(crate) fn allows(&self, input: &Input) -> Option<Class> {
        let (_, action) = input.action_parts();
        let class = self.names(&input.caller)?;
        let holds = self.is_on(&input.resource)
            && self.operations.iter().any(|name| name.to_lowercase() == action)
            && (!WITH_CONTEXT.contains(&action.as_str()) || self.context_fits(&pairs(input)))
            && (action == "retiregrant" || self.source_fits(input))
            && (action != "creategrant" || self.covers(input));
        holds.then_some(class)
    }

    fn is_on(&self, resource: &str) -> bool {
        match &self.key_id {
            None => true,
            Some(id) => resource == id || resource.ends_with(&format!(":key/{id}")),
        }
    }

    fn names(&self, caller: &Caller) -> Option<Class> {
        let grantee = self.grantee.as_deref().unwrap_or_default();
        let service = self.grantee_service.as_deref().unwrap_or_default();
        let direct = match caller {
            Caller::User { arn, .. } | Caller::FederatedUser { arn, .. } => arn == grantee,
            Caller::Role { session_arn, .. } => {
                caller.is_of_role(grantee) || session_arn.as_deref() == Some(grantee)
            }
            Caller::Service { name } => {
                name == grantee || (name == service && self.constraints.source_arn.is_some())
            }
            _ => false,
        };
        let is_account = caller.account().is_some_and(|account| names_account(grantee, account));
        if direct {
            Some(Class::Direct)
        } else if is_account {
            Some(Class::Account)
        } else {
            None
        }
    }

    fn context_fits(&self, context: &Pairs) -> bool {
        self.constraints
            .equals
            .as_ref()
            .is_none_or(|wanted| has_all(context, wanted) && has_all(wanted, context))
            && self.constraints.subset.as_ref().is_none_or(|wanted| has_all(context, wanted))
    }

    fn source_fits(&self, input: &Input) -> bool {
        self.constraints
            .source_arn
            .as_ref()
            .is_none_or(|arn| input.values("aws:SourceArn").contains(arn))
    }

    /// Whether the grant that is asked for is within this one.
    fn covers(&self, input: &Input) -> bool {
        let operations = input.values("kms:GrantOperations");
        let kind = input.values("kms:GrantConstraintType");
        let (is_equals, is_subset) = (
            kind.contains(&"EncryptionContextEquals".to_owned()),
            kind.contains(&"EncryptionContextSubset".to_owned()),
        );
        let child = pairs(input);
        !operations.is_empty()
            && operations.iter().all(|wanted| self.operations.contains(wanted))
            && self
                .constraints
                .equals
                .as_ref()
                .is_none_or(|own| is_equals && has_all(&child, own) && has_all(own, &child))
            && self
                .constraints
                .subset
                .as_ref()
                .is_none_or(|own| (is_equals || is_subset) && has_all(&child, own))
            && self
                .constraints
                .source_arn
                .as_ref()
                .is_none_or(|arn| input.values("kms:GrantConstraintSourceArn").contains(arn))
    }
}

/// Names of pairs are compared ignoring case, their values are not.
fn has_all(context: &Pairs, wanted: &Pairs) -> bool {
    wanted.iter().all(|(name, value)| {
        context.iter().any(|(n, v)| n.to_lowercase() == name.to_lowercase() && v == value)
    })
}

fn pairs(input: &Input) -> Pairs {
    input
        .context
        .iter()
        .filter(|(name, _)| name.to_lowercase().starts_with("kms:encryptioncontext:"))
        .filter_map(|(name, values)| {
            Some((name.splitn(3, ':').nth(2)?.to_owned(), values.first()?.clone()))
        })
        .collect()
}
