//! From [`Document`] to text, in the layout in which the service writes its own documents:
//! two-space indentation, ` : ` between name and value, lists on one line.
//!
//! A client's policy never passes through here; its text is kept as sent.

use std::fmt;

use crate::document::{Condition, Document, Element, Principal, PrincipalEntry, Statement};

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        document(self).write(f, 0)
    }
}

/// What the layout distinguishes. Policies are written without numbers: a value is its text.
enum Node {
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Text(text) => write_string(f, text),
            Self::List(items) => {
                f.write_str("[ ")?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    item.write(f, depth)?;
                }
                f.write_str(if items.is_empty() { "]" } else { " ]" })
            }
            Self::Object(members) if members.is_empty() => f.write_str("{ }"),
            Self::Object(members) => {
                f.write_str("{\n")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ",\n" })?;
                    write!(f, "{:indent$}", "", indent = 2 * (depth + 1))?;
                    write_string(f, name)?;
                    f.write_str(" : ")?;
                    value.write(f, depth + 1)?;
                }
                write!(f, "\n{:indent$}}}", "", indent = 2 * depth)
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
            plain => write!(f, "{plain}")?,
        }
    }
    f.write_str("\"")
}

fn document(document: &Document) -> Node {
    let mut members = vec![text_member("Version", document.version.name())];
    members.extend(document.id.as_deref().map(|id| text_member("Id", id)));
    let statements = document.statements.iter().map(statement).collect();
    members.push(("Statement".to_owned(), Node::List(statements)));
    Node::Object(members)
}

fn statement(statement: &Statement) -> Node {
    let mut members = Vec::new();
    members.extend(statement.sid.as_deref().map(|sid| text_member("Sid", sid)));
    members.push(text_member("Effect", statement.effect.name()));
    members.extend(element("Principal", statement.principal.as_ref(), principal));
    members.extend(element("Action", statement.action.as_ref(), |names| values(names)));
    members.extend(element("Resource", statement.resource.as_ref(), |names| values(names)));
    if !statement.conditions.is_empty() {
        let conditions = statement.conditions.iter().map(condition).collect();
        members.push(("Condition".to_owned(), Node::Object(conditions)));
    }
    Node::Object(members)
}

fn element<T>(
    name: &str,
    element: Option<&Element<T>>,
    value: fn(&T) -> Node,
) -> Option<(String, Node)> {
    element.map(|element| match element {
        Element::Listed(written) => (name.to_owned(), value(written)),
        Element::NotListed(written) => (format!("Not{name}"), value(written)),
    })
}

fn principal(principal: &Principal) -> Node {
    match principal {
        Principal::Everyone => Node::Text("*".to_owned()),
        Principal::Entries(entries) => Node::Object(entries.iter().map(principal_entry).collect()),
    }
}

fn principal_entry(entry: &PrincipalEntry) -> (String, Node) {
    (entry.kind.name().to_owned(), values(&entry.names))
}

fn condition(condition: &Condition) -> (String, Node) {
    let tests = condition.tests.iter().map(|test| (test.key.clone(), values(&test.values)));
    (condition.operator.name(), Node::Object(tests.collect()))
}

fn values(values: &[String]) -> Node {
    match values {
        [only] => Node::Text(only.clone()),
        _ => Node::List(values.iter().cloned().map(Node::Text).collect()),
    }
}

fn text_member(name: &str, value: &str) -> (String, Node) {
    (name.to_owned(), Node::Text(value.to_owned()))
}
