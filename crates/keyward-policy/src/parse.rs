//! From text to [`Document`].
//!
//! Element names and values are case-sensitive, unknown and duplicate members are refused, and a
//! single value may stand wherever a list may. What a document may say where (a key policy needs
//! a principal, an identity policy must not have one) is not decided here.

use serde_json::value::RawValue;
use thiserror::Error;

use crate::document::{
    Condition, ConditionTest, Document, Effect, Element, Operator, Principal, PrincipalEntry,
    PrincipalKind, Statement, Version,
};
use crate::json::{self, Json, JsonError};

/// The longest text that is looked at: the longest policy any operation of the API accepts.
pub const DOCUMENT_BYTES_MAX: usize = 131_072;

/// The most statements of a document. A statement that can have an effect takes 60 bytes, so a key
/// policy of the largest size stays below.
pub const STATEMENTS_MAX: usize = 1_024;

/// The most items of a list and members of an object. An account, the shortest principal, takes
/// 15 bytes in a list, so a key policy of the largest size stays below.
pub const LIST_MAX: usize = 4_096;

/// How much of a client's own text an error repeats.
const ECHO_CHARS_MAX: usize = 64;

/// Why a text is not a policy document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Longer than [`DOCUMENT_BYTES_MAX`].
    #[error("the document is longer than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON at all.
    #[error("the document is not valid JSON")]
    NotJson,
    /// An object with two members of the same name.
    #[error("`{0}` is given twice")]
    Duplicate(String),
    /// A member that the grammar does not have here.
    #[error("unknown element `{0}`")]
    UnknownElement(String),
    /// A required element is absent.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A value of another JSON type than the grammar asks for.
    #[error("the value of `{0}` has the wrong type")]
    WrongType(&'static str),
    /// No statement at all.
    #[error("there is no statement")]
    NoStatement,
    /// An element together with its negative form.
    #[error("`{0}` and `Not{0}` are both given")]
    BothForms(&'static str),
    /// More entries than [`STATEMENTS_MAX`] or [`LIST_MAX`].
    #[error("`{0}` has too many entries")]
    TooMany(&'static str),
    /// A version that does not exist.
    #[error("unknown version `{0}`")]
    UnknownVersion(String),
    /// An effect that does not exist.
    #[error("unknown effect `{0}`")]
    UnknownEffect(String),
    /// A bare string as principal that is not `*`, or a kind of principal that does not exist.
    #[error("unknown kind of principal `{0}`")]
    UnknownPrincipal(String),
    /// A condition operator that does not exist.
    #[error("unknown condition operator `{0}`")]
    UnknownOperator(String),
}

impl From<JsonError> for ParseError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Syntax => Self::NotJson,
            JsonError::Duplicate(name) => Self::Duplicate(echo(&name)),
        }
    }
}

/// Reads a policy document. Never panics, whatever the text.
pub fn parse(text: &str) -> Result<Document, ParseError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(ParseError::TooLong);
    }
    let Json::Object(members) = json::read(text)? else {
        return Err(ParseError::WrongType("policy"));
    };
    let (mut version, mut id, mut statements) = (Version::default(), None, None);
    for (name, value) in members {
        match name.as_str() {
            "Version" => version = version_of(value)?,
            "Id" => id = Some(string(value, "Id")?),
            "Statement" => statements = Some(statement_list(value)?),
            _ => return Err(ParseError::UnknownElement(echo(&name))),
        }
    }
    Ok(Document { version, id, statements: statements.ok_or(ParseError::Missing("Statement"))? })
}

fn version_of(value: &RawValue) -> Result<Version, ParseError> {
    let name = string(value, "Version")?;
    Version::from_name(&name).ok_or_else(|| ParseError::UnknownVersion(echo(&name)))
}

fn statement_list(value: &RawValue) -> Result<Vec<Statement>, ParseError> {
    match json::open(value)? {
        Json::Object(members) => Ok(vec![statement(members)?]),
        Json::Array(items) if items.is_empty() => Err(ParseError::NoStatement),
        Json::Array(items) if items.len() > STATEMENTS_MAX => Err(ParseError::TooMany("Statement")),
        Json::Array(items) => {
            items.into_iter().map(|item| statement(object(item, "Statement")?)).collect()
        }
        _ => Err(ParseError::WrongType("Statement")),
    }
}

