//! Condition operators by name. What they compare and how is the evaluator's business.

/// A condition operator: `[ForAllValues:|ForAnyValue:]<Comparison>[IfExists]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The set prefix, for multivalued keys.
    pub set: Option<SetQualifier>,
    /// The comparison.
    pub comparison: Comparison,
    /// Whether the `IfExists` suffix is there.
    pub if_exists: bool,
}

/// The set prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetQualifier {
    /// `ForAllValues:`.
    ForAllValues,
    /// `ForAnyValue:`.
    ForAnyValue,
}

impl SetQualifier {
    fn prefix(self) -> &'static str {
        match self {
            Self::ForAllValues => "ForAllValues:",
            Self::ForAnyValue => "ForAnyValue:",
        }
    }
}

/// Makes the enum, its list and its names from one table, so that none can be forgotten.
macro_rules! comparisons {
    ($($name:ident),+ $(,)?) => {
        /// The comparisons, spelled as in a policy.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Comparison {
            $(#[doc = concat!("`", stringify!($name), "`.")] $name,)+
        }

        impl Comparison {
            /// Every comparison.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name without prefix and suffix.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

comparisons! {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    Null,
}

impl Operator {
    /// An operator without prefix and suffix.
    pub const fn plain(comparison: Comparison) -> Self {
        Self { set: None, comparison, if_exists: false }
    }

    /// Finds the operator with exactly this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let (set, rest) = [SetQualifier::ForAllValues, SetQualifier::ForAnyValue]
            .into_iter()
            .find_map(|set| name.strip_prefix(set.prefix()).map(|rest| (Some(set), rest)))
            .unwrap_or((None, name));
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let comparison = Comparison::ALL.iter().copied().find(|known| known.name() == base)?;
        // `Null` asks whether the key exists; a suffix that says "if it exists" contradicts it.
        let contradicts = comparison == Comparison::Null && if_exists;
        (!contradicts).then_some(Self { set, comparison, if_exists })
    }

    /// The name as written in a policy.
    pub fn name(self) -> String {
        let prefix = self.set.map_or("", SetQualifier::prefix);
        let suffix = if self.if_exists { "IfExists" } else { "" };
        format!("{prefix}{}{suffix}", self.comparison.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_found_by_its_own_name() {
        for &comparison in Comparison::ALL {
            for set in [None, Some(SetQualifier::ForAllValues), Some(SetQualifier::ForAnyValue)] {
                for if_exists in [false, true] {
                    let operator = Operator { set, comparison, if_exists };
                    let exists = !(comparison == Comparison::Null && if_exists);
                    let found = Operator::from_name(&operator.name());
                    assert_eq!(found, exists.then_some(operator), "{}", operator.name());
                }
            }
        }
    }

    #[test]
    fn the_parts_of_a_name_are_told_apart() {
        let found = Operator::from_name("ForAnyValue:StringNotLikeIfExists");
        let set = Some(SetQualifier::ForAnyValue);
        let comparison = Comparison::StringNotLike;
        assert_eq!(found, Some(Operator { set, comparison, if_exists: true }));
        assert_eq!(Operator::from_name("Bool"), Some(Operator::plain(Comparison::Bool)));
    }
}
