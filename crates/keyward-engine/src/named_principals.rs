//! Whom the principals of a policy are.
//!
//! The users and roles that a document names are bound to their unique ids when it is saved, so that
//! whoever gets the name of a deleted one gets nothing that was its. Reads show the id of one that is
//! gone, and the ARN that one has now.

use std::collections::{BTreeMap, BTreeSet};

use keyward_model::{AccountId, Partition, UniqueId};
use keyward_policy::{
    Document, Element, Principal, PrincipalEntry, PrincipalKind, Principals, account_of_principal,
    parse,
};

use crate::{Engine, OpError};

/// Unique ids of users and roles, by ARN as a document has it.
pub type Bindings = BTreeMap<String, UniqueId>;

/// The principals that a document names, as far as they exist.
#[derive(Debug)]
pub struct NamedPrincipals {
    partition: Partition,
    accounts: BTreeSet<String>,
    bindings: Bindings,
    sessions: BTreeSet<String>,
}

impl NamedPrincipals {
    /// The users and roles among them, with their unique ids.
    pub fn into_bindings(self) -> Bindings {
        self.bindings
    }
}

impl Principals for NamedPrincipals {
    fn account_exists(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    fn principal_exists(&self, arn: &str) -> bool {
        self.bindings.contains_key(arn) || self.sessions.contains(arn)
    }

    fn partition(&self) -> &str {
        self.partition.as_str()
    }

    fn service_is_known(&self, service: &str) -> bool {
        let name = service.strip_suffix(".cn").unwrap_or(service).strip_suffix(".amazonaws.com");
        name.is_some_and(|name| !name.is_empty())
    }
}

impl Engine {
    /// Looks for the principals that a document names.
    pub async fn named_principals(&self, document: &Document) -> Result<NamedPrincipals, OpError> {
        let mut found = NamedPrincipals {
            partition: self.partition(),
            accounts: BTreeSet::new(),
            bindings: Bindings::new(),
            sessions: BTreeSet::new(),
        };
        for name in aws_names(document) {
            self.look_for(name, &mut found).await?;
        }
        Ok(found)
    }

    async fn look_for(&self, name: &str, found: &mut NamedPrincipals) -> Result<(), OpError> {
        let of_arn = account_of_principal(name, self.partition().as_str());
        let Ok(account) = of_arn.unwrap_or(name).parse::<AccountId>() else { return Ok(()) };
        let accounts = self.store().accounts();
        if accounts.find(&account).await.map_err(OpError::internal)?.is_none() {
            return Ok(());
        }
        found.accounts.insert(account.to_string());
        match self.find_named(name).await? {
            Some((_, true)) => drop(found.sessions.insert(name.to_owned())),
            Some((id, false)) => drop(found.bindings.insert(name.to_owned(), id)),
            None => {}
        }
        Ok(())
    }

    /// The text of a document as it is read: as sent, while those it names are who they were.
    pub async fn shown_document(&self, text: &str, bound: &Bindings) -> Result<String, OpError> {
        let mut names_now = BTreeMap::new();
        for (arn, id) in bound {
            let now = self.find_principal_arn(id).await?.unwrap_or_else(|| id.to_string());
            if now != *arn {
                names_now.insert(arn.as_str(), now);
            }
        }
        if names_now.is_empty() {
            return Ok(text.to_owned());
        }
        let mut document = parse(text).map_err(OpError::internal)?;
        for name in entries(&mut document).flat_map(|entry| &mut entry.names) {
            if let Some(now) = names_now.get(name.as_str()) {
                name.clone_from(now);
            }
        }
        Ok(document.to_string())
    }
}

fn aws_names(document: &Document) -> impl Iterator<Item = &str> {
    let principals = document.statements.iter().filter_map(|it| it.principal.as_ref());
    let entries = principals.flat_map(|principal| match principal.written() {
        Principal::Entries(entries) => entries.as_slice(),
        Principal::Everyone => &[],
    });
    let aws = entries.filter(|entry| entry.kind == PrincipalKind::Aws);
    aws.flat_map(|entry| entry.names.iter().map(String::as_str))
}

fn entries(document: &mut Document) -> impl Iterator<Item = &mut PrincipalEntry> {
    let principals = document.statements.iter_mut().filter_map(|it| it.principal.as_mut());
    let entries = principals.flat_map(|principal| match principal {
        Element::Listed(Principal::Entries(entries))
        | Element::NotListed(Principal::Entries(entries)) => entries.as_mut_slice(),
        _ => &mut [],
    });
    entries.filter(|entry| entry.kind == PrincipalKind::Aws)
}
