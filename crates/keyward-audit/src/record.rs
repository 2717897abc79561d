//! One CloudTrail record, version 1.11, written as one line of compact JSON.
//!
//! Knows the order, the names and the sizes of the members. It does not know what an operation
//! shows of itself: that arrives as [`Fragment`]s.

mod identity;
mod operator_event;
mod operator_note;
mod service_event;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use keyward_model::{AccountId, AliasArn, Caller, KeyArn, Principal, Region, RequestId, Timestamp};
use uuid::Uuid;

use crate::date::iso_date;
use crate::json::{Fragment, JsonObject};
pub use operator_event::OperatorEvent;
pub use operator_note::{add_operator_note, operator_note, without_operator_note};
pub use service_event::{InternalCall, ServiceEvent};

/// The event source of the key service.
pub const KMS_EVENT_SOURCE: &str = "kms.amazonaws.com";

/// The caller of what the service does inside.
pub const INTERNAL: &str = "AWS Internal";

/// The longest record, in bytes. A longer one loses members until it fits.
pub const RECORD_BYTES_MAX: usize = 256 * 1024;

const VERSION: &str = "1.11";
/// Longest text from a client: user agent, error code and message, Host header.
const TEXT_BYTES_MAX: usize = 1024;
const PARAMETERS_BYTES_MAX: usize = 100 * 1024;
const ADDITIONAL_BYTES_MAX: usize = 28 * 1024;

/// One authenticated request, allowed or refused.
#[derive(Clone, Debug)]
pub struct ApiCall<'a> {
    /// Who called.
    pub caller: &'a Caller,
    /// Where the call came from.
    pub client: Client<'a>,
    /// The service that made the call in the caller's name, if one did: it stands in the place of
    /// the client.
    pub invoked_by: Option<&'a str>,
    /// The id in the reply's header.
    pub request_id: RequestId,
    /// When the request completed.
    pub time: Timestamp,
    /// The service, such as [`KMS_EVENT_SOURCE`].
    pub event_source: &'a str,
    /// The operation, exactly as in the API.
    pub event_name: &'a str,
    /// The Region that received the request.
    pub region: &'a Region,
    /// Whether the operation leaves every resource as it was.
    pub is_read_only: bool,
    /// What the request shows of itself.
    pub request_parameters: &'a Fragment,
    /// How it ended.
    pub outcome: Outcome<'a>,
    /// What the service adds: ids of key material, of grants, of key stores.
    pub additional_event_data: &'a Fragment,
    /// What the request was about. `None` leaves the member out, which is not the same as none.
    pub resources: Option<&'a [Resource]>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was refused or failed.
    Failure {
        /// The error's name on the wire.
        code: &'a str,
        /// The message sent, if the error has one.
        message: Option<&'a str>,
    },
    /// It worked; what the reply shows of itself.
    Success(&'a Fragment),
}

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The client's address.
    pub source_ip: IpAddr,
    /// The `User-Agent` header.
    pub user_agent: Option<&'a str>,
    /// The TLS session, if the connection has one.
    pub tls: Option<TlsDetails<'a>>,
}

/// The TLS session a request came through.
#[derive(Clone, Copy, Debug)]
pub struct TlsDetails<'a> {
    /// `TLSv1.3`.
    pub version: &'a str,
    /// `TLS_AES_256_GCM_SHA384`.
    pub cipher_suite: &'a str,
    /// The `Host` header as sent.
    pub host_header: Option<&'a str>,
    /// `X25519MLKEM768`.
    pub key_exchange: Option<&'a str>,
}

/// Which copy of a record this is. A request about another account's key has one for each account.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// The copy's own id.
    pub event_id: Uuid,
    /// The account whose log the copy belongs to.
    pub recipient: AccountId,
    /// The same in every copy; absent when there is only one.
    pub shared_event_id: Option<Uuid>,
}

/// Something a request was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An alias.
    Alias(AliasArn),
    /// A key.
    Key(KeyArn),
    /// A role.
    Role {
        /// Its account.
        account: AccountId,
        /// Its ARN.
        arn: String,
    },
}

