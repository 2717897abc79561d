//! What an operator does to the deployment itself, through the program and not through an API.

use keyward_model::{AccountId, Region, Timestamp};
use uuid::Uuid;

use super::{Cut, VERSION, cut_text, write_exchange, write_to_fit};
use crate::date::iso_date;
use crate::json::{Fragment, JsonObject};

const EVENT_SOURCE: &str = "keyward";
/// The one code of a command that did not work; why is in the message.
const FAILED: &str = "CommandFailed";

/// One command of an operator.
#[derive(Clone, Debug)]
pub struct OperatorEvent<'a> {
    /// The record's id.
    pub event_id: Uuid,
    /// The account the command concerns; its log gets the record.
    pub account: AccountId,
    /// When it was done.
    pub time: Timestamp,
    /// `CreateAccount`, for example.
    pub event_name: &'a str,
    /// The default Region of the deployment.
    pub region: &'a Region,
    /// Who gave the command: `uid 1000`, for example.
    pub operator: &'a str,
    /// What the command named.
    pub request_parameters: &'a Fragment,
    /// Why it did not work, if it did not.
    pub failure: Option<&'a str>,
}

impl OperatorEvent<'_> {
    /// Appends the record, without a line end, to `to`.
    pub fn write(&self, to: &mut Vec<u8>) {
        write_to_fit(to, |to, cut| self.write_cut(cut, to));
    }

    fn write_cut(&self, cut: Cut, to: &mut Vec<u8>) {
        JsonObject::write(to, |o| {
            o.text("eventVersion", VERSION);
            o.object("userIdentity", |o| {
                o.text("accountId", self.account.as_str());
                o.text("invokedBy", self.operator);
            });
            o.display("eventTime", iso_date(self.time));
            o.text("eventSource", EVENT_SOURCE);
            o.text("eventName", self.event_name);
            o.text("awsRegion", self.region.as_str());
            o.text("sourceIPAddress", "localhost");
            if let Some(failure) = self.failure {
                o.text("errorCode", FAILED);
                o.text("errorMessage", cut_text(failure));
            }
            write_exchange(o, self.request_parameters, Fragment::EMPTY, cut);
            o.display("eventID", self.event_id);
            o.boolean("readOnly", false);
            o.text("eventType", "AwsServiceEvent");
            o.boolean("managementEvent", true);
            o.text("recipientAccountId", self.account.as_str());
            o.text("eventCategory", "Management");
        });
    }
}
