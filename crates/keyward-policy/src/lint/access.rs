//! Who can do what, read off the statements.

use super::covered;
use crate::document::{Document, Effect, Element, Principal, Statement};
use crate::kms_action::{KmsAction, Purpose};
use crate::policy::Actions;

/// What the policy says to one principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The principal as written; `*` for everyone, `everyone but …` for `NotPrincipal`.
    pub principal: String,
    /// What each statement allows or denies it.
    pub entries: Vec<AccessEntry>,
}

/// What one statement says to a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// The place of the statement, from 0.
    pub statement: usize,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The actions on the key that it covers.
    pub actions: Vec<&'static KmsAction>,
    /// Its conditions: operator and key.
    pub conditions: Vec<String>,
}

impl AccessEntry {
    /// How many of a purpose's actions are covered, and how many there are.
    pub fn share_of(&self, purpose: Purpose) -> (usize, usize) {
        let of = |actions: &[&KmsAction]| {
            actions.iter().filter(|action| action.purpose == purpose).count()
        };
        (of(&self.actions), of(&covered(&Actions::compile(&everything()))))
    }
}

fn everything() -> Element<Vec<String>> {
    Element::Listed(vec!["*".to_owned()])
}

pub(super) fn of(document: &Document) -> Vec<Access> {
    let mut all: Vec<Access> = Vec::new();
    for (index, statement) in document.statements.iter().enumerate() {
        let Some(entry) = entry(index, statement) else { continue };
        for principal in principals(statement) {
            match all.iter_mut().find(|access| access.principal == principal) {
                Some(access) => access.entries.push(entry.clone()),
                None => all.push(Access { principal, entries: vec![entry.clone()] }),
            }
        }
    }
    all
}

/// `None` for a statement without effect.
fn entry(index: usize, statement: &Statement) -> Option<AccessEntry> {
    let actions = covered(&Actions::compile(statement.action.as_ref()?));
    let has_effect = !actions.is_empty() && statement.resource.is_some();
    let conditions = statement.conditions.iter().flat_map(|condition| {
        condition.tests.iter().map(|test| format!("{} {}", condition.operator.name(), test.key))
    });
    has_effect.then(|| AccessEntry {
        statement: index,
        effect: statement.effect,
        actions,
        conditions: conditions.collect(),
    })
}

fn principals(statement: &Statement) -> Vec<String> {
    let names = |principal: &Principal| match principal {
        Principal::Everyone => vec!["*".to_owned()],
        Principal::Entries(entries) => entries.iter().flat_map(|it| it.names.clone()).collect(),
    };
    match &statement.principal {
        None => Vec::new(),
        Some(Element::Listed(principal)) => names(principal),
        Some(Element::NotListed(principal)) => {
            vec![format!("everyone but {}", names(principal).join(", "))]
        }
    }
}
