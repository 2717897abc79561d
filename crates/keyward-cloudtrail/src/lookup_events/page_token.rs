//! `NextToken`: where a page ended, bound to everything that was asked.

use keyward_engine::{Cx, ErrorCode, EventPosition, EventQuery, OpError, Operation as _};

use super::{LookupEvents, refusal};

/// What decides which events there are.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) query: &'a EventQuery,
    /// Of the category beside management events.
    pub(super) is_insight: bool,
}

/// The place a token continues from.
pub(super) fn read(
    cx: &Cx,
    asked: Asked<'_>,
    token: Option<&str>,
) -> Result<Option<EventPosition>, OpError> {
    let Some(token) = token else { return Ok(None) };
    let position = cx.read_marker(LookupEvents::NAME, &filter(asked), token);
    position.map(EventPosition).map(Some).ok_or_else(invalid)
}

/// The token that continues behind a place.
pub(super) fn write(
    cx: &Cx,
    asked: Asked<'_>,
    EventPosition(position): &EventPosition,
) -> Result<String, OpError> {
    cx.write_marker(LookupEvents::NAME, &filter(asked), position)
}

/// The refusal of a token that leads nowhere.
pub(super) fn invalid() -> OpError {
    let message = "The next token is not valid, or was returned to other parameters.";
    refusal(ErrorCode::InvalidNextToken, message)
}

/// What a token is bound to, beside account and Region.
fn filter(Asked { query, is_insight }: Asked<'_>) -> String {
    format!("{:?}/{:?}/{:?}/{is_insight}", query.from, query.to, query.attribute)
}
