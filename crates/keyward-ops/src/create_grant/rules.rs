//! What a grant may say. The texts that no source quotes are in docs/WIRE.md, "Grants".

use keyward_engine::{ErrorCode, Key, OpError, op_error};
use keyward_model::{EncryptionContext, GrantOperation, KeySpec, KeyUsage};
use keyward_shape::Context;
use keyward_store::{GrantConstraints, GrantRecord};

use super::{Constraints, Input};
use crate::encryption::require_bounded;

/// The most pairs in a constraint.
const PAIRS_MAX: usize = 8;
/// The longest value in a constraint.
const VALUE_CHARS_MAX: usize = 384;

/// The rules that need no key.
pub(super) fn check(input: &Input<'_>) -> Result<(), OpError> {
    check_principals(input)?;
    let operations = input.operations();
    if operations.is_empty() {
        return Err(refusal("Grants must contain at least one operation."));
    }
    if operations == [GrantOperation::CreateGrant] {
        return Err(refusal("Grants must not contain only the CreateGrant operation."));
    }
    match &input.constraints {
        Some(constraints) => check_constraints(constraints, &operations),
        None => Ok(()),
    }
}

fn check_principals(input: &Input<'_>) -> Result<(), OpError> {
    let is_for_service = match (&input.grantee_principal, &input.grantee_service_principal) {
        (Some(_), None) => false,
        (None, Some(_)) => true,
        _ => {
            return Err(refusal("Specify either a GranteePrincipal or a GranteeServicePrincipal."));
        }
    };
    let has_retiring = match (&input.retiring_principal, &input.retiring_service_principal) {
        (Some(_), Some(_)) => {
            return Err(refusal(
                "Specify at most one of RetiringPrincipal and RetiringServicePrincipal.",
            ));
        }
        (None, None) => false,
        _ => true,
    };
    let has_source = input.constraints.as_ref().is_some_and(|it| it.source_arn.is_some());
    if is_for_service && !(has_source && has_retiring) {
        return Err(refusal(
            "A GranteeServicePrincipal requires a SourceArn constraint and a retiring principal.",
        ));
    }
    Ok(())
}

fn check_constraints(
    constraints: &Constraints<'_>,
    operations: &[GrantOperation],
) -> Result<(), OpError> {
    let context =
        match (&constraints.encryption_context_equals, &constraints.encryption_context_subset) {
            (Some(_), Some(_)) => return Err(refusal("More than one constraint supplied")),
            (Some(context), None) | (None, Some(context)) => context,
            (None, None) => return Ok(()),
        };
    check_context(context)?;
    if operations.iter().any(|operation| operation.takes_encryption_context()) {
        return Ok(());
    }
    Err(refusal(
        "An encryption context constraint requires an operation that takes an encryption context.",
    ))
}

fn check_context(context: &Context<'_>) -> Result<(), OpError> {
    let pairs = context.pairs();
    if pairs.len() > PAIRS_MAX {
        return Err(op_error!(
            Validation,
            "An encryption context constraint holds at most {PAIRS_MAX} pairs."
        ));
    }
    if pairs.iter().any(|(_, value)| value.chars().count() > VALUE_CHARS_MAX) {
        return Err(op_error!(
            Validation,
            "A value in an encryption context constraint has at most {VALUE_CHARS_MAX} characters."
        ));
    }
    // No request could match a longer one.
    require_bounded(&EncryptionContext::of_unique(pairs.to_vec()))
}

/// The rules that depend on the kind of key.
pub(super) fn check_for_key(grant: &GrantRecord, key: &Key) -> Result<(), OpError> {
    let (spec, usage) = (key.record.spec, key.record.usage);
    let allowed = GrantOperation::of_key(spec, usage);
    if let Some(operation) = grant.operations.iter().find(|it| !allowed.contains(it)) {
        return Err(op_error!(
            Validation,
            "The operation {operation} is not valid for a key with key spec {spec} and key usage \
             {usage}."
        ));
    }
    let GrantConstraints { encryption_context_equals, encryption_context_subset, .. } =
        &grant.constraints;
    let has_context = encryption_context_equals.is_some() || encryption_context_subset.is_some();
    let is_symmetric = spec == KeySpec::SymmetricDefault && usage == KeyUsage::EncryptDecrypt;
    if has_context && !is_symmetric {
        return Err(refusal(
            "Encryption context constraints are valid only for symmetric encryption keys.",
        ));
    }
    Ok(())
}

fn refusal(text: &'static str) -> OpError {
    OpError::new(ErrorCode::Validation, text)
}
