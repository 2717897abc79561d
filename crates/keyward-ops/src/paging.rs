//! What the listing operations share.

use keyward_audit::JsonObject;
use keyward_engine::OpError;
use keyward_shape::Text;

use crate::constraints::MarkerType;

/// How many entries a page holds: what was asked for, or the operation's default.
pub(crate) fn page_limit(limit: Option<i32>, default: u32) -> Result<u32, OpError> {
    limit.map_or(Ok(default), |limit| u32::try_from(limit).map_err(OpError::internal))
}

/// Writes `limit` and `marker` if they were sent.
pub(crate) fn record_page(
    to: &mut JsonObject<'_>,
    limit: Option<i32>,
    marker: Option<&Text<'_, MarkerType>>,
) {
    if let Some(limit) = limit {
        to.integer("limit", limit);
    }
    if let Some(marker) = marker {
        to.text("marker", marker);
    }
}
