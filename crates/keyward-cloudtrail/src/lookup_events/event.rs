//! An event of the reply, made from its record.

use keyward_audit::EventResource;
use keyward_engine::OpError;
use serde::Serialize;

use crate::shape::Date;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "these are the API's")]
pub(super) struct Event {
    event_id: String,
    event_name: String,
    /// WIRE: a string, `true` or `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<String>,
    event_time: Date,
    event_source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    resources: Vec<Resource>,
    cloud_trail_event: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
}

impl Event {
    /// A record as accounts get it.
    pub(super) fn of(record: Vec<u8>) -> Result<Self, OpError> {
        let record = String::from_utf8(record).map_err(OpError::internal)?;
        let event = keyward_audit::Event::read(record.as_bytes());
        let event = event.ok_or_else(|| OpError::internal("a record cannot be read"))?;
        let resource = |resource: &EventResource<'_>| Resource {
            resource_type: resource.kind.as_deref().map(str::to_owned),
            resource_name: resource.arn.as_deref().map(str::to_owned),
        };
        Ok(Self {
            event_id: event.id.to_string(),
            event_name: event.name.clone().into_owned(),
            read_only: event.is_read_only.map(|is| if is { "true" } else { "false" }),
            access_key_id: event.access_key_id.as_deref().map(str::to_owned),
            event_time: Date(event.time),
            event_source: event.source.clone().into_owned(),
            username: event.username.as_deref().map(str::to_owned),
            resources: event.looked_up_resources().map(resource).collect(),
            cloud_trail_event: record,
        })
    }

    /// Room for it in the reply: every quote of the record is escaped.
    pub(super) fn bytes_max(&self) -> usize {
        1024 + self.cloud_trail_event.len() * 3 / 2
    }
}
