//! What happens to every call: decode, run, commit or record, encode. No record, no reply.

use std::net::IpAddr;
use std::sync::Arc;

use keyward_audit::{JournalError, Recorded};
use keyward_model::{Caller, Region, RequestId};
use keyward_shape::Violation;
use keyward_store::{Change, CommitError, EntityKind, LastUseRecord, Precondition, StoreError};
use tracing::{error, info};
use zeroize::Zeroizing;

use crate::begun::{Begun, caught};
use crate::codec::{Codec, Json};
use crate::record::{CallRecords, record_sent, records};
use crate::{Authentication, Cx, Engine, Entry, ErrorCode, OpError, Operation, Reply, op_error};

/// How often an operation decides when others keep changing what it decides on. From the second
/// time on it has its turn to itself, and newcomers stand behind it: only those that were under way
/// already can be in its way, and timed work.
const ATTEMPTS_MAX: u32 = 8;

/// One authenticated request.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who calls.
    pub caller: Arc<Caller>,
    /// The request's id, which the reply and the audit record carry.
    pub request_id: RequestId,
    /// The Region of the request.
    pub region: Region,
    /// What is known of the client.
    pub client: Client,
}

/// The client, as the audit record describes it.
#[derive(Clone, Debug)]
pub struct Client {
    /// `sourceIPAddress`.
    pub source_ip: IpAddr,
    /// `userAgent`.
    pub user_agent: Option<String>,
    /// `tlsDetails.clientProvidedHostHeader`.
    pub host: String,
    /// The rest of `tlsDetails`, for a request that came over TLS.
    pub tls: Option<Tls>,
}

/// A TLS connection, in the words of `tlsDetails`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tls {
    /// `tlsVersion`.
    pub version: &'static str,
    /// `cipherSuite`.
    pub cipher_suite: &'static str,
    /// `keyExchange`. A resumed TLS 1.2 session has none.
    pub key_exchange: Option<&'static str>,
}

impl Engine {
    /// Runs one authenticated request. What comes back has its audit record. While the journal takes
    /// none, the request is refused before any work is done for it.
    ///
    /// Once begun it is finished, and recorded, even if this future is dropped: `body` goes with it,
    /// and whatever `body` holds on to.
    pub async fn dispatch(
        self: &Arc<Self>,
        entry: &'static Entry,
        call: Call,
        body: impl AsRef<[u8]> + Send + Sync + 'static,
    ) -> Result<Reply, OpError> {
        self.journal().check().map_err(OpError::unrecorded)?;
        if entry.authentication == Authentication::Signature {
            let service = entry.api.event_source.split('.').next().unwrap_or_default();
            self.principal_uses.note(&call.caller, service, &call.region, self.clock().now());
        }
        let cx = Cx::new(Arc::clone(self), call, entry);
        Begun::new(run_to_the_end(cx, body)).await
    }

    /// Records a request whose caller is known and for which nothing is done because too many
    /// others are under way. What comes back is what to tell.
    pub async fn refuse_busy(self: &Arc<Self>, entry: &'static Entry, call: Call) -> OpError {
        let mut cx = Cx::new(Arc::clone(self), call, entry);
        let refused = Begun::new(async move { close_refused(&mut cx, OpError::busy()).await });
        refused.await.err().unwrap_or_else(OpError::busy)
    }
}

async fn run_to_the_end(mut cx: Cx, body: impl AsRef<[u8]>) -> Result<Reply, OpError> {
    let entry = cx.entry();
    let result = if let Ok(ended) = caught((entry.call)(&mut cx, body.as_ref())).await {
        ended
    } else {
        cx.keep_what_is_whole();
        close_refused(&mut cx, OpError::internal("the call panicked")).await
    };
    if let Err(refusal) = &result {
        report(entry, &cx, refusal);
        if let Some(observer) = cx.engine().observer() {
            observer.refused(entry.name, refusal.code);
        }
    }
    result
}

/// Records a refusal that no operation has spoken. What was staged is not done.
async fn close_refused(cx: &mut Cx, refusal: OpError) -> Result<Reply, OpError> {
    cx.change = Change::default();
    match close(cx, Err(refusal)).await {
        Closed::Reply(reply) => reply,
        Closed::Conflict(_) => Err(OpError::internal("a refusal met a conflict")),
    }
}

/// Internal detail is logged here, once, with the request's id; the client sees a fixed sentence.
fn report(entry: &Entry, cx: &Cx, refusal: &OpError) {
    let Some(source) = refusal.source() else { return };
    if refusal.code == ErrorCode::KmsInternal {
        error!(request.id = %cx.request_id(), operation = entry.name, error = source, "request failed");
    } else {
        info!(request.id = %cx.request_id(), operation = entry.name, reason = source, "request refused");
    }
}

