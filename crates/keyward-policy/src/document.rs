//! The policy grammar as a typed tree.
//!
//! The tree is faithful to what was written, in the order it was written, so that an evaluator can
//! compile it later. It does not know what any action, key or principal means. The one liberty: a
//! single value and a list of one are the same, as they are everywhere in the language.

mod operator;

pub use operator::{Comparison, Operator, SetQualifier};

/// A whole policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The language version; a document that names none is [`Version::V2008_10_17`].
    pub version: Version,
    /// The optional `Id`.
    pub id: Option<String>,
    /// The statements, at least one.
    pub statements: Vec<Statement>,
}

/// The version of the policy language. Only 2012-10-17 has policy variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, also meant by a document without a version.
    #[default]
    V2008_10_17,
    /// `2012-10-17`.
    V2012_10_17,
}

impl Version {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::V2008_10_17, Self::V2012_10_17].into_iter().find(|version| version.name() == name)
    }

    /// The value of the `Version` element.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2008_10_17 => "2008-10-17",
            Self::V2012_10_17 => "2012-10-17",
        }
    }
}

/// One statement.
///
/// `None` for principal, action or resource means that neither the element nor its `Not…` form was
/// written. Whether that is allowed depends on where the policy is used, so the tree can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The optional `Sid`; any text, not necessarily unique.
    pub sid: Option<String>,
    /// What the statement does when it applies.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`.
    pub principal: Option<Element<Principal>>,
    /// `Action` or `NotAction`.
    pub action: Option<Element<Vec<String>>>,
    /// `Resource` or `NotResource`.
    pub resource: Option<Element<Vec<String>>>,
    /// The condition block: every condition must hold. Empty when there is none.
    pub conditions: Vec<Condition>,
}

/// The effect of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

impl Effect {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Allow, Self::Deny].into_iter().find(|effect| effect.name() == name)
    }

    /// The value of the `Effect` element.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// An element that has a positive and a negative form, of which a statement may use only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element<T> {
    /// The positive form, e.g. `Action`: what is listed.
    Listed(T),
    /// The negative form, e.g. `NotAction`: everything but what is listed.
    NotListed(T),
}

impl<T> Element<T> {
    /// What is written in the element, whichever its form.
    pub fn written(&self) -> &T {
        match self {
            Self::Listed(value) | Self::NotListed(value) => value,
        }
    }
}

/// The value of `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The bare string `"*"`.
    Everyone,
    /// An object; an entry for each of its members, in order.
    Entries(Vec<PrincipalEntry>),
}

/// One member of a `Principal` object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalEntry {
    /// The member's name.
    pub kind: PrincipalKind,
    /// Its values, as written. May be empty: the entry then names no one.
    pub names: Vec<String>,
}

/// The kinds of principal a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// `AWS`: accounts, users, roles and sessions.
    Aws,
    /// `Service`: service principals.
    Service,
    /// `Federated`: identity providers.
    Federated,
    /// `CanonicalUser`: canonical user ids, which mean something to one other service only.
    CanonicalUser,
}

impl PrincipalKind {
    const ALL: [Self; 4] = [Self::Aws, Self::Service, Self::Federated, Self::CanonicalUser];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of the member of a `Principal` object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }
}

/// One operator of a condition block with its tests, all of which must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How values are compared.
    pub operator: Operator,
    /// The condition keys under this operator, in order.
    pub tests: Vec<ConditionTest>,
}

/// One condition key and the values it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionTest {
    /// The condition key as written. Keys are compared ignoring case.
    pub key: String,
    /// The policy's values: strings decoded; numbers and booleans as their JSON text. May be empty.
    pub values: Vec<String>,
}
