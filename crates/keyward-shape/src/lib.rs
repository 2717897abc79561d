//! Request shapes: the constraint table's types, the validator that words violations, and the wire
//! primitives hand-written shapes are made of.
//!
//! A body is read in one pass by [`decode`]: the primitives check themselves against the table.
//! Only when that fails does [`validate()`] walk the same bytes and word every violated clause, as
//! the real service does. A shape made of these primitives decodes exactly when the validator
//! finds nothing.
//!
//! Two more forms lead to and from the same shapes: [`query`] brings a form into JSON first, and
//! [`xml`] writes a reply as elements.
//!
//! This crate owns the rules and their wording. It does not know any service, operation or key, and
//! does no I/O.

mod agreement;
mod blob;
mod context;
mod decode;
mod int;
mod list;
mod members;
mod one_of;
mod output;
pub mod query;
mod raw;
#[cfg(test)]
mod samples;
mod table;
mod text;
mod timestamp;
mod validate;
pub mod xml;

pub use agreement::{disagreements, full_body};
pub use blob::{Base64, Blob, SecretBlob, as_base64, as_secret_base64};
pub use context::Context;
pub use decode::{Readings, decode, readings};
pub use int::Int;
pub use list::List;
pub use members::struct_members;
pub use one_of::OneOf;
pub use output::{check_output, check_query_output};
#[doc(hidden)]
pub use table::Compiled;
pub use table::{
    BlobShape, Constraint, EnumShape, IntegerShape, ListShape, Member, NO_MEMBERS, Operation,
    Pattern, Shape, Structure, TextShape,
};
pub use text::{SecretText, Text};
pub use timestamp::{Timestamp, as_epoch_seconds};
pub use validate::{Clauses, Violation, validate};
