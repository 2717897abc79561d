//! Condition blocks: which values of a request satisfy an operator, with and without set prefix.

use super::comparison::{Values, is_negated, truth};
use super::environment::Environment;
use crate::condition_key::ConditionKey;
use crate::document::{Comparison, Condition, SetQualifier, Version};
use crate::request::ContextValue;

/// One key under one operator.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    key: ConditionKey,
    set: Option<SetQualifier>,
    if_exists: bool,
    question: Question,
}

#[derive(Clone, Debug)]
enum Question {
    /// `Null`: is the key absent? By the values given.
    IsAbsent(Box<[Option<bool>]>),
    /// Every other operator.
    Compare { is_negated: bool, values: Values },
}

/// The tests of a condition block, all of which must hold.
pub(crate) fn compile(conditions: &[Condition], version: Version) -> Box<[Test]> {
    let tests = conditions.iter().flat_map(|condition| {
        let operator = condition.operator;
        condition.tests.iter().map(move |test| Test {
            key: ConditionKey::parse(&test.key),
            set: operator.set,
            if_exists: operator.if_exists,
            question: question(operator.comparison, &test.values, version),
        })
    });
    tests.collect()
}

fn question(comparison: Comparison, values: &[String], version: Version) -> Question {
    if comparison == Comparison::Null {
        return Question::IsAbsent(values.iter().map(|text| truth(text)).collect());
    }
    let is_negated = is_negated(comparison);
    Question::Compare { is_negated, values: Values::read(comparison, values, version) }
}

/// What the values of a request came to.
#[derive(Default)]
struct Tally {
    count: usize,
    satisfying: usize,
    has_empty_text: bool,
}

impl Tally {
    /// A single empty text counts as nothing where sets are compared.
    fn is_null_set(&self) -> bool {
        self.count == 0 || (self.count == 1 && self.has_empty_text)
    }
}

impl Test {
    pub(crate) fn holds(&self, at: &Environment<'_>) -> bool {
        match &self.question {
            Question::IsAbsent(answers) => self.absence_holds(answers, at),
            Question::Compare { is_negated, values } if values.is_empty() => {
                self.holds_without_values(&self.tally(at, values, *is_negated))
            }
            Question::Compare { is_negated, values } => {
                let tally = self.tally(at, values, *is_negated);
                self.holds_for(&tally, *is_negated)
            }
        }
    }

    fn tally(&self, at: &Environment<'_>, values: &Values, is_negated: bool) -> Tally {
        let mut tally = Tally::default();
        at.visit(&self.key, &mut |value| {
            let outcome = values.compare(value, at);
            let satisfies = if is_negated { outcome.matches_none } else { outcome.matches_any };
            tally.count = tally.count.saturating_add(1);
            tally.satisfying = tally.satisfying.saturating_add(usize::from(satisfies));
            tally.has_empty_text |= value == ContextValue::Text("");
        });
        tally
    }

    fn holds_for(&self, tally: &Tally, is_negated: bool) -> bool {
        let all = tally.satisfying == tally.count;
        match self.set {
            Some(SetQualifier::ForAllValues) => tally.is_null_set() || all,
            Some(SetQualifier::ForAnyValue) if tally.is_null_set() => self.if_exists,
            None if tally.count == 0 => self.if_exists || is_negated,
            None if is_negated => all,
            Some(SetQualifier::ForAnyValue) | None => tally.satisfying > 0,
        }
    }

    /// A list without values constrains nothing, unless the operator speaks of sets or existence.
    fn holds_without_values(&self, tally: &Tally) -> bool {
        match self.set {
            None if !self.if_exists => true,
            None => tally.count == 0,
            Some(SetQualifier::ForAnyValue) if !self.if_exists => false,
            Some(_) => tally.is_null_set(),
        }
    }

    /// Prefixes make no sense here; what they mean is as documented all the same.
    fn absence_holds(&self, answers: &[Option<bool>], at: &Environment<'_>) -> bool {
        match self.set {
            Some(SetQualifier::ForAllValues) => return true,
            Some(SetQualifier::ForAnyValue) => return false,
            None if answers.is_empty() => return true,
            None => {}
        }
        let mut has_value = false;
        at.visit(&self.key, &mut |_| has_value = true);
        answers.contains(&Some(!has_value))
    }
}
