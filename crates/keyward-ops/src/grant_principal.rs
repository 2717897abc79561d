//! The principals that grants name.

use keyward_engine::{Cx, OpError, op_error};
use keyward_model::AccountId;
use keyward_policy::account_of_principal;

/// Refuses text that is not the ARN of a principal whom a grant can name.
///
/// The rule while users and roles do not exist as objects: the ARN has the form of an account's
/// root, a user, a role, a role session or a federated-user session of this partition, and the
/// account exists. When users and roles exist, they must too, and are bound by their unique ids.
pub(crate) async fn require_principal(cx: &Cx, arn: &str) -> Result<(), OpError> {
    let account = account_of(cx, arn)?;
    let found = cx.engine().store().accounts().find(&account).await.map_err(OpError::internal)?;
    found.map(drop).ok_or_else(|| not_a_principal(arn))
}

/// The account of a principal, by the form of its ARN.
pub(crate) fn account_of(cx: &Cx, arn: &str) -> Result<AccountId, OpError> {
    let account = account_of_principal(arn, cx.engine().partition().as_str());
    account.and_then(|account| account.parse().ok()).ok_or_else(|| not_a_principal(arn))
}

fn not_a_principal(arn: &str) -> OpError {
    // WIRE: the class is known, the text is not.
    // Evidence: docs/WIRE.md, "Principals of grants".
    op_error!(InvalidArn, "ARN does not refer to a valid principal: {arn}")
}