/// The part that knows the operation's types: decodes, runs and encodes. Everything else is in
/// [`close`], compiled once.
pub(crate) async fn call<O: Operation, C: Codec>(
    cx: &mut Cx,
    body: &[u8],
) -> Result<Reply, OpError> {
    let engine = Arc::clone(cx.engine());
    let mut turn = None;
    let mut attempt = 1;
    // A request counts once, however often its operation decides.
    let mut throttled = cx.charge(O::NAME).err();
    loop {
        let result = match throttled.take() {
            Some(refusal) => {
                note_request::<O, C>(cx, body);
                Err(refusal)
            }
            None => run::<O, C>(cx, body).await,
        };
        if turn.is_none() {
            turn = engine.turns.stand_behind(&cx.change.preconditions).await;
        }
        match close(cx, result).await {
            Closed::Reply(reply) => return reply,
            Closed::Conflict(lost) if attempt < ATTEMPTS_MAX => {
                if turn.is_none() {
                    turn = Some(engine.turns.take(&lost).await);
                }
                // The turn may have been long in coming.
                engine.forget_precondition(&lost);
                attempt += 1;
                cx.start_over();
            }
            Closed::Conflict(_) => {
                let busy = OpError::internal("others kept changing what the request rests on");
                return close_refused(cx, busy).await;
            }
        }
    }
}

async fn run<O: Operation, C: Codec>(cx: &mut Cx, body: &[u8]) -> Result<Reply, OpError> {
    let json = C::json::<O>(body)?;
    let input = decode::<O>(cx, &json)?;
    let output = O::run(cx, input).await?;
    if O::KIND == crate::Kind::Write || O::SHOWS_REPLY {
        output.record(&mut cx.notes.response_elements.add());
    }
    let mut reply = Zeroizing::new(Vec::new());
    if O::MODEL.output.is_some() {
        reply.reserve_exact(O::reply_bytes_max(&output));
        C::write::<O>(&output, &mut reply)?;
    }
    Ok(reply)
}

/// Notes what a request asks for that is refused before it is read.
fn note_request<O: Operation, C: Codec>(cx: &mut Cx, body: &[u8]) {
    if let Ok(json) = C::json::<O>(body) {
        let _unsound = decode::<O>(cx, &json);
    }
}

/// Decodes a request into the operation's shape and notes what the record may show of it, or words
/// what is wrong with it.
fn decode<'j, O: Operation>(cx: &mut Cx, json: &'j Json<'_>) -> Result<O::Input<'j>, OpError> {
    match keyward_shape::decode::<O::Input<'j>>(O::MODEL.input, json.bytes()) {
        Ok(input) => {
            input.record(&mut cx.notes.request_parameters.add());
            Ok(input)
        }
        Err(violation) => Err(unsound(cx, json.bytes(), violation)),
    }
}

/// The refusal of a request that is not sound. Its record shows what is sound, and says what is not
/// without the values of members that no record shows.
fn unsound(cx: &mut Cx, json: &[u8], violation: Violation) -> OpError {
    match violation {
        Violation::Constraints(clauses) => {
            let entry = cx.entry();
            let members = &mut cx.notes.request_parameters.add();
            record_sent(entry, json, |member| clauses.spare(member), members);
            OpError::new(ErrorCode::Validation, clauses.message())
                .recorded_as(clauses.message_hiding(entry.api.hidden))
        }
        Violation::Serialization(Some(message)) => OpError::new(ErrorCode::Serialization, message),
        Violation::Serialization(None) => OpError::silent(ErrorCode::Serialization),
    }
}

/// How an attempt ended.
enum Closed {
    /// With a reply or a refusal, either of them recorded.
    Reply(Result<Reply, OpError>),
    /// Nothing happened: what the operation decided on has changed.
    Conflict(Precondition),
}

/// Commits what was staged together with its record, or records without a change.
async fn close(cx: &mut Cx, result: Result<Reply, OpError>) -> Closed {
    if !cx.caller_is_known {
        return Closed::Reply(refused_to_a_stranger(result));
    }
    if result.is_ok()
        && !cx.change.writes.is_empty()
        && let Err(error) = cx.engine().journal().check()
    {
        return Closed::Reply(Err(OpError::unrecorded(error)));
    }
    let result = match result {
        Ok(reply) if !cx.change.writes.is_empty() => match commit(cx).await {
            Ok(records) => {
                note_uses(cx, &records);
                return Closed::Reply(Ok(reply));
            }
            Err(CommitError::Conflict(lost)) => return Closed::Conflict(lost),
            Err(CommitError::AtLimit(limit, current)) => Err(limit_exceeded(&limit, current)),
            Err(CommitError::Store(error)) => Err(OpError::internal(error)),
        },
        result => result,
    };
    let records = records(cx, result.as_ref().err());
    match append(cx, &records).await {
        Ok(()) => {
            if result.is_ok() {
                note_uses(cx, &records);
            }
            Closed::Reply(result)
        }
        Err(error) => Closed::Reply(Err(OpError::unrecorded(error))),
    }
}

