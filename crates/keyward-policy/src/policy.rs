//! A policy compiled for evaluation.
//!
//! Everything that depends on the document alone is done here, once: patterns are split, values
//! read, keys looked up. What remains to be done at a request allocates nothing, except for variables
//! in patterns and in texts compared ignoring case.

mod action;
mod arn;
mod comparison;
mod condition;
mod environment;
mod glob;
mod network;
mod principal;
mod resource;
mod template;

use crate::document::{Document, Effect, Statement, Version};
use crate::request::Request;
pub(crate) use action::Actions;
pub(crate) use action::{Action, ActionText};
pub(crate) use comparison::{is_negated, is_readable};
use condition::Test;
pub(crate) use environment::{Environment, Place};
use principal::{Bind, Principals};
pub(crate) use principal::{Class, class_of_grantee};
use resource::Resources;

/// A compiled policy. Immutable; share it in an `Arc`.
#[derive(Clone, Debug)]
pub struct Policy {
    allow: Box<[Compiled]>,
    deny: Box<[Compiled]>,
}

#[derive(Clone, Debug)]
struct Compiled {
    index: usize,
    sid: Option<Box<str>>,
    principals: Option<Principals>,
    actions: Actions,
    resources: Option<Resources>,
    tests: Box<[Test]>,
}

/// One statement of a policy that applies to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied<'a> {
    pub(crate) index: usize,
    pub(crate) sid: Option<&'a str>,
    pub(crate) class: Class,
}

/// The classes under which a policy allows a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) direct: bool,
    pub(crate) role: bool,
    pub(crate) account: bool,
}

impl Allowance {
    pub(crate) fn add(&mut self, class: Class) {
        match class {
            Class::Direct => self.direct = true,
            Class::Role => self.role = true,
            Class::Account => self.account = true,
        }
    }
}

/// A request with its action read, and where a policy stands.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) action: Action<'a>,
    pub(crate) place: Place,
    /// Whether the caller has a permissions boundary.
    pub(crate) has_boundary: bool,
}

impl Policy {
    /// Compiles a document.
    ///
    /// `bind` gives the unique id (`AIDA…`, `AROA…`) that the ARN of a user or role in `Principal`
    /// was bound to when the policy was saved. A bound principal is only who has that id; one that
    /// is not bound is whoever has the ARN. A raw id in `Principal` is no one.
    ///
    /// A statement without action names nothing and is left out.
    pub fn compile(document: &Document, bind: &dyn Fn(&str) -> Option<Box<str>>) -> Self {
        let of = |effect: Effect| {
            let statements = document.statements.iter().enumerate();
            statements
                .filter(|(_, statement)| statement.effect == effect)
                .filter_map(|(index, it)| Compiled::new(index, it, document.version, bind))
                .collect()
        };
        Self { allow: of(Effect::Allow), deny: of(Effect::Deny) }
    }

    /// Compiles a document that names no principals, or whose principals were never bound.
    pub fn compile_unbound(document: &Document) -> Self {
        Self::compile(document, &|_| None)
    }

    /// Whether an Allow applies, by whatever class.
    pub(crate) fn allows(&self, asked: &Asked<'_>) -> bool {
        self.allowing(asked).next().is_some()
    }

    /// Whether a Deny applies.
    pub(crate) fn denies(&self, asked: &Asked<'_>) -> bool {
        self.denying(asked).next().is_some()
    }

    /// The classes under which Allows apply; once the caller itself is named, no more are looked for.
    pub(crate) fn allowance(&self, asked: &Asked<'_>) -> Allowance {
        let mut allowance = Allowance::default();
        for applied in self.allowing(asked) {
            allowance.add(applied.class);
            if allowance.direct {
                break;
            }
        }
        allowance
    }

    /// The Allow statements that apply.
    pub(crate) fn allowing<'a>(
        &'a self,
        asked: &'a Asked<'_>,
    ) -> impl Iterator<Item = Applied<'a>> {
        self.allow.iter().filter_map(|statement| {
            let class = |principals: &Principals| principals.allow(&asked.request.subject);
            statement.applied(asked, class)
        })
    }

    /// The Deny statements that apply.
    pub(crate) fn denying<'a>(&'a self, asked: &'a Asked<'_>) -> impl Iterator<Item = Applied<'a>> {
        self.deny.iter().filter_map(|statement| {
            let class = |principals: &Principals| {
                principals.deny(&asked.request.subject, asked.has_boundary).then_some(Class::Direct)
            };
            statement.applied(asked, class)
        })
    }
}

impl Compiled {
    fn new(index: usize, statement: &Statement, version: Version, bind: Bind<'_>) -> Option<Self> {
        Some(Self {
            index,
            sid: statement.sid.as_deref().map(Into::into),
            principals: statement.principal.as_ref().map(|it| Principals::compile(it, bind)),
            actions: Actions::compile(statement.action.as_ref()?),
            resources: statement.resource.as_ref().map(|it| Resources::compile(it, version)),
            tests: condition::compile(&statement.conditions, version),
        })
    }

    /// The cheapest questions come first.
    fn applied(
        &self,
        asked: &Asked<'_>,
        class: impl Fn(&Principals) -> Option<Class>,
    ) -> Option<Applied<'_>> {
        if !self.actions.cover(asked.action) {
            return None;
        }
        let class = match (&self.principals, asked.place) {
            (None, Place::Caller) => Class::Direct,
            (Some(principals), Place::Key | Place::Role | Place::Other) => class(principals)?,
            // What a policy of this place cannot say has no effect.
            (Some(_), Place::Caller) | (None, _) => return None,
        };
        let at = Environment { context: asked.request.context, place: asked.place };
        let is_covered = match (&self.resources, asked.place) {
            (Some(resources), _) => resources.cover(asked.request.resource, &at),
            // Elsewhere than in a key policy the resource may go without saying.
            (None, place) => matches!(place, Place::Role | Place::Other),
        };
        let applies = is_covered && self.tests.iter().all(|test| test.holds(&at));
        applies.then_some(Applied { index: self.index, sid: self.sid.as_deref(), class })
    }
}
