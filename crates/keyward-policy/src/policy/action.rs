//! Actions and the patterns that name them, ignoring case.

use super::glob::Glob;
use crate::document::Element;
use crate::text::StackText;

/// Longer than the name of any action.
const ACTION_BYTES_MAX: usize = 128;

/// The action of a request in lower case, where an [`Action`] can borrow it.
pub(crate) struct ActionText(StackText<ACTION_BYTES_MAX>);

impl ActionText {
    /// `None` for what is longer than any action.
    pub(crate) fn of(text: &str) -> Option<Self> {
        StackText::lower_case(text).map(Self)
    }

    /// `None` for what does not name its service.
    pub(crate) fn action(&self) -> Option<Action<'_>> {
        let text = self.0.as_str();
        let (service, name) = text.split_at_checked(text.find(':')?)?;
        Some(Action { service, name })
    }
}

/// The action of a request, in lower case.
#[derive(Clone, Copy)]
pub(crate) struct Action<'a> {
    service: &'a str,
    /// With the colon before it.
    name: &'a str,
}

/// `Action` or `NotAction`.
#[derive(Clone, Debug)]
pub(crate) struct Actions {
    is_listed: bool,
    patterns: Box<[Pattern]>,
}

#[derive(Clone, Debug)]
enum Pattern {
    Any,
    /// The service, and the name with the colon before it.
    Of(Box<str>, Glob),
}

impl Actions {
    pub(crate) fn compile(element: &Element<Vec<String>>) -> Self {
        let is_listed = matches!(element, Element::Listed(_));
        let patterns = element.written().iter().filter_map(|text| pattern(text)).collect();
        Self { is_listed, patterns }
    }

    pub(crate) fn cover(&self, action: Action<'_>) -> bool {
        let is_found = self.patterns.iter().any(|pattern| match pattern {
            Pattern::Any => true,
            Pattern::Of(service, name) => **service == *action.service && name.matches(action.name),
        });
        is_found == self.is_listed
    }
}

/// Text that is neither `*` nor `service:name` names no action. A service has no wildcards: a `*`
/// there is a plain character, but that `*:*` is another spelling of `*`.
fn pattern(text: &str) -> Option<Pattern> {
    if text == "*" || text == "*:*" {
        return Some(Pattern::Any);
    }
    let lower = text.to_ascii_lowercase();
    let (service, name) = lower.split_at_checked(lower.find(':')?)?;
    Some(Pattern::Of(service.into(), Glob::parse(name)))
}
