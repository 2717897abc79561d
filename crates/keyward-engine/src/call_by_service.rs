//! The records of what the service calls because of a call: in another Region, or for itself.

use keyward_audit::{ApiCall, Delivery, Fragment, INTERNAL, KMS_EVENT_SOURCE, Outcome, Resource};
use keyward_model::{AliasArn, Caller, KeyArn, Principal, ServicePrincipal, Timestamp, new_uuid};
use keyward_store::AuditRow;

use crate::Cx;
use crate::record::{LINE_BYTES, client};

/// A call that the service makes because of another. Its record stands beside that of the other.
#[derive(Debug)]
pub struct CallByService<'a> {
    /// `eventName`.
    pub event_name: &'static str,
    /// Who is said to have made it.
    pub maker: Maker<'a>,
    /// `requestParameters`.
    pub request_parameters: &'a Fragment,
    /// `responseElements`.
    pub response_elements: &'a Fragment,
    /// The alias it is about, if it is about one.
    pub alias: Option<&'a AliasArn>,
    /// The key it is about, in the Region where it is made.
    pub key: &'a KeyArn,
}

/// Who is said to have made a call that the service made.
#[derive(Clone, Copy, Debug)]
pub enum Maker<'a> {
    /// The caller of the other call, through the service of this name.
    Caller(&'a str),
    /// The service alone.
    Service,
}

/// The record of what the service calls because of a call.
pub(crate) fn call_by_service_row(cx: &Cx, time: Timestamp, made: &CallByService<'_>) -> AuditRow {
    let (call, engine) = (cx.call(), cx.engine());
    let service;
    let (caller, invoked_by) = match made.maker {
        Maker::Caller(name) => (&*call.caller, name),
        Maker::Service => {
            service = the_service(&call.caller);
            (&service, INTERNAL)
        }
    };
    let alias = made.alias.map(|alias| Resource::Alias(alias.clone()));
    let key = Resource::Key(made.key.clone());
    let resources: Vec<_> = alias.into_iter().chain([key]).collect();
    let record = ApiCall {
        caller,
        client: client(call),
        invoked_by: Some(invoked_by),
        request_id: new_uuid(engine.rng()),
        time,
        event_source: KMS_EVENT_SOURCE,
        event_name: made.event_name,
        region: &made.key.region,
        is_read_only: false,
        request_parameters: made.request_parameters,
        outcome: Outcome::Success(made.response_elements),
        additional_event_data: Fragment::EMPTY,
        resources: Some(&resources),
    };
    let event_id = new_uuid(engine.rng());
    let delivery = Delivery { event_id, recipient: call.caller.account, shared_event_id: None };
    let mut line = Vec::with_capacity(LINE_BYTES);
    record.write(&delivery, &mut line);
    AuditRow { event_id, line }
}

/// The service as a caller, in the account of the one it works for.
fn the_service(caller: &Caller) -> Caller {
    let service =
        ServicePrincipal { name: INTERNAL.to_owned(), source_arn: None, source_account: None };
    Caller {
        principal: Principal::Service(service),
        session: None,
        invoked_by: None,
        ..caller.clone()
    }
}
