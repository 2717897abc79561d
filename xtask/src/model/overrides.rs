//! Where the service is known to differ from its model.

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use super::service::{Reference, Service, Shape, Text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overrides {
    /// The operations served, if not all are.
    operations: Option<Vec<String>>,
    #[serde(default)]
    enum_order: Vec<EnumOrder>,
    #[serde(default)]
    member: Vec<MemberLimits>,
}

/// The order in which a refusal lists the words of an enum.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnumOrder {
    #[serde(rename = "enum")]
    name: String,
    known: Vec<String>,
    source: String,
}

/// A member with a shape of its own, made from its shape in the model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberLimits {
    structure: String,
    member: String,
    /// The name of the new shape.
    shape: String,
    max: Option<i32>,
    /// The enum whose words are accepted, and listed by a refusal.
    accepted_enum: Option<String>,
    /// The enum whose words a refusal lists.
    shown_enum: Option<String>,
    /// Whether it takes any value of its type: the operation itself refuses, with an error of its
    /// own.
    #[serde(default)]
    is_free: bool,
    source: String,
}

impl Overrides {
    pub(super) fn applied_to(self, mut service: Service) -> anyhow::Result<Service> {
        for order in &self.enum_order {
            order.apply(&mut service).with_context(|| format!("enum order of {}", order.name))?;
        }
        for limits in &self.member {
            let place = || format!("override of {}.{}", limits.structure, limits.member);
            limits.apply(&mut service).with_context(place)?;
        }
        if let Some(served) = &self.operations {
            if let Some(unknown) =
                served.iter().find(|name| !service.operations.contains_key(*name))
            {
                bail!("the model has no operation `{unknown}`");
            }
            service.operations.retain(|name, _| served.contains(name));
        }
        Ok(service)
    }
}

impl EnumOrder {
    fn apply(&self, service: &mut Service) -> anyhow::Result<()> {
        ensure!(!self.source.is_empty(), "names no source");
        let text = enum_shape(service, &self.name)?;
        if let Some(unknown) = self.known.iter().find(|word| !text.values.contains(word)) {
            bail!("`{unknown}` is no word of the model");
        }
        let new = text.values.iter().filter(|word| !self.known.contains(word));
        let shown = self.known.iter().chain(new).cloned().collect();
        text.shown = Some(shown);
        Ok(())
    }
}

impl MemberLimits {
    fn apply(&self, service: &mut Service) -> anyhow::Result<()> {
        ensure!(!self.source.is_empty(), "names no source");
        ensure!(!service.shapes.contains_key(&self.shape), "`{}` is in the model", self.shape);
        let old = self.replace(service)?;
        let mut shape = service.shape(&old)?.clone();
        if self.is_free {
            shape = shape.without_limits()?;
            service.shapes.insert(self.shape.clone(), shape);
            return Ok(());
        }
        match (&mut shape, self.max, &self.accepted_enum, &self.shown_enum) {
            (Shape::Integer(integer), Some(max), None, None) => integer.max = Some(max),
            (Shape::String(text), None, Some(other), None) => {
                *text = enum_shape(service, other)?.clone();
            }
            (Shape::String(text), None, None, Some(other)) => {
                let other = enum_shape(service, other)?;
                text.shown = Some(other.shown.clone().unwrap_or_else(|| other.values.clone()));
            }
            _ => bail!("neither a number with a `max` nor an enum with other words"),
        }
        service.shapes.insert(self.shape.clone(), shape);
        Ok(())
    }

    /// Points the member at the new shape and returns the old one's name.
    fn replace(&self, service: &mut Service) -> anyhow::Result<String> {
        let Some(Shape::Structure(structure)) = service.shapes.get_mut(&self.structure) else {
            bail!("the model has no such structure");
        };
        let mut members = structure.members.0.iter_mut();
        let (_, reference) = members
            .find(|(name, _)| *name == self.member)
            .context("the model has no such member")?;
        let new = Reference { shape: self.shape.clone() };
        Ok(std::mem::replace(reference, new).shape)
    }
}

fn enum_shape<'s>(service: &'s mut Service, name: &str) -> anyhow::Result<&'s mut Text> {
    match service.shapes.get_mut(name) {
        Some(Shape::String(text)) if !text.values.is_empty() => Ok(text),
        _ => bail!("the model has no enum `{name}`"),
    }
}
