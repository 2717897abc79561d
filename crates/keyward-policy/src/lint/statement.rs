//! What can be wrong with one statement, its conditions aside.

use super::{Problem, covered, covers};
use crate::document::{Effect, Element, Principal, PrincipalKind, Statement};
use crate::kms_action::{ActionTarget, KmsAction};
use crate::policy::Actions;

pub(super) fn problems(statement: &Statement, account: Option<&str>) -> Vec<Problem> {
    let mut problems = Vec::new();
    actions(statement, &mut problems);
    resources(statement, &mut problems);
    principals(statement, account, &mut problems);
    problems
}

fn actions(statement: &Statement, problems: &mut Vec<Problem>) {
    let Some(element) = &statement.action else { return problems.push(Problem::NoAction) };
    let written = element.written();
    if written.is_empty() {
        problems.push(Problem::EmptyList("actions"));
    }
    for pattern in written {
        let actions = Actions::compile(&Element::Listed(vec![pattern.clone()]));
        let names = |target| {
            KmsAction::ALL
                .iter()
                .find(|it| (it.target == ActionTarget::Account) == target && covers(&actions, it))
        };
        match (names(false), names(true)) {
            (Some(_), _) => {}
            (None, Some(action)) => problems.push(Problem::NotOnAKey(action.name)),
            (None, None) => problems.push(Problem::UnknownAction(pattern.clone())),
        }
    }
}

fn resources(statement: &Statement, problems: &mut Vec<Problem>) {
    let Some(element) = &statement.resource else { return problems.push(Problem::NoResource) };
    if element.written().is_empty() {
        problems.push(Problem::EmptyList("resources"));
    }
    for resource in element.written().iter().filter(|it| *it != "*") {
        let mut parts = resource.splitn(6, ':');
        let is_key = parts.nth(2) == Some("kms")
            && parts.nth(2).is_some_and(|it| it.starts_with("key/"))
            && !resource.contains(['*', '?']);
        problems.push(if is_key {
            Problem::OneKey(resource.clone())
        } else {
            Problem::NeverTheKey(resource.clone())
        });
    }
}

fn principals(statement: &Statement, account: Option<&str>, problems: &mut Vec<Problem>) {
    match (&statement.principal, statement.effect) {
        (Some(Element::NotListed(_)), Effect::Allow) => problems.push(Problem::AllowNotPrincipal),
        (Some(Element::NotListed(_)), Effect::Deny) => problems.push(Problem::DenyNotPrincipal),
        (Some(Element::Listed(principal)), Effect::Allow) => {
            if is_everyone(principal) && statement.conditions.is_empty() {
                problems.push(Problem::Everyone);
            }
            if let Some(account) = account
                && is_of_others(principal, account)
            {
                problems.extend(not_across_accounts(statement));
            }
        }
        _ => {}
    }
    if let Some(Principal::Entries(entries)) = statement.principal.as_ref().map(Element::written)
        && entries.iter().any(|entry| entry.names.is_empty())
    {
        problems.push(Problem::EmptyList("principals"));
    }
}

pub(super) fn is_everyone(principal: &Principal) -> bool {
    match principal {
        Principal::Everyone => true,
        Principal::Entries(entries) => entries.iter().any(|entry| {
            entry.kind == PrincipalKind::Aws && entry.names.iter().any(|it| it == "*")
        }),
    }
}

/// Whether all it names are principals of other accounts.
fn is_of_others(principal: &Principal, account: &str) -> bool {
    let Principal::Entries(entries) = principal else { return false };
    let is_other = |name: &String| name != "*" && account_of(name) != Some(account);
    let mut names = entries.iter().flat_map(|entry| entry.names.iter().map(|it| (entry.kind, it)));
    !entries.is_empty() && names.all(|(kind, name)| kind == PrincipalKind::Aws && is_other(name))
}

/// The account that a principal is of or is.
pub(super) fn account_of(name: &str) -> Option<&str> {
    if name.starts_with("arn:") { name.split(':').nth(4) } else { Some(name) }
}

/// Actions that are written out: a pattern that covers them among others is no mistake.
fn not_across_accounts(statement: &Statement) -> Option<Problem> {
    let Some(Element::Listed(written)) = &statement.action else { return None };
    let exact: Vec<_> = written.iter().filter(|it| !it.contains(['*', '?'])).cloned().collect();
    let actions = Actions::compile(&Element::Listed(exact));
    let never: Vec<_> = covered(&actions)
        .into_iter()
        .filter(|action| !action.is_cross_account)
        .map(|action| action.name)
        .collect();
    (!never.is_empty()).then(|| Problem::NotAcrossAccounts(never.join(", ")))
}
