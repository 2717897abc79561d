//! Actions and the patterns that name them, ignoring case.

use super::glob::Glob;
use crate::document::Element;
use crate::text::StackText;

/// Longer than the name of any action.
const ACTION_BYTES_MAX: usize = 128;

/// The action of a request, in lower case.
pub(crate) struct Action {
    text: StackText<ACTION_BYTES_MAX>,
    colon_at: usize,
}

impl Action {
    /// `None` for what cannot be an action.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let lower = StackText::lower_case(text)?;
        Some(Self { colon_at: lower.as_str().find(':')?, text: lower })
    }

    fn service(&self) -> &str {
        self.text.as_str().get(..self.colon_at).unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.text.as_str().get(self.colon_at..).unwrap_or_default()
    }
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

    pub(crate) fn cover(&self, action: &Action) -> bool {
        let is_found = self.patterns.iter().any(|pattern| match pattern {
            Pattern::Any => true,
            Pattern::Of(service, name) => {
                **service == *action.service() && name.matches(action.name())
            }
        });
        is_found == self.is_listed
    }
}

/// Text that is neither `*` nor `service:name` names no action; a service has no wildcards.
fn pattern(text: &str) -> Option<Pattern> {
    if text == "*" {
        return Some(Pattern::Any);
    }
    let lower = text.to_ascii_lowercase();
    let (service, name) = lower.split_at_checked(lower.find(':')?)?;
    let is_service = !service.is_empty() && !service.contains(['*', '?']);
    is_service.then(|| Pattern::Of(service.into(), Glob::parse(name)))
}
