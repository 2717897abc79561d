//! Grant ids in requests.

use keyward_engine::{ErrorCode, OpError};
use keyward_model::GrantId;

/// Reads a grant id.
pub(crate) fn parse(text: &str) -> Result<GrantId, OpError> {
    // WIRE: the text is a guess.
    // Evidence: docs/WIRE.md, "Grant ids".
    text.parse().map_err(|_| OpError::new(ErrorCode::InvalidGrantId, "The grant ID is not valid."))
}
