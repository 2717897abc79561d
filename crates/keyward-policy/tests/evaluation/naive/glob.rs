//! Patterns, by plain recursion.

use keyward_policy::Version;

/// One piece of a pattern after its variables were replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Exactly this character.
    Literal(char),
    /// `?`.
    One,
    /// `*`.
    Many,
}

/// All values of a key.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Vec<String>;

/// An action: the prefix must be equal, the name may have wildcards, case never matters.
pub(crate) fn action(pattern: &str, action: &str) -> bool {
    if pattern == "*" || pattern == "*:*" {
        return true;
    }
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let (Some((pattern_service, pattern_name)), Some((service, name))) =
        (pattern.split_once(':'), action.split_once(':'))
    else {
        return false;
    };
    pattern_service == service && matches(&plain(pattern_name), &chars(name))
}

/// A resource. Wildcards stay within their segment; a `*` at the end of a segment may go on beyond.
pub(crate) fn resource(
    pattern: &str,
    version: Version,
    lookup: Lookup<'_>,
    resource: &str,
) -> bool {
    if pattern == "*" {
        return true;
    }
    if !pattern.starts_with("arn:") {
        return false;
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let mut pieces = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            pieces.push((Piece::Literal(':'), false));
        }
        let found = if index == 5 {
            match substituted(part, version, lookup, true) {
                Some(found) => found,
                None => return false,
            }
        } else {
            plain(part)
        };
        let count = found.len();
        for (at, piece) in found.into_iter().enumerate() {
            let is_last = piece == Piece::Many && at + 1 == count;
            pieces.push((piece, index == 5 || is_last));
        }
    }
    segmented(&pieces, &chars(resource))
}

/// Each piece says whether it may stand for a colon.
fn segmented(pattern: &[(Piece, bool)], text: &[char]) -> bool {
    let Some(((piece, crosses), rest)) = pattern.split_first() else { return text.is_empty() };
    let may_be = |c: &char| *crosses || *c != ':';
    let step = |rest, wanted: &dyn Fn(&char) -> bool| {
        text.split_first().is_some_and(|(c, after)| wanted(c) && segmented(rest, after))
    };
    match piece {
        Piece::Literal(literal) => step(rest, &|c| c == literal),
        Piece::One => step(rest, &may_be),
        Piece::Many => segmented(rest, text) || step(pattern, &may_be),
    }
}

/// An ARN: six parts each, every part by itself.
pub(crate) fn arn(pattern: &[Piece], text: &str) -> bool {
    let mut patterns: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pattern {
        if *piece == Piece::Literal(':') && patterns.len() < 6 {
            patterns.push(Vec::new());
        } else if let Some(last) = patterns.last_mut() {
            last.push(*piece);
        }
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    patterns.len() == 6
        && parts.len() == 6
        && patterns.iter().zip(parts).all(|(pattern, part)| matches(pattern, &chars(part)))
}

/// The whole text, wildcards matching anything.
pub(crate) fn matches(pattern: &[Piece], text: &[char]) -> bool {
    let Some((piece, rest)) = pattern.split_first() else { return text.is_empty() };
    match piece {
        Piece::Literal(wanted) => {
            text.split_first().is_some_and(|(c, after)| c == wanted && matches(rest, after))
        }
        Piece::One => text.split_first().is_some_and(|(_, after)| matches(rest, after)),
        Piece::Many => {
            matches(rest, text)
                || text.split_first().is_some_and(|(_, after)| matches(pattern, after))
        }
    }
}

pub(crate) fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// A pattern without variables.
fn plain(text: &str) -> Vec<Piece> {
    text.chars().map(|c| wild(c, true)).collect()
}

fn wild(c: char, has_wildcards: bool) -> Piece {
    match c {
        '*' if has_wildcards => Piece::Many,
        '?' if has_wildcards => Piece::One,
        _ => Piece::Literal(c),
    }
}

/// A pattern with its variables replaced; `None` if one has no value.
pub(crate) fn substituted(
    text: &str,
    version: Version,
    lookup: Lookup<'_>,
    has_wildcards: bool,
) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let variable = (version == Version::V2012_10_17)
            .then(|| rest.strip_prefix("${").and_then(|inner| inner.split_once('}')))
            .flatten();
        if let Some((name, after)) = variable {
            pieces.extend(value(name, lookup)?.chars().map(Piece::Literal));
            rest = after;
        } else {
            pieces.push(wild(c, has_wildcards));
            rest = rest.split_at(c.len_utf8()).1;
        }
    }
    Some(pieces)
}

fn value(name: &str, lookup: Lookup<'_>) -> Option<String> {
    if ["*", "?", "$"].contains(&name) {
        return Some(name.to_owned());
    }
    let (key, default) = match name.split_once(", '") {
        Some((key, default)) => (key, Some(default.strip_suffix('\'')?.to_owned())),
        None => (name, None),
    };
    match lookup(key).as_slice() {
        [] => default,
        [one] => Some(one.clone()),
        _ => None,
    }
}
