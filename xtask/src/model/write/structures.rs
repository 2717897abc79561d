//! The structures of requests and replies.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::shapes::expression;
use crate::model::names::{type_name, upper_snake};
use crate::model::service::{Service, Shape, Structure};

pub(super) fn written(
    service: &Service,
    used: &BTreeSet<String>,
    note: &str,
) -> anyhow::Result<String> {
    let mut structures = Vec::new();
    for name in used {
        if let Shape::Structure(structure) = service.shape(name)? {
            structures.push((name, structure));
        }
    }
    let mut markers = BTreeSet::new();
    for member in structures.iter().flat_map(|(_, structure)| &structure.members.0) {
        let shape = service.shape(&member.1.shape)?;
        if has_marker(shape) {
            markers.insert(type_name(&member.1.shape));
        }
    }
    let mut text = String::from("//! The structures of requests and replies.\n//!\n");
    text += note;
    text += "\nuse keyward_shape::{Constraint as _, Member, Shape, Structure};\n\n";
    let markers: Vec<_> = markers.into_iter().collect();
    let _ = writeln!(text, "use super::shapes::{{{}}};", markers.join(", "));
    for (name, structure) in structures {
        text += &entry(service, name, structure)?;
    }
    Ok(text)
}

/// Whether the shape has a marker type: those without limits need none.
pub(super) fn has_marker(shape: &Shape) -> bool {
    match shape {
        Shape::Blob(_) | Shape::Integer(_) | Shape::List(_) | Shape::String(_) => true,
        Shape::Boolean {}
        | Shape::Map(_)
        | Shape::Other
        | Shape::Structure(_)
        | Shape::Timestamp {} => false,
    }
}

fn entry(service: &Service, name: &str, structure: &Structure) -> anyhow::Result<String> {
    let mut members = String::new();
    for (member, reference) in &structure.members.0 {
        let kind = if structure.required.contains(member) { "required" } else { "optional" };
        let shape = expression(service, &reference.shape)?;
        let _ = write!(members, "Member::{kind}(\"{member}\", {shape}),");
    }
    Ok(format!(
        "\n/// `{name}`.\npub static {}: Structure = \
         Structure {{ name: \"{name}\", members: &[{members}] }};\n",
        upper_snake(name)
    ))
}