async fn append(cx: &Cx, records: &CallRecords) -> Result<(), JournalError> {
    let journal = cx.engine().journal();
    if records.of_owners.is_empty() {
        return journal.append(&records.own.line).await;
    }
    let of_owners = records.of_owners.iter().map(|(_, row)| &*row.line);
    let lines: Vec<&[u8]> = std::iter::once(&*records.own.line).chain(of_owners).collect();
    journal.append_together(&lines).await
}

/// What a call that succeeded has done with keys.
fn note_uses(cx: &mut Cx, records: &CallRecords) {
    let used = std::mem::take(&mut cx.used);
    if let Some(observer) = cx.engine().observer() {
        observer.succeeded(cx.entry().name, &used);
    }
    for key in used {
        let key = &key.record.key;
        cx.engine().last_uses.note(key, || LastUseRecord {
            key: key.clone(),
            operation: cx.entry().name.to_owned(),
            used_at: records.time,
            event_id: records.event_id(&key.scope.account),
            request_id: cx.request_id(),
        });
    }
}

/// There is no account to record it in. Nothing is done for somebody unknown.
fn refused_to_a_stranger(result: Result<Reply, OpError>) -> Result<Reply, OpError> {
    result.and_then(|_| Err(OpError::internal("nobody was identified")))
}

async fn commit(cx: &mut Cx) -> Result<CallRecords, CommitError> {
    let engine = Arc::clone(cx.engine());
    let records = records(cx, None);
    let mut change = std::mem::take(&mut cx.change);
    change.audit.extend(records.of_owners.iter().map(|(_, row)| row.clone()));
    let record = records.own.clone();
    // A client that goes away drops this future. What was begun is finished all the same, or a
    // cached key could outlive its change.
    let task = tokio::spawn(async move { engine.commit_recorded(change, record).await });
    let committed = task.await.map_err(|error| StoreError::Backend(Box::new(error)))?;
    committed.map(|()| records)
}

impl Engine {
    /// Commits a change and drops what it made stale, before anyone is told.
    pub(crate) async fn commit(&self, change: Change) -> Result<(), CommitError> {
        let stale = crate::cache::stale(&change);
        let is_settling = crate::schedule::leaves_unsettled(&change);
        let result = self.store().commit(change).await;
        self.forget(&stale);
        if is_settling && result.is_ok() {
            self.settling.notify_one();
        }
        result.map(drop)
    }
}

/// The words for a quota that is used up.
pub(crate) fn limit_exceeded(limit: &Precondition, current: u32) -> OpError {
    match limit {
        Precondition::AliasesBelow(_, quota) => op_error!(
            LimitExceeded,
            "Aliases per key quota for this account in this region is {quota}, current usage is {current}."
        ),
        Precondition::GrantsBelow(_, quota) => op_error!(
            LimitExceeded,
            "Grants per key quota for this account in this region is {quota}, current usage is {current}."
        ),
        Precondition::KeysBelow(_, quota) => op_error!(
            LimitExceeded,
            "Key quota for this account in this region is {quota} but the current usage is {current}."
        ),
        Precondition::TagsAtMost(_, quota) => {
            op_error!(LimitExceeded, "A key can have at most {quota} tags.")
        }
        // Of an owner that is deleted, and has got a key meanwhile.
        Precondition::CredentialsBelow(_, _, 1) => {
            op_error!(DeleteConflict, "Cannot delete entity, must delete access keys first.")
        }
        Precondition::CredentialsBelow(_, _, quota) => {
            op_error!(LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: {quota}")
        }
        Precondition::EntitiesBelow(_, kind, quota) => {
            let name = entity_quota(*kind);
            op_error!(LimitExceeded, "Cannot exceed quota for {name}: {quota}")
        }
        Precondition::AliasAbsent(_)
        | Precondition::AliasAt(..)
        | Precondition::CredentialPresent(_)
        | Precondition::EntityAbsent(_)
        | Precondition::EntityAt(..)
        | Precondition::GrantAbsent(..)
        | Precondition::GrantPresent(..)
        | Precondition::KeyAbsent(_)
        | Precondition::KeyAt(..)
        | Precondition::NotReferenced(_) => {
            OpError::new(ErrorCode::LimitExceeded, "A quota is used up.")
        }
    }
}

/// What IAM calls the quota of entities of a kind in an account.
const fn entity_quota(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Group => "GroupsPerAccount",
        EntityKind::MfaDevice => "MFADevicesPerAccount",
        EntityKind::OidcProvider => "OpenIDConnectProvidersPerAccount",
        EntityKind::Policy => "PoliciesPerAccount",
        EntityKind::Role => "RolesPerAccount",
        EntityKind::User => "UsersPerAccount",
    }
}
