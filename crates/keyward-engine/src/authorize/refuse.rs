//! The words of refusals, and what is kept of them for operators.

use keyward_policy::{Because, Decision, Refusal};

use super::{Asked, Verdict};
use crate::{Cx, OpError, op_error};

/// How a refusal names a resource whose existence it must not tell.
#[derive(Clone, Copy)]
pub(super) enum Elsewhere {
    /// The key of a ciphertext.
    Ciphertext,
    /// It is the caller's own: there is nothing to hide.
    Nowhere,
    /// What the client named.
    ThisResource,
}

/// The most statements that a note names.
const NOTED_STATEMENTS_MAX: usize = 50;

impl Cx {
    /// The refusal of a caller that may know the resource.
    pub(super) fn denied(&self, asked: Asked<'_>, resource: &str, refusal: Refusal) -> OpError {
        let (caller, action) = (self.caller().arn(), asked.name);
        let reason = refusal.reason(action);
        op_error!(
            AccessDenied,
            "User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}"
        )
    }

    /// The refusal of what is done to no resource.
    pub(super) fn denied_anywhere(&self, asked: Asked<'_>, refusal: Refusal) -> OpError {
        let (caller, action) = (self.caller().arn(), asked.name);
        let reason = refusal.reason(action);
        op_error!(AccessDenied, "User: {caller} is not authorized to perform: {action} {reason}")
    }

    /// The refusal that does not tell a missing resource from a forbidden one.
    pub(super) fn denied_elsewhere(&self, asked: Asked<'_>, elsewhere: Elsewhere) -> OpError {
        let (caller, action) = (self.caller().arn(), asked.name);
        let resource = match elsewhere {
            Elsewhere::Ciphertext => "the resource associated with this ciphertext",
            Elsewhere::Nowhere | Elsewhere::ThisResource => "this resource",
        };
        op_error!(
            AccessDenied,
            "User: {caller} is not authorized to perform: {action} on {resource} because the \
             resource does not exist in this Region, no resource-based policies allow access, or a \
             resource-based policy explicitly denies access"
        )
    }

    /// Keeps the reason of a permission for the journal.
    pub(super) fn note_allowed(&mut self, asked: Asked<'_>, because: Because) {
        self.notes.allowed.push((asked.name, because));
    }

    /// Keeps the reason of a refusal for the journal.
    pub(super) fn note_refusal(&mut self, asked: Asked<'_>, resource: &str, verdict: &Verdict) {
        let mut to = self.notes.operator_note.add();
        to.text("action", asked.name);
        to.text("resource", resource);
        if let Decision::Denied(refusal) = verdict.decision {
            to.display("reason", refusal.reason(asked.name));
        }
        let applied = verdict.explanation.iter().flat_map(|it| &it.statements);
        let applied = applied.take(NOTED_STATEMENTS_MAX);
        to.objects("statements", applied, |to, applied| {
            to.text("policy", applied.kind.name());
            to.integer("policyIndex", place(applied.policy));
            to.integer("statementIndex", place(applied.statement));
            if let Some(sid) = &applied.sid {
                to.text("sid", sid);
            }
            to.text("effect", applied.effect.name());
        });
    }
}

fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
