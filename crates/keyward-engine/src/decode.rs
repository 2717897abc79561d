//! From bytes to a shape.

use keyward_shape::Violation;

use crate::{ErrorCode, OpError, Operation};

/// Decodes a request body into the operation's shape, or words what is wrong with it.
pub(crate) fn decode<O: Operation>(body: &[u8]) -> Result<O::Input<'_>, OpError> {
    keyward_shape::decode(O::MODEL.input, body).map_err(|violation| match violation {
        Violation::Constraints(message) => OpError::new(ErrorCode::Validation, message),
        Violation::Serialization(Some(message)) => OpError::new(ErrorCode::Serialization, message),
        Violation::Serialization(None) => OpError::silent(ErrorCode::Serialization),
    })
}
