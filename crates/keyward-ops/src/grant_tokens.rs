//! Grant tokens in requests.

use keyward_engine::{ErrorCode, OpError};

use crate::shape::GrantTokens;

/// Refuses any grant token: no grant exists yet, so none is valid.
pub(crate) fn require_valid(tokens: &GrantTokens<'_>) -> Result<(), OpError> {
    if tokens.is_empty() {
        return Ok(());
    }
    Err(OpError::new(ErrorCode::InvalidGrantToken, "The grant token is not valid."))
}
