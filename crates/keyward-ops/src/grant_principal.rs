//! The principals that grants name.

use keyward_engine::{Cx, OpError, op_error};
use keyward_model::{AccountId, UniqueId};
use keyward_policy::account_of_principal;

/// Refuses text that is not the ARN of a principal whom a grant can name: the root of an account
/// that exists, a federated-user session of one, or a user, role or role session that exists.
///
/// The unique id that the grant is bound to; there is none of a root and of a federated user.
pub(crate) async fn require_principal(cx: &Cx, arn: &str) -> Result<Option<UniqueId>, OpError> {
    let account = account_of(cx, arn)?;
    let found = cx.engine().store().accounts().find(&account).await.map_err(OpError::internal)?;
    if found.is_none() {
        return Err(not_a_principal(arn));
    }
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    if resource == "root" || resource.starts_with("federated-user/") {
        return Ok(None);
    }
    let id = cx.engine().find_principal(arn).await?;
    id.map(Some).ok_or_else(|| not_a_principal(arn))
}

/// How a principal that a grant names is shown: as it was named, under its present name if it has
/// another now, and by its unique id once it is gone.
pub(crate) async fn shown(
    cx: &Cx,
    arn: Option<String>,
    id: Option<UniqueId>,
) -> Result<Option<String>, OpError> {
    let (Some(named), Some(id)) = (&arn, id) else { return Ok(arn) };
    let now = cx.engine().find_principal_arn(&id).await?;
    Ok(match now {
        None => Some(id.to_string()),
        // Of a session the role is known, not the session.
        Some(_) if named.contains(":assumed-role/") => arn,
        now => now,
    })
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
