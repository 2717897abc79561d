//! What a statement sees of a request.

use crate::condition_key::ConditionKey;
use crate::request::{ContextValue, RequestContext};

/// The kind of place a policy is attached to, as far as it decides how statements are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Attached to who calls: identity policies, boundaries, session policies, service control
    /// policies. Has no principal.
    Caller,
    /// The policy of a key: its resource is that key, and some condition keys are not for it.
    Key,
    /// The trust policy of a role: has no resource.
    Role,
    /// A policy with principal and resource: resource control policies, VPC endpoint policies.
    Other,
}

/// The circumstances of a request, as one place sees them.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
    pub(crate) context: &'a dyn RequestContext,
    pub(crate) place: Place,
}

impl Environment<'_> {
    /// Visits the values of a key; says whether it is there.
    pub(crate) fn visit(
        &self,
        key: &ConditionKey,
        visit: &mut dyn FnMut(ContextValue<'_>),
    ) -> bool {
        if self.place == Place::Key && key.is_hidden_from_key_policies() {
            return false;
        }
        self.context.visit(key, visit)
    }

    /// The text of a key that has exactly one value; the default for a key that has none.
    pub(crate) fn single_text(&self, key: &ConditionKey, default: Option<&str>) -> Option<String> {
        self.single(key, default, |value| Some(value.to_owned()))
    }

    /// What follows that text at the start of `text`.
    pub(crate) fn strip_single<'t>(
        &self,
        key: &ConditionKey,
        default: Option<&str>,
        text: &'t str,
    ) -> Option<&'t str> {
        self.single(key, default, |value| text.strip_prefix(value))
    }

    fn single<T>(
        &self,
        key: &ConditionKey,
        default: Option<&str>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if key.is_multivalued() {
            return None;
        }
        let (mut found, mut count) = (None, 0_usize);
        self.visit(key, &mut |value| {
            count = count.saturating_add(1);
            found = value.with_text(&read);
        });
        match count {
            0 => default.and_then(read),
            1 => found,
            _ => None,
        }
    }
}
