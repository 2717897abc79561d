//! From a finished call to the line the journal takes.

mod sent;

use keyward_audit::{
    ApiCall, Client, Delivery, Fragment, InternalCall, OperatorEvent, Outcome, Resource,
    ServiceEvent, TlsDetails, add_operator_note,
};
use keyward_model::{AccountId, KeyArn, Principal, Region, Timestamp, new_uuid};
use keyward_store::AuditRow;
use uuid::Uuid;

use crate::operation::STS_EVENT_SOURCE;
use crate::operator::OperatorCommand;
use crate::{Call, Cx, Engine, ErrorCode, Kind, OpError};
pub use sent::record_disagreements;
pub(crate) use sent::record_sent;

/// Room for an ordinary record.
pub(crate) const LINE_BYTES: usize = 1536;

/// The records of one call: the caller's, and those of other accounts whose resources it used.
pub(crate) struct CallRecords {
    pub(crate) time: Timestamp,
    pub(crate) own: AuditRow,
    pub(crate) of_owners: Vec<(AccountId, AuditRow)>,
}

impl CallRecords {
    /// The id of the record that an account gets.
    pub(crate) fn event_id(&self, account: &AccountId) -> Uuid {
        let of_owner = self.of_owners.iter().find(|(owner, _)| owner == account);
        of_owner.map_or(self.own.event_id, |(_, row)| row.event_id)
    }
}

/// The records of a call that ended with `refusal`, or well. Who was refused for lack of permission
/// has used nobody's resources.
pub(crate) fn records(cx: &mut Cx, refusal: Option<&OpError>) -> CallRecords {
    // Of one request, and so of one time.
    let time = cx.recording_time();
    let cx = &*cx;
    let rng = cx.engine().rng();
    let is_denied = refusal.is_some_and(|refusal| refusal.code == ErrorCode::AccessDenied);
    let owners = if is_denied { &[] } else { &*cx.notes.owners };
    let shared_event_id = (!owners.is_empty()).then(|| new_uuid(rng));
    let row = |recipient: AccountId| {
        let delivery = Delivery { event_id: new_uuid(rng), recipient, shared_event_id };
        AuditRow { event_id: delivery.event_id, line: line(cx, (&delivery, time), refusal) }
    };
    let mut own = row(cx.caller().account);
    add_operator_note(&mut own.line, &operator_note(cx));
    CallRecords { time, own, of_owners: owners.iter().map(|&owner| (owner, row(owner))).collect() }
}

/// What operators alone are told: what the caller was allowed and why, and why it was refused.
fn operator_note(cx: &Cx) -> Fragment {
    let mut note = cx.notes.operator_note.clone();
    if !cx.notes.allowed.is_empty() {
        note.add().objects("allowed", &cx.notes.allowed, |to, (action, because)| {
            to.text("action", action);
            to.text("because", because.name());
        });
    }
    note
}

fn line(cx: &Cx, (delivery, time): (&Delivery, Timestamp), refusal: Option<&OpError>) -> Vec<u8> {
    let call = cx.call();
    let mut additional = cx.notes.additional_event_data.clone();
    if refusal.is_none_or(OpError::is_dry_run) {
        for (member, id) in &cx.notes.materials {
            additional.add().display(member, id);
        }
        if let Some(grant_id) = &cx.notes.grant_id {
            additional.add().display("grantId", grant_id);
        }
    }
    if let (None, Some(recipient)) = (refusal, &cx.notes.recipient) {
        additional.add().object("recipient", |to| recipient.record(to));
    }
    if cx.entry().api.event_source == STS_EVENT_SOURCE {
        // Every endpoint is of one Region here.
        additional.add().object("RequestDetails", |to| {
            to.text("endpointType", "regional");
            to.text("awsServingRegion", call.region.as_str());
        });
    }
    let mut resources = cx.notes.resources.clone();
    if let (None, Some(arn)) = (refusal, &cx.notes.new_key) {
        resources.get_or_insert_default().push(Resource::Key(arn.clone()));
    }
    let record = ApiCall {
        caller: &call.caller,
        client: client(call),
        invoked_by: None,
        request_id: call.request_id,
        time,
        event_source: cx.entry().api.event_source,
        event_name: cx.entry().name,
        region: &call.region,
        is_read_only: cx.entry().kind != Kind::Write,
        request_parameters: &cx.notes.request_parameters,
        outcome: outcome(cx, refusal),
        additional_event_data: &additional,
        resources: resources.as_deref(),
    };
    let mut line = Vec::with_capacity(LINE_BYTES);
    record.write(delivery, &mut line);
    line
}

