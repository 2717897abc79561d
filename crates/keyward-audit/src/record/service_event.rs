//! What the service does by itself, at a time it chose: deletion at the end of the waiting period,
//! rotation, expiry of imported material.

use keyward_model::{AccountId, Region, RequestId, Timestamp};
use uuid::Uuid;

use super::{
    Cut, INTERNAL, KMS_EVENT_SOURCE, Member, Resource, VERSION, write_additional, write_exchange,
    write_to_fit,
};
use crate::date::iso_date;
use crate::json::{Fragment, JsonObject};

const DETAILS_BYTES_MAX: usize = 100 * 1024;

/// One event that no request caused.
#[derive(Clone, Debug)]
pub struct ServiceEvent<'a> {
    /// The record's id.
    pub event_id: Uuid,
    /// The account that owns the key.
    pub account: AccountId,
    /// When it was done.
    pub time: Timestamp,
    /// `DeleteKey`, for example.
    pub event_name: &'a str,
    /// The Region that holds the key.
    pub region: &'a Region,
    /// What the event says of itself.
    pub details: &'a Fragment,
    /// What the service adds, for keys in custom key stores.
    pub additional_event_data: &'a Fragment,
    /// The key.
    pub resource: &'a Resource,
    /// What makes the event look like an API call, as that of `SynchronizeMultiRegionKey` does.
    pub call: Option<InternalCall<'a>>,
}

/// What an event has of an API call.
#[derive(Clone, Copy, Debug)]
pub struct InternalCall<'a> {
    /// The id of the request that the service made of itself.
    pub request_id: RequestId,
    /// What the reply shows of itself.
    pub response_elements: &'a Fragment,
}

impl ServiceEvent<'_> {
    /// Appends the record, without a line end, to `to`.
    pub fn write(&self, to: &mut Vec<u8>) {
        write_to_fit(to, |to, cut| self.write_cut(cut, to));
    }

    fn write_cut(&self, cut: Cut, to: &mut Vec<u8>) {
        JsonObject::write(to, |o| {
            o.text("eventVersion", VERSION);
            o.object("userIdentity", |o| {
                o.text("accountId", self.account.as_str());
                o.text("invokedBy", INTERNAL);
            });
            o.display("eventTime", iso_date(self.time));
            o.text("eventSource", KMS_EVENT_SOURCE);
            o.text("eventName", self.event_name);
            o.text("awsRegion", self.region.as_str());
            o.text("sourceIPAddress", INTERNAL);
            o.text("userAgent", INTERNAL);
            let response = self.call.map_or(Fragment::EMPTY, |call| call.response_elements);
            write_exchange(o, Fragment::EMPTY, response, cut);
            write_additional(o, self.additional_event_data, cut);
            if let Some(call) = self.call.filter(|_| cut.spares(Member::RequestId)) {
                o.display("requestID", call.request_id);
            }
            o.display("eventID", self.event_id);
            o.boolean("readOnly", false);
            o.objects("resources", [self.resource], |o, resource| resource.write(o));
            let is_call = self.call.is_some();
            o.text("eventType", if is_call { "AwsApiCall" } else { "AwsServiceEvent" });
            o.boolean("managementEvent", true);
            o.text("recipientAccountId", self.account.as_str());
            if cut.spares(Member::ServiceEventDetails) && self.details.is_within(DETAILS_BYTES_MAX)
            {
                o.fragment("serviceEventDetails", self.details);
            }
            o.text("eventCategory", "Management");
        });
    }
}