fn statement(members: Members<'_>) -> Result<Statement, ParseError> {
    use Element::{Listed, NotListed};

    let (mut sid, mut effect, mut conditions) = (None, None, Vec::new());
    let (mut principals, mut actions, mut resources) = (None, None, None);
    for (name, value) in members {
        match name.as_str() {
            "Sid" => sid = Some(string(value, "Sid")?),
            "Effect" => effect = Some(effect_of(value)?),
            "Principal" => set_once(&mut principals, Listed(principal(value)?), "Principal")?,
            "NotPrincipal" => {
                set_once(&mut principals, NotListed(principal(value)?), "Principal")?;
            }
            "Action" => set_once(&mut actions, Listed(strings(value, "Action")?), "Action")?,
            "NotAction" => {
                set_once(&mut actions, NotListed(strings(value, "NotAction")?), "Action")?;
            }
            "Resource" => {
                set_once(&mut resources, Listed(strings(value, "Resource")?), "Resource")?;
            }
            "NotResource" => {
                set_once(&mut resources, NotListed(strings(value, "NotResource")?), "Resource")?;
            }
            "Condition" => conditions = condition_block(value)?,
            _ => return Err(ParseError::UnknownElement(echo(&name))),
        }
    }
    Ok(Statement {
        sid,
        effect: effect.ok_or(ParseError::Missing("Effect"))?,
        principal: principals,
        action: actions,
        resource: resources,
        conditions,
    })
}

fn effect_of(value: &RawValue) -> Result<Effect, ParseError> {
    let name = string(value, "Effect")?;
    Effect::from_name(&name).ok_or_else(|| ParseError::UnknownEffect(echo(&name)))
}

/// Duplicates are gone by now, so a second value can only be the other form of the element.
fn set_once<T>(
    slot: &mut Option<Element<T>>,
    value: Element<T>,
    element: &'static str,
) -> Result<(), ParseError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ParseError::BothForms(element)),
    }
}

fn principal(value: &RawValue) -> Result<Principal, ParseError> {
    match json::open(value)? {
        Json::Text(text) if text == "*" => Ok(Principal::Everyone),
        Json::Text(text) => Err(ParseError::UnknownPrincipal(echo(&text))),
        Json::Object(members) => members
            .into_iter()
            .map(principal_entry)
            .collect::<Result<_, _>>()
            .map(Principal::Entries),
        _ => Err(ParseError::WrongType("Principal")),
    }
}

fn principal_entry((name, value): (String, &RawValue)) -> Result<PrincipalEntry, ParseError> {
    let kind =
        PrincipalKind::from_name(&name).ok_or_else(|| ParseError::UnknownPrincipal(echo(&name)))?;
    Ok(PrincipalEntry { kind, names: strings(value, "Principal")? })
}

fn condition_block(value: &RawValue) -> Result<Vec<Condition>, ParseError> {
    object(value, "Condition")?.into_iter().map(condition).collect()
}

fn condition((name, value): (String, &RawValue)) -> Result<Condition, ParseError> {
    let operator =
        Operator::from_name(&name).ok_or_else(|| ParseError::UnknownOperator(echo(&name)))?;
    let tests = object(value, "Condition")?
        .into_iter()
        .map(|(key, values)| Ok(ConditionTest { key, values: list(values, "Condition", scalar)? }))
        .collect::<Result<_, ParseError>>()?;
    Ok(Condition { operator, tests })
}

type Members<'a> = Vec<(String, &'a RawValue)>;

fn object<'a>(value: &'a RawValue, element: &'static str) -> Result<Members<'a>, ParseError> {
    match json::open(value)? {
        Json::Object(members) if members.len() > LIST_MAX => Err(ParseError::TooMany(element)),
        Json::Object(members) => Ok(members),
        _ => Err(ParseError::WrongType(element)),
    }
}

fn strings(value: &RawValue, element: &'static str) -> Result<Vec<String>, ParseError> {
    list(value, element, text_only)
}

/// A single value or a list of them.
fn list(
    value: &RawValue,
    element: &'static str,
    item: fn(Json<'_>) -> Option<String>,
) -> Result<Vec<String>, ParseError> {
    let one = |json| item(json).ok_or(ParseError::WrongType(element));
    match json::open(value)? {
        Json::Array(items) if items.len() > LIST_MAX => Err(ParseError::TooMany(element)),
        Json::Array(items) => items.into_iter().map(|raw| one(json::open(raw)?)).collect(),
        single => Ok(vec![one(single)?]),
    }
}

fn text_only(json: Json<'_>) -> Option<String> {
    match json {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

fn scalar(json: Json<'_>) -> Option<String> {
    match json {
        Json::Text(text) => Some(text),
        Json::Bare(text) => Some(text.to_owned()),
        _ => None,
    }
}

fn string(value: &RawValue, element: &'static str) -> Result<String, ParseError> {
    text_only(json::open(value)?).ok_or(ParseError::WrongType(element))
}

fn echo(text: &str) -> String {
    text.chars().take(ECHO_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