fn outcome<'a>(cx: &'a Cx, refusal: Option<&'a OpError>) -> Outcome<'a> {
    match refusal {
        Some(refusal) => {
            Outcome::Failure { code: refusal.code.exception(), message: message(cx, refusal) }
        }
        None => Outcome::Success(&cx.notes.response_elements),
    }
}

/// What the record says of a refusal: what the reply says, but for what records do not show.
fn message<'a>(cx: &Cx, refusal: &'a OpError) -> Option<&'a str> {
    let is_web_identity = matches!(cx.caller().principal, Principal::WebIdentity(_));
    if is_web_identity && refusal.code == ErrorCode::AccessDenied {
        // WIRE: "The audit record's words".
        return Some("An unknown error occurred");
    }
    refusal.recorded()
}

pub(crate) fn client(call: &Call) -> Client<'_> {
    let client = &call.client;
    let tls = client.tls.map(|tls| TlsDetails {
        version: tls.version,
        cipher_suite: tls.cipher_suite,
        host_header: Some(&client.host),
        key_exchange: tls.key_exchange,
    });
    Client { source_ip: client.source_ip, user_agent: client.user_agent.as_deref(), tls }
}

/// The record of what the service does to a key of its own accord.
pub(crate) fn service_row(
    engine: &Engine,
    (event_name, time): (&'static str, Timestamp),
    key: &KeyArn,
    details: &Fragment,
) -> AuditRow {
    let event_id = new_uuid(engine.rng());
    let mut line = Vec::with_capacity(LINE_BYTES);
    ServiceEvent {
        event_id,
        account: key.account,
        time,
        event_name,
        region: &key.region,
        details,
        additional_event_data: Fragment::EMPTY,
        resource: &Resource::Key(key.clone()),
        call: None,
    }
    .write(&mut line);
    AuditRow { event_id, line }
}

/// The record of what a replica has got from its primary key, in the replica's Region.
pub(crate) fn synchronization_row(
    engine: &Engine,
    time: Timestamp,
    replica: &KeyArn,
    primary: Region,
) -> AuditRow {
    let event_id = new_uuid(engine.rng());
    let mut response_elements = Fragment::default();
    response_elements.add().display("keyId", replica);
    let call =
        InternalCall { request_id: new_uuid(engine.rng()), response_elements: &response_elements };
    let mut line = Vec::with_capacity(LINE_BYTES);
    ServiceEvent {
        event_id,
        account: replica.account,
        time,
        event_name: "SynchronizeMultiRegionKey",
        region: &replica.region,
        details: Fragment::EMPTY,
        additional_event_data: Fragment::EMPTY,
        resource: &Resource::Key(KeyArn { region: primary, ..replica.clone() }),
        call: Some(call),
    }
    .write(&mut line);
    AuditRow { event_id, line }
}

/// The record of an operator's command, done or failed.
pub(crate) fn operator_line(
    engine: &Engine,
    event_id: Uuid,
    command: &OperatorCommand<'_>,
    failure: Option<&str>,
) -> Vec<u8> {
    let mut line = Vec::with_capacity(LINE_BYTES);
    OperatorEvent {
        event_id,
        account: command.account,
        time: engine.clock().now(),
        event_name: command.name,
        region: command.region,
        operator: command.operator,
        request_parameters: &command.request_parameters,
        failure,
    }
    .write(&mut line);
    line
}
