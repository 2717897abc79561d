//! Grant tokens in requests.

use keyward_engine::{Cx, ErrorCode, OpError};
use keyward_store::GrantRecord;

use crate::shape::GrantTokens;

/// Refuses tokens that are no tokens, or whose grants are gone, and keeps the grants of the others
/// for authorization. A good token of another key or for another caller is simply useless.
pub(crate) async fn require_valid(cx: &mut Cx, tokens: &GrantTokens<'_>) -> Result<(), OpError> {
    for token in tokens.iter() {
        let grant = require_grant(cx, token).await?;
        cx.present_grant(grant);
    }
    Ok(())
}

/// The grant that a token names.
pub(crate) async fn require_grant(cx: &Cx, token: &str) -> Result<GrantRecord, OpError> {
    cx.find_grant_of_token(token).await?.ok_or_else(not_valid)
}

/// The refusal of a token.
pub(crate) fn not_valid() -> OpError {
    // WIRE: one text, whatever is wrong with the token.
    // Evidence: docs/WIRE.md, "Grant tokens".
    OpError::new(ErrorCode::InvalidGrantToken, "The grant token is not valid.")
}
