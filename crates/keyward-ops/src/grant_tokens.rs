//! Grant tokens in requests.

use keyward_engine::{Cx, ErrorCode, OpError};

use crate::shape::GrantTokens;

/// Refuses any grant token: no grant exists yet, so none is valid.
#[expect(clippy::unused_async, reason = "grants are looked up here once there are any")]
pub(crate) async fn require_valid(_: &Cx, tokens: &GrantTokens<'_>) -> Result<(), OpError> {
    if tokens.is_empty() {
        return Ok(());
    }
    Err(OpError::new(ErrorCode::InvalidGrantToken, "The grant token is not valid."))
}
