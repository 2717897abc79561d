//! What a running operation sees.

use std::sync::Arc;

use keyward_audit::{Fragment, JsonObject, Resource};
use keyward_model::{
    AccountId, AliasArn, AliasName, Caller, GrantId, KeyArn, KeyMaterialId, Region, RequestId,
    Timestamp,
};
use keyward_policy::Because;
use keyward_store::{Change, GrantRecord, Precondition, Scope, Write};

use crate::authorize::{Account, reach};
use crate::record::service_row;
use crate::{
    Action, Authentication, Authorized, Call, Engine, Entry, Key, OpError, Recipient, Target,
};

/// One call: who, where, when, and the change it stages. Nothing an operation does through it is
/// visible before the dispatcher commits.
pub struct Cx {
    engine: Arc<Engine>,
    call: Call,
    entry: &'static Entry,
    /// Whether it is known who calls. It always is of a signed request.
    pub(crate) caller_is_known: bool,
    now: Timestamp,
    /// Known once the first of the call's records is made.
    recording_time: Option<Timestamp>,
    pub(crate) change: Change,
    pub(crate) notes: Notes,
    /// The keys that have done something: each use counts if the call succeeds.
    pub(crate) used: Vec<Arc<Key>>,
    /// The grants whose tokens the request holds.
    pub(crate) presented_grants: Vec<GrantRecord>,
    /// The operation, while the request has not counted towards a request quota.
    pub(crate) uncharged: Option<&'static str>,
    pub(crate) is_charged_elsewhere: bool,
}

