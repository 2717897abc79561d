//! What can be wrong with the conditions of a statement.

use super::Problem;
use crate::condition_key::ConditionKey;
use crate::document::{
    Comparison, Condition, ConditionTest, Effect, SetQualifier, Statement, Version,
};
use crate::policy::{is_negated, is_readable};
use crate::text::same_ignoring_case;

pub(super) fn problems(statement: &Statement, version: Version) -> Vec<Problem> {
    let tests = statement
        .conditions
        .iter()
        .flat_map(|condition| condition.tests.iter().map(move |test| (condition, test)));
    tests
        .flat_map(|(condition, test)| {
            let mut problems = key(test);
            problems.extend(set(statement, condition, test));
            problems.extend(values(condition, test, version));
            problems
        })
        .collect()
}

fn key(test: &ConditionTest) -> Vec<Problem> {
    let key = ConditionKey::parse(&test.key);
    let mut problems = Vec::new();
    if key.is_hidden_from_key_policies() {
        problems.push(Problem::HiddenKey(test.key.clone()));
    }
    let lower = test.key.to_ascii_lowercase();
    let is_foreign = ["iam:", "sts:"].iter().any(|prefix| lower.starts_with(prefix));
    if is_foreign || matches!(key, ConditionKey::Other(_)) {
        problems.push(Problem::UnknownKey(test.key.clone()));
    }
    problems
}

fn set(statement: &Statement, condition: &Condition, test: &ConditionTest) -> Option<Problem> {
    let set = condition.operator.set?;
    if condition.operator.comparison == Comparison::Null {
        let always = set == SetQualifier::ForAllValues;
        return Some(Problem::Constant(condition.operator.name(), always));
    }
    let is_trap = set == SetQualifier::ForAllValues
        && statement.effect == Effect::Allow
        && !is_present(statement, &test.key);
    is_trap.then(|| Problem::HoldsWithoutKey(test.key.clone()))
}

/// Whether a condition asks that the request has the key.
fn is_present(statement: &Statement, key: &str) -> bool {
    let nulls = statement
        .conditions
        .iter()
        .filter(|it| it.operator.set.is_none() && it.operator.comparison == Comparison::Null);
    nulls.flat_map(|it| &it.tests).any(|test| {
        same_ignoring_case(&test.key, key)
            && !test.values.is_empty()
            && test.values.iter().all(|value| value.eq_ignore_ascii_case("false"))
    })
}

fn values(condition: &Condition, test: &ConditionTest, version: Version) -> Vec<Problem> {
    let comparison = condition.operator.comparison;
    if test.values.is_empty() {
        return vec![Problem::EmptyList("values")];
    }
    let unreadable = test.values.iter().filter(|it| !is_readable(comparison, it, version));
    unreadable
        .map(|value| {
            let (operator, value) = (condition.operator.name(), value.clone());
            if is_negated(comparison) && !is_arn(comparison) {
                Problem::NeverHolds { operator, value }
            } else {
                Problem::Unreadable { operator, value }
            }
        })
        .collect()
}

/// What is no ARN matches none, and so the negation holds.
fn is_arn(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::ArnNotEquals | Comparison::ArnNotLike)
}
