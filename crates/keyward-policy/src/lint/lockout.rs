//! Whether anyone will be able to replace the policy.

use super::statement::{account_of, is_everyone};
use super::{Finding, Problem};
use crate::document::{Document, Effect, Element, Principal, PrincipalKind, Statement};
use crate::kms_action::KmsAction;
use crate::policy::Actions;

pub(super) fn find(document: &Document, account: Option<&str>) -> Option<Finding> {
    let statements = || document.statements.iter().enumerate().filter(|(_, it)| is_about_it(it));
    let denying = statements().find(|(_, it)| {
        it.effect == Effect::Deny
            && it.conditions.is_empty()
            && matches!(&it.principal, Some(Element::Listed(principal)) if is_everyone(principal))
    });
    if let Some((index, statement)) = denying {
        let (statement, sid) = (Some(index), statement.sid.clone());
        return Some(Finding { statement, sid, problem: Problem::DeniedToAll });
    }
    let allowing: Vec<&Statement> = statements()
        .map(|(_, it)| it)
        .filter(|it| it.effect == Effect::Allow && reach(it, account) != Reach::NoOne)
        .collect();
    let free: Vec<_> = allowing.iter().filter(|it| it.conditions.is_empty()).collect();
    let problem = match () {
        () if allowing.is_empty() => Problem::LockedOut,
        () if free.is_empty() => Problem::ConditionalControl,
        () if free.iter().all(|it| reach(it, account) == Reach::Named) => Problem::NamedControl,
        () => return None,
    };
    Some(Finding { statement: None, sid: None, problem })
}

/// Whether a statement has an effect on kms:PutKeyPolicy.
fn is_about_it(statement: &Statement) -> bool {
    let covers_action = statement.action.as_ref().is_some_and(|element| {
        KmsAction::find("PutKeyPolicy")
            .is_some_and(|action| super::covers(&Actions::compile(element), action))
    });
    // A key's ARN may be the right one.
    let is_key = |it: &String| it == "*" || it.contains(":key/");
    let covers_key = match &statement.resource {
        None => false,
        Some(Element::Listed(written)) => written.iter().any(is_key),
        Some(Element::NotListed(written)) => !written.iter().any(|it| it == "*"),
    };
    covers_action && covers_key
}

/// Whom of the key's account a statement reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    NoOne,
    /// Users, roles or sessions by name.
    Named,
    /// The account itself, whatever becomes of its users and roles.
    Account,
}

fn reach(statement: &Statement, account: Option<&str>) -> Reach {
    let principal = match &statement.principal {
        None => return Reach::NoOne,
        Some(Element::NotListed(_)) => return Reach::Account,
        Some(Element::Listed(principal)) => principal,
    };
    let Principal::Entries(entries) = principal else { return Reach::Account };
    let names = entries.iter().filter(|it| it.kind == PrincipalKind::Aws).flat_map(|it| &it.names);
    let own: Vec<_> = names
        .filter(|it| *it == "*" || account.is_none_or(|own| account_of(it) == Some(own)))
        .collect();
    let is_account = |it: &&String| *it == "*" || !it.contains(':') || it.ends_with(":root");
    match () {
        () if own.is_empty() => Reach::NoOne,
        () if own.iter().any(is_account) => Reach::Account,
        () => Reach::Named,
    }
}
