//! botocore's form of a service model, as far as the table needs it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

#[derive(Deserialize)]
pub(super) struct Service {
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) shapes: BTreeMap<String, Shape>,
}

impl Service {
    pub(super) fn shape(&self, name: &str) -> anyhow::Result<&Shape> {
        self.shapes.get(name).with_context(|| format!("the model has no shape `{name}`"))
    }
}

#[derive(Deserialize)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) input: Option<Reference>,
    pub(super) output: Option<Reference>,
    #[serde(default)]
    pub(super) errors: Vec<Reference>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Reference {
    pub(super) shape: String,
}

#[derive(Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Shape {
    Blob(Blob),
    Boolean {},
    Integer(Integer),
    List(List),
    Map(Map),
    String(Text),
    Structure(Structure),
    Timestamp {},
    /// Of no operation that is served.
    #[serde(other)]
    Other,
}

impl Shape {
    /// A number or a text of any value.
    pub(super) fn without_limits(self) -> anyhow::Result<Self> {
        match self {
            Self::Integer(integer) => {
                Ok(Self::Integer(Integer { min: None, max: None, ..integer }))
            }
            Self::String(text) => Ok(Self::String(Text {
                min: None,
                max: None,
                pattern: None,
                values: Vec::new(),
                shown: None,
                ..text
            })),
            _ => bail!("neither a number nor a text"),
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Blob {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    #[serde(default)]
    pub(super) sensitive: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Integer {
    #[serde(default, rename = "documentation")]
    _documentation: IgnoredAny,
    /// Whether it may be absent: it always may.
    #[serde(default, rename = "box")]
    _may_be_absent: bool,
    pub(super) min: Option<i32>,
    pub(super) max: Option<i32>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    #[serde(default, rename = "documentation")]
    _documentation: IgnoredAny,
    pub(super) member: Reference,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Map {
    pub(super) key: Reference,
    pub(super) value: Reference,
    /// Stated of no map that is served.
    #[serde(default, rename = "max")]
    _max: Option<u64>,
    /// The same.
    #[serde(default, rename = "min")]
    _min: Option<u64>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Text {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    pub(super) pattern: Option<String>,
    #[serde(default)]
    pub(super) sensitive: bool,
    #[serde(default, rename = "enum")]
    pub(super) values: Vec<String>,
    /// Not the model's: the words a refusal lists, where they are not `values`.
    #[serde(skip)]
    pub(super) shown: Option<Vec<String>>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Structure {
    #[serde(default)]
    pub(super) required: Vec<String>,
    pub(super) members: Ordered<Reference>,
    /// What an error is called on the wire, if not as in the model.
    error: Option<WireError>,
}

impl Structure {
    pub(super) fn wire_error(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.code.as_str())
    }
}

#[derive(Clone, Deserialize)]
struct WireError {
    code: String,
}

/// A JSON object whose order counts.
#[derive(Clone)]
pub(super) struct Ordered<T>(pub(super) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
    type Value = Ordered<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Ordered(entries))
    }
}
