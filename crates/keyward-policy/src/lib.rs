//! Key policies: documents, their well-formedness, and the standard ones. Pure.
//!
//! This crate owns the policy grammar as a typed tree ([`Document`]), the parser that makes one
//! from a client's text ([`parse`]), the checks a key policy passes before it is stored
//! ([`KeyPolicy`]), and the documents the service writes itself ([`default_key_policy`],
//! [`AWS_MANAGED_SERVICES`]).
//!
//! It does not know the store, the wire, the clock or who is calling. What it must ask about the
//! world (does this principal exist?) it asks through [`Principals`].

mod document;
mod json;
mod key_policy;
mod parse;
mod principal_arn;
mod render;
mod standard;

pub use document::{
    Comparison, Condition, ConditionTest, Document, Effect, Element, Operator, Principal,
    PrincipalEntry, PrincipalKind, SetQualifier, Statement, Version,
};
pub use key_policy::{
    KEY_POLICY_BYTES_MAX, KeyPolicy, KeyPolicyError, KeyPolicyErrorClass, Principals,
};
pub use parse::{DOCUMENT_BYTES_MAX, LIST_MAX, ParseError, STATEMENTS_MAX, parse};
pub use principal_arn::account_of_principal;
pub use standard::{
    AWS_MANAGED_SERVICES, AwsManagedService, default_key_policy, find_aws_managed_service,
};
