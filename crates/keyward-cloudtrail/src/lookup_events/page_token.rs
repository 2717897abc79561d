//! `NextToken`: the place of the last event seen, bound to everything that was asked.

use keyward_engine::{Cx, ErrorCode, EventPosition, EventQuery, OpError, Operation as _};
use keyward_model::Timestamp;

use super::{LookupEvents, refusal};

/// The place a token continues from.
pub(super) fn read(
    cx: &Cx,
    query: &EventQuery,
    token: Option<&str>,
) -> Result<Option<EventPosition>, OpError> {
    let Some(token) = token else { return Ok(None) };
    let position = cx
        .read_marker(LookupEvents::NAME, &filter(query), token)
        .and_then(|position| parse(&position));
    position.map(Some).ok_or_else(|| {
        let message = "The next token is not valid, or was returned to other parameters.";
        refusal(ErrorCode::InvalidNextToken, message)
    })
}

/// The token that continues behind a place.
pub(super) fn write(
    cx: &Cx,
    query: &EventQuery,
    position: EventPosition,
) -> Result<String, OpError> {
    let position = format!("{}/{}", position.time.unix_s(), position.event_id);
    cx.write_marker(LookupEvents::NAME, &filter(query), &position)
}

/// What a token is bound to, beside account and Region: all that decides which events there are.
fn filter(query: &EventQuery) -> String {
    format!("{:?}/{:?}/{:?}", query.from, query.to, query.attribute)
}

fn parse(position: &str) -> Option<EventPosition> {
    let (seconds, event_id) = position.split_once('/')?;
    let unix_ms = seconds.parse::<i64>().ok()?.checked_mul(1000)?;
    Some(EventPosition { time: Timestamp::from_unix_ms(unix_ms), event_id: event_id.parse().ok()? })
}
