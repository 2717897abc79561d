//! LookupEvents: the events of the caller's account in the Region, newest first.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

mod event;
mod page_token;
#[cfg(test)]
mod tests;

use keyward_audit::{JsonObject, Recorded, java_date};
use keyward_engine::{
    Cx, ErrorCode, EventQuery, HistoryError, Kind, LookupAttribute, OpError, Operation,
};
use keyward_model::Timestamp;
use keyward_shape::{Int, List, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{
    self, AnyEventCategory, AnyLookupAttributeKey, AnyLookupAttributeValue, AnyMaxResults,
    LookupAttributesList, NextToken,
};
use crate::trail::history;
use event::Event;
use page_token::Asked;

/// The operation.
pub(crate) enum LookupEvents {}

const RESULTS_MAX: usize = 50;
const VALUE_CHARACTERS_MAX: usize = 2000;
/// The one category beside management events. Nothing makes such events here.
const INSIGHT: &str = "insight";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    lookup_attributes: Option<List<Attribute<'a>, LookupAttributesList>>,
    start_time: Option<keyward_shape::Timestamp>,
    end_time: Option<keyward_shape::Timestamp>,
    #[serde(borrow)]
    event_category: Option<Text<'a, AnyEventCategory>>,
    max_results: Option<Int<AnyMaxResults>>,
    #[serde(borrow)]
    next_token: Option<Text<'a, NextToken>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    #[serde(borrow)]
    attribute_key: Text<'a, AnyLookupAttributeKey>,
    #[serde(borrow)]
    attribute_value: Text<'a, AnyLookupAttributeValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for LookupEvents {
    const NAME: &'static str = "LookupEvents";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LOOKUP_EVENTS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        cx.authorize_anywhere(action::LookupEvents).await?;
        let is_insight = input.require_category()?;
        let mut query = EventQuery {
            account: cx.caller().account,
            region: cx.region().clone(),
            attribute: input.attribute()?,
            from: input.start_time.map(rounded_up),
            to: input.end_time.map(rounded_down),
            after: None,
            limit: input.limit()?,
        };
        if input.start_time > input.end_time && input.end_time.is_some() {
            return Err(refusal(
                ErrorCode::InvalidTimeRange,
                "The start time is after the end time.",
            ));
        }
        let asked = Asked { query: &query, is_insight };
        query.after = page_token::read(cx, asked, input.next_token.as_deref())?;
        if is_insight {
            return Ok(Output { events: Vec::new(), next_token: None });
        }
        let page = history(cx)?.look_up(&query).await.map_err(failure)?;
        let asked = Asked { query: &query, is_insight };
        let next_token = page.next.map(|next| page_token::write(cx, asked, &next)).transpose()?;
        let events = page.records.into_iter().map(Event::of).collect::<Result<_, _>>()?;
        Ok(Output { events, next_token })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        4096 + output.events.iter().map(Event::bytes_max).sum::<usize>()
    }
}

/// Times of events are whole seconds.
const fn rounded_up(at: keyward_shape::Timestamp) -> Timestamp {
    rounded_down(keyward_shape::Timestamp::from_unix_ms(at.unix_ms() + 999))
}

const fn rounded_down(at: keyward_shape::Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(at.unix_ms().div_euclid(1000) * 1000)
}

fn failure(error: HistoryError) -> OpError {
    match error {
        HistoryError::Busy => OpError::new(ErrorCode::Throttling, "Rate exceeded"),
        HistoryError::UnknownPosition => page_token::invalid(),
        error @ HistoryError::Unreadable(_) => OpError::internal(error),
    }
}

// WIRE: "CloudTrail: texts of our own".
fn refusal(code: ErrorCode, message: &'static str) -> OpError {
    OpError::new(code, message)
}

impl Input<'_> {
    /// Whether events are asked for that there never are.
    fn require_category(&self) -> Result<bool, OpError> {
        match self.event_category.as_deref() {
            None => Ok(false),
            Some(INSIGHT) => Ok(true),
            Some(_) => {
                Err(refusal(ErrorCode::InvalidEventCategory, "The event category is not valid."))
            }
        }
    }

    fn attribute(&self) -> Result<Option<(LookupAttribute, String)>, OpError> {
        let invalid = |message| refusal(ErrorCode::InvalidLookupAttributes, message);
        let attributes = self.lookup_attributes.as_ref().map_or(&[][..], |list| &**list);
        let [attribute] = attributes else {
            return match attributes {
                [] => Ok(None),
                _ => Err(invalid("At most one lookup attribute can be specified.")),
            };
        };
        let key = attribute.attribute_key.parse();
        let key = key.map_err(|_| invalid("The lookup attribute key is not valid."))?;
        let value = &attribute.attribute_value;
        if value.is_empty() || value.chars().count() > VALUE_CHARACTERS_MAX {
            return Err(invalid("The lookup attribute value must have 1 to 2000 characters."));
        }
        Ok(Some((key, value.as_str().to_owned())))
    }

    fn limit(&self) -> Result<usize, OpError> {
        let Some(asked) = self.max_results else { return Ok(RESULTS_MAX) };
        let limit = usize::try_from(asked.value()).ok();
        limit.filter(|limit| (1..=RESULTS_MAX).contains(limit)).ok_or_else(|| {
            refusal(ErrorCode::InvalidMaxResults, "MaxResults must be between 1 and 50.")
        })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(attributes) = &self.lookup_attributes {
            to.objects("lookupAttributes", attributes.iter(), |to, attribute| {
                to.text("attributeKey", &attribute.attribute_key);
                to.text("attributeValue", &attribute.attribute_value);
            });
        }
        for (name, at) in [("startTime", self.start_time), ("endTime", self.end_time)] {
            if let Some(at) = at {
                to.display(name, java_date(Timestamp::from_unix_ms(at.unix_ms())));
            }
        }
        if let Some(category) = &self.event_category {
            to.text("eventCategory", category);
        }
        if let Some(asked) = self.max_results {
            to.integer("maxResults", asked.value());
        }
        if let Some(token) = &self.next_token {
            to.text("nextToken", token);
        }
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}
