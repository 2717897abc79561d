//! PutEventSelectors: refused, because everything is recorded here.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{List, OneOf, Text};
use serde::Deserialize;

use crate::action;
use crate::constraints::{
    self, AdvancedEventSelectors, AdvancedFieldSelectors, DataResourceValues, DataResources,
    EventSelectors, ExcludeManagementEventSources, Operator, OperatorValue, ReadWriteType,
    SelectorField, SelectorName,
};
use crate::shape::AnyText;
use crate::trail_name::TrailName;

/// The operation.
pub(crate) enum PutEventSelectors {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    trail_name: AnyText<'a>,
    #[serde(borrow)]
    event_selectors: Option<List<EventSelector<'a>, EventSelectors>>,
    #[serde(borrow)]
    advanced_event_selectors: Option<List<AdvancedEventSelector<'a>, AdvancedEventSelectors>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventSelector<'a> {
    read_write_type: Option<OneOf<String, ReadWriteType>>,
    include_management_events: Option<bool>,
    #[serde(borrow)]
    data_resources: Option<List<DataResource<'a>, DataResources>>,
    #[serde(borrow)]
    exclude_management_event_sources: Option<List<AnyText<'a>, ExcludeManagementEventSources>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataResource<'a> {
    #[serde(borrow)]
    r#type: Option<AnyText<'a>>,
    #[serde(borrow)]
    values: Option<List<AnyText<'a>, DataResourceValues>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AdvancedEventSelector<'a> {
    #[serde(borrow)]
    name: Option<Text<'a, SelectorName>>,
    #[serde(borrow)]
    field_selectors: List<AdvancedFieldSelector<'a>, AdvancedFieldSelectors>,
}

type Values<'a> = Option<List<Text<'a, OperatorValue>, Operator>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AdvancedFieldSelector<'a> {
    #[serde(borrow)]
    field: Text<'a, SelectorField>,
    #[serde(borrow)]
    equals: Values<'a>,
    #[serde(borrow)]
    starts_with: Values<'a>,
    #[serde(borrow)]
    ends_with: Values<'a>,
    #[serde(borrow)]
    not_equals: Values<'a>,
    #[serde(borrow)]
    not_starts_with: Values<'a>,
    #[serde(borrow)]
    not_ends_with: Values<'a>,
}

impl Operation for PutEventSelectors {
    const NAME: &'static str = "PutEventSelectors";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::PUT_EVENT_SELECTORS;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = TrailName::read(cx, &input.trail_name)?;
        cx.authorize_account(&name.arn, action::PutEventSelectors).await?;
        Err(name.refuse_change(cx))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("trailName", &self.trail_name);
        if let Some(selectors) = &self.event_selectors {
            to.objects("eventSelectors", selectors.iter(), |to, selector| selector.record(to));
        }
        if let Some(selectors) = &self.advanced_event_selectors {
            to.objects("advancedEventSelectors", selectors.iter(), |to, selector| {
                selector.record(to);
            });
        }
    }
}

impl Recorded for EventSelector<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(kind) = &self.read_write_type {
            to.text("readWriteType", kind);
        }
        crate::shape::record_flag(to, "includeManagementEvents", self.include_management_events);
        if let Some(resources) = &self.data_resources {
            to.objects("dataResources", resources.iter(), |to, resource| {
                crate::shape::record_text(to, "type", resource.r#type.as_ref());
                if let Some(values) = &resource.values {
                    to.texts("values", values.iter().map(Text::as_str));
                }
            });
        }
        if let Some(sources) = &self.exclude_management_event_sources {
            to.texts("excludeManagementEventSources", sources.iter().map(Text::as_str));
        }
    }
}

impl Recorded for AdvancedEventSelector<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(name) = &self.name {
            to.text("name", name);
        }
        to.objects("fieldSelectors", self.field_selectors.iter(), |to, selector| {
            to.text("field", &selector.field);
            for (name, values) in [
                ("equals", &selector.equals),
                ("startsWith", &selector.starts_with),
                ("endsWith", &selector.ends_with),
                ("notEquals", &selector.not_equals),
                ("notStartsWith", &selector.not_starts_with),
                ("notEndsWith", &selector.not_ends_with),
            ] {
                if let Some(values) = values {
                    to.texts(name, values.iter().map(Text::as_str));
                }
            }
        });
    }
}