impl ApiCall<'_> {
    /// Appends the record, without a line end, to `to`.
    pub fn write(&self, delivery: &Delivery, to: &mut Vec<u8>) {
        write_to_fit(to, |to, cut| self.write_cut(delivery, cut, to));
    }

    fn write_cut(&self, delivery: &Delivery, cut: Cut, to: &mut Vec<u8>) {
        JsonObject::write(to, |o| {
            o.text("eventVersion", VERSION);
            o.object("userIdentity", |o| {
                identity::write(o, self.caller, delivery.recipient);
                // One that calls as itself has said its name.
                let is_service = matches!(self.caller.principal, Principal::Service(_));
                if let Some(service) = self.invoked_by().filter(|_| !is_service) {
                    o.text("invokedBy", service);
                }
            });
            o.display("eventTime", iso_date(self.time));
            o.text("eventSource", self.event_source);
            o.text("eventName", self.event_name);
            o.text("awsRegion", self.region.as_str());
            match self.invoked_by() {
                Some(service) => o.text("sourceIPAddress", service),
                None => o.display("sourceIPAddress", self.client.source_ip.to_canonical()),
            }
            let user_agent = self.invoked_by().or(self.client.user_agent);
            if let Some(user_agent) = user_agent.filter(|_| cut.spares(Member::UserAgent)) {
                o.text("userAgent", cut_text(user_agent));
            }
            self.write_error(cut, o);
            write_exchange(o, self.request_parameters, self.response(), cut);
            write_additional(o, self.additional_event_data, cut);
            if cut.spares(Member::RequestId) {
                o.display("requestID", self.request_id);
            }
            o.display("eventID", delivery.event_id);
            o.boolean("readOnly", self.is_read_only);
            if let Some(resources) = self.resources {
                o.objects("resources", resources, |o, resource| resource.write(o));
            }
            o.text("eventType", "AwsApiCall");
            o.boolean("managementEvent", true);
            o.text("recipientAccountId", delivery.recipient.as_str());
            if let Some(shared) = delivery.shared_event_id {
                o.display("sharedEventID", shared);
            }
            o.text("eventCategory", "Management");
            if let Some(tls) = self.client.tls.as_ref().filter(|_| self.invoked_by().is_none()) {
                o.object("tlsDetails", |o| tls.write(o));
            }
        });
    }

    /// The service that made the call: as the record's writer says, or as its credential says, for
    /// somebody or for itself.
    fn invoked_by(&self) -> Option<&str> {
        let itself = match &self.caller.principal {
            Principal::Service(service) => Some(service.name.as_str()),
            _ => None,
        };
        self.invoked_by.or(self.caller.invoked_by.as_deref()).or(itself)
    }

    fn write_error(&self, cut: Cut, o: &mut JsonObject<'_>) {
        let Outcome::Failure { code, message } = self.outcome else { return };
        if cut.spares(Member::ErrorCode) {
            o.text("errorCode", cut_text(recorded_code(code)));
        }
        if let Some(message) = message.filter(|_| cut.spares(Member::ErrorMessage)) {
            o.text("errorMessage", cut_text(message));
        }
    }

    fn response(&self) -> &Fragment {
        match self.outcome {
            Outcome::Failure { .. } => Fragment::EMPTY,
            Outcome::Success(response) => response,
        }
    }
}

/// The record's word for an error. WIRE: an authorization failure is `AccessDenied` here although
/// the reply says `AccessDeniedException`; every other name stays as it is.
fn recorded_code(code: &str) -> &str {
    if code == "AccessDeniedException" { "AccessDenied" } else { code }
}

impl TlsDetails<'_> {
    fn write(&self, o: &mut JsonObject<'_>) {
        o.text("tlsVersion", self.version);
        o.text("cipherSuite", self.cipher_suite);
        if let Some(host) = self.host_header {
            o.text("clientProvidedHostHeader", cut_text(host));
        }
        if let Some(key_exchange) = self.key_exchange {
            o.text("keyExchange", key_exchange);
        }
    }
}

impl Resource {
    fn write(&self, o: &mut JsonObject<'_>) {
        match self {
            Self::Alias(arn) => {
                o.text("accountId", arn.account.as_str());
                o.text("type", "AWS::KMS::Alias");
                o.display("ARN", arn);
            }
            Self::Key(arn) => {
                o.text("accountId", arn.account.as_str());
                o.text("type", "AWS::KMS::Key");
                o.display("ARN", arn);
            }
            Self::Role { account, arn } => {
                o.text("accountId", account.as_str());
                o.text("type", "AWS::IAM::Role");
                o.text("ARN", arn);
            }
        }
    }
}

/// Members that a record over its limit loses, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    RequestId,
    AdditionalEventData,
    ServiceEventDetails,
    UserAgent,
    ErrorCode,
    ResponseElements,
    RequestParameters,
    ErrorMessage,
}

impl Member {
    const CUT_ORDER: [Self; 8] = [
        Self::RequestId,
        Self::AdditionalEventData,
        Self::ServiceEventDetails,
        Self::UserAgent,
        Self::ErrorCode,
        Self::ResponseElements,
        Self::RequestParameters,
        Self::ErrorMessage,
    ];
}

/// The last member cut; all before it are cut too.
#[derive(Clone, Copy, Debug)]
struct Cut(Option<Member>);

impl Cut {
    fn spares(self, member: Member) -> bool {
        Some(member) > self.0
    }
}

/// Writes a record, then again with one member less, until it fits.
fn write_to_fit(to: &mut Vec<u8>, write: impl Fn(&mut Vec<u8>, Cut)) {
    let start = to.len();
    for cut in std::iter::once(None).chain(Member::CUT_ORDER.map(Some)) {
        to.truncate(start);
        write(to, Cut(cut));
        if to.len() - start <= RECORD_BYTES_MAX {
            return;
        }
    }
}

/// Writes what was asked and what was answered; `null` when there is nothing to say.
fn write_exchange(o: &mut JsonObject<'_>, parameters: &Fragment, response: &Fragment, cut: Cut) {
    for (name, member, said) in [
        ("requestParameters", Member::RequestParameters, parameters),
        ("responseElements", Member::ResponseElements, response),
    ] {
        if !cut.spares(member) || said.is_empty() {
            o.null(name);
        } else if said.is_within(PARAMETERS_BYTES_MAX) {
            o.fragment(name, said);
        } else {
            write_shortened(o, name, said);
        }
    }
}

/// Writes what is too long without its longest members: what somebody wants to hide could be padded
/// otherwise until nothing is told at all.
fn write_shortened(o: &mut JsonObject<'_>, name: &'static str, said: &Fragment) {
    let shortened = said.without_longest(PARAMETERS_BYTES_MAX);
    if shortened.is_empty() { o.null(name) } else { o.fragment(name, &shortened) }
}

/// Writes what the service adds, if there is anything and not too much.
fn write_additional(o: &mut JsonObject<'_>, data: &Fragment, cut: Cut) {
    if cut.spares(Member::AdditionalEventData) && data.is_within(ADDITIONAL_BYTES_MAX) {
        o.fragment("additionalEventData", data);
    }
}

/// The start of a text, no longer than 1 KiB.
fn cut_text(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}
