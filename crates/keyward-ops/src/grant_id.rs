//! Grant ids in requests.

use keyward_engine::{ErrorCode, OpError, op_error};
use keyward_model::GrantId;

/// Reads a grant id.
pub(crate) fn parse(text: &str) -> Result<GrantId, OpError> {
    // WIRE: the text is a guess.
    // Evidence: docs/WIRE.md, "Grant ids".
    text.parse().map_err(|_| OpError::new(ErrorCode::InvalidGrantId, "The grant ID is not valid."))
}

/// The refusal of an id that none of the key's grants has.
pub(crate) fn not_found(grant_id: &GrantId) -> OpError {
    op_error!(NotFound, "Grant ID {grant_id} not found")
}