/// What the audit record says beyond the request and the reply.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) request_parameters: Fragment,
    pub(crate) response_elements: Fragment,
    /// `additionalEventData`, whatever comes of the call.
    pub(crate) additional_event_data: Fragment,
    /// `None` leaves the member out of the record.
    pub(crate) resources: Option<Vec<Resource>>,
    /// A key this very call makes: it is there only if the call succeeds.
    pub(crate) new_key: Option<KeyArn>,
    pub(crate) materials: Vec<(&'static str, KeyMaterialId)>,
    pub(crate) grant_id: Option<GrantId>,
    /// It is there only if the call succeeds.
    pub(crate) recipient: Option<Recipient>,
    /// Other accounts whose resources the call was allowed to use.
    pub(crate) owners: Vec<AccountId>,
    /// For operators: what the caller was allowed, and why.
    pub(crate) allowed: Vec<(&'static str, Because)>,
    /// For operators: why the call was refused.
    pub(crate) operator_note: Fragment,
}

impl Cx {
    pub(crate) fn new(engine: Arc<Engine>, call: Call, entry: &'static Entry) -> Self {
        let now = engine.clock().now();
        Self {
            engine,
            call,
            entry,
            caller_is_known: entry.authentication == Authentication::Signature,
            now,
            recording_time: None,
            change: Change::default(),
            notes: Notes::default(),
            used: Vec::new(),
            presented_grants: Vec::new(),
            uncharged: None,
            is_charged_elsewhere: false,
        }
    }

    /// Forgets what a first run staged and noted, before the operation decides again.
    pub(crate) fn start_over(&mut self) {
        self.change = Change::default();
        self.notes = Notes::default();
        self.used.clear();
        self.presented_grants.clear();
        self.now = self.engine.clock().now();
        self.recording_time = None;
    }

    /// Forgets what a panic may have cut short, so that the record is one all the same.
    pub(crate) fn keep_what_is_whole(&mut self) {
        let Notes { request_parameters, response_elements, operator_note, .. } = &mut self.notes;
        for fragment in [request_parameters, response_elements, operator_note] {
            fragment.keep_if_whole();
        }
    }

    /// Says who calls an operation that takes no signature; of any other the signature has said it.
    /// What comes before is in nobody's audit log.
    pub fn identify(&mut self, caller: Caller) {
        if self.entry.authentication == Authentication::NoneAndTheOperationIdentifiesItsCaller {
            self.call.caller = Arc::new(caller);
            self.caller_is_known = true;
        }
    }

    /// The operation.
    pub(crate) const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// The caller.
    pub fn caller(&self) -> &Caller {
        &self.call.caller
    }

    /// The Region of the request.
    pub const fn region(&self) -> &Region {
        &self.call.region
    }

    /// The request's id.
    pub const fn request_id(&self) -> RequestId {
        self.call.request_id
    }

    /// The time the operation started.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The time of all records of the call: the end of the operation.
    pub(crate) fn recording_time(&mut self) -> Timestamp {
        *self.recording_time.get_or_insert_with(|| self.engine.clock().now())
    }

    /// The caller's account and the Region of the request: where bare names live.
    pub fn scope(&self) -> Scope {
        Scope { account: self.call.caller.account, region: self.call.region.clone() }
    }

    /// What outlives the call.
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(crate) const fn call(&self) -> &Call {
        &self.call
    }

    /// The ARN of an alias of this account and Region.
    pub fn alias_arn(&self, name: AliasName) -> AliasArn {
        AliasArn {
            partition: self.engine.partition(),
            region: self.call.region.clone(),
            account: self.call.caller.account,
            name,
        }
    }

    /// Stages writes to the key the proof is about. They happen only if the key is still as the
    /// operation saw it.
    pub fn stage<A>(&mut self, key: &Authorized<A>, writes: impl IntoIterator<Item = Write>)
    where
        A: Action<Reach = reach::Change>,
    {
        self.require_unchanged(key);
        self.change.writes.extend(writes);
    }

    /// Makes the change depend on the key being as the operation saw it.
    pub fn require_unchanged<A>(&mut self, key: &Authorized<A>) {
        let precondition = Precondition::KeyAt(key.record.key.clone(), key.change);
        if !self.change.preconditions.contains(&precondition) {
            self.change.preconditions.push(precondition);
        }
    }

    /// Stages writes to what the account holds.
    pub fn stage_in_account<A>(
        &mut self,
        _account: &Authorized<A, Account>,
        writes: impl IntoIterator<Item = Write>,
    ) where
        A: Action<Reach = reach::Change>,
    {
        self.change.writes.extend(writes);
    }

    /// Makes the staged change depend on something else.
    pub fn require(&mut self, precondition: Precondition) {
        self.change.preconditions.push(precondition);
    }

    /// Stages the record of something the service does of its own accord because of this call, in
    /// the log of the key's account.
    pub fn stage_service_event(
        &mut self,
        event_name: &'static str,
        key: &KeyArn,
        details: &Fragment,
    ) {
        let row = service_row(&self.engine, (event_name, self.now), key, details);
        self.change.audit.push(row);
    }

    /// Notes that the key has done something: what GetKeyLastUsage tells.
    pub(crate) fn note_use<A>(&mut self, key: &Authorized<A>) {
        self.used.push(Arc::clone(key.target()));
    }

    /// Notes a key in the audit record.
    pub(crate) fn note_key(&mut self, arn: KeyArn) {
        self.notes.resources.get_or_insert_default().push(Resource::Key(arn));
    }

    /// Notes a key that the request may have named already.
    pub(crate) fn note_key_once(&mut self, arn: &KeyArn) {
        let resource = Resource::Key(arn.clone());
        let resources = self.notes.resources.get_or_insert_default();
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    }

    /// Names two keys in the audit record, in this order and even if they are one, in the place of
    /// what was named so far.
    pub fn note_keys<A, B>(&mut self, first: &Authorized<A>, second: &Authorized<B>) {
        let arn = |key: &Key| Resource::Key(self.engine.key_arn(&key.record.key));
        self.notes.resources = Some(vec![arn(first.target()), arn(second.target())]);
    }

    /// Notes an account whose resource the call was allowed to use: it gets a record too.
    pub(crate) fn note_owner(&mut self, account: AccountId) {
        if !self.notes.owners.contains(&account) {
            self.notes.owners.push(account);
        }
    }

    /// Notes in the audit record that the call is about no resource.
    pub fn note_no_resource(&mut self) {
        self.notes.resources.get_or_insert_default();
    }

    /// Forgets the resources noted so far: the audit record names only those that follow.
    pub fn start_notes(&mut self) {
        self.notes.resources = None;
    }

    /// Notes an alias in the audit record, before the keys it concerns.
    pub fn note_alias(&mut self, alias: AliasArn) {
        self.notes.resources.get_or_insert_default().insert(0, Resource::Alias(alias));
    }

    /// Notes a key this call makes.
    pub fn note_new_key(&mut self, arn: KeyArn) {
        self.notes.new_key = Some(arn);
    }

    /// Adds to what the audit record shows of the request: what it says by other means than its
    /// members.
    pub fn note_parameters(&mut self) -> JsonObject<'_> {
        self.notes.request_parameters.add()
    }

    /// Adds to what the audit record says beside the request and the reply, whatever comes of the call.
    pub fn note_additional(&mut self) -> JsonObject<'_> {
        self.notes.additional_event_data.add()
    }

    /// Notes the material that did the work, under the name the audit record gives it. Only
    /// symmetric keys show theirs.
    pub fn note_material(&mut self, name: &'static str, id: Option<KeyMaterialId>) {
        self.notes.materials.extend(id.map(|id| (name, id)));
    }

    /// Notes the grant a request is about that need not name it.
    pub const fn note_grant(&mut self, grant_id: GrantId) {
        self.notes.grant_id = Some(grant_id);
    }

    /// `kms:TrailingDaysWithoutKeyUsage` of the key, if it is there.
    pub async fn trailing_days(&self, target: &Target) -> Result<Option<i64>, OpError> {
        match target.found() {
            Some(found) => self.engine.trailing_days(&found.key.record).await.map(Some),
            None => Ok(None),
        }
    }

    /// Ends a dry run: everything was checked, nothing is done.
    pub fn end_dry_run(&self, dry_run: Option<bool>) -> Result<(), OpError> {
        if dry_run != Some(true) {
            return Ok(());
        }
        Err(OpError::new(
            crate::ErrorCode::DryRunOperation,
            "The request would have succeeded, but the DryRun option is set.",
        ))
    }
}
