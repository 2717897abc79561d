//! ARNs compared part by part: no wildcard reaches over one of the first five colons.

use super::glob::{Glob, Token, push_text};

/// The parts of an ARN.
const PARTS: usize = 6;

/// A pattern of six parts, each with its own wildcards.
#[derive(Clone, Debug)]
pub(crate) struct ArnGlob([Glob; PARTS]);

impl ArnGlob {
    /// Splits a pattern at its first five colons. `None` when it has fewer.
    pub(crate) fn from_tokens(tokens: &[Token]) -> Option<Self> {
        let parts: Vec<_> = parts_of(tokens).iter().map(|part| Glob::from_tokens(part)).collect();
        parts.try_into().ok().map(Self)
    }

    /// Whether each part covers that of `arn`. Text of fewer than six parts is no ARN.
    pub(crate) fn matches(&self, arn: &str) -> bool {
        let mut parts = arn.splitn(PARTS, ':');
        self.0.iter().all(|glob| parts.next().is_some_and(|part| glob.matches(part)))
    }
}

/// The tokens of each part: at most six, the last with any further colons.
pub(crate) fn parts_of(tokens: &[Token]) -> Vec<Vec<Token>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for token in tokens {
        let Token::Text(text) = token else {
            part.push(token.clone());
            continue;
        };
        let mut rest = text.as_str();
        while parts.len() + 1 < PARTS
            && let Some((before, after)) = rest.split_once(':')
        {
            push_text(&mut part, before);
            parts.push(std::mem::take(&mut part));
            rest = after;
        }
        push_text(&mut part, rest);
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::glob::tokens;

    fn matches(pattern: &str, arn: &str) -> bool {
        ArnGlob::from_tokens(&tokens(pattern)).is_some_and(|glob| glob.matches(arn))
    }

    #[test]
    fn a_wildcard_stays_inside_its_part_and_spans_all_of_the_last() {
        let arn = "arn:aws:kms:us-east-1:111122223333:key/a:b/c";
        for pattern in [
            arn,
            "arn:*:*:*:*:*",
            "arn:aws:kms:us-*-1:1111????3333:key/*c",
            "arn:aws:kms:us-east-1:111122223333:*:b*",
        ] {
            assert!(matches(pattern, arn), "{pattern}");
        }
        for pattern in ["*", "arn:*", "arn:aws:kms:*:key/a:b/c", "arn:aws:kms:us-east-1:*:Key/*"] {
            assert!(!matches(pattern, arn), "{pattern}");
        }
    }

    #[test]
    fn fewer_than_six_parts_are_no_arn() {
        assert!(!matches("arn:aws:kms:us-east-1:1", "arn:aws:kms:us-east-1:1"));
        assert!(!matches("arn:*:*:*:*:*", "arn:aws:kms:us-east-1:1"));
        assert!(matches("arn:aws:iam::1:", "arn:aws:iam::1:"));
    }
}
