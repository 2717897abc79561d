//! Where in a request a value stands, as the service names it.

use std::fmt;

/// A place in a request, built on the stack while walking down.
pub(super) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'static str),
    /// The index counts from 0; the service shows it from 1.
    Element(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// The member of the request that this place is in.
    pub(super) fn member(&self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Member(Path::Root, name) => name,
            Self::Member(parent, _) | Self::Element(parent, _) => parent.member(),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => lower_camel(name, f),
            Self::Member(parent, name) => {
                write!(f, "{parent}.")?;
                lower_camel(name, f)
            }
            Self::Element(parent, index) => write!(f, "{parent}.{}.member", index + 1),
        }
    }
}

fn lower_camel(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut letters = name.chars();
    if let Some(first) = letters.next() {
        write!(f, "{}{}", first.to_ascii_lowercase(), letters.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_camel_and_elements_count_from_one() {
        let tags = Path::Member(&Path::Root, "Tags");
        let tag = Path::Element(&tags, 0);
        assert_eq!(Path::Member(&tag, "TagKey").to_string(), "tags.1.member.tagKey");
        assert_eq!(Path::Member(&tag, "TagKey").member(), "Tags");
    }
}
