//! What outlives a call.

use std::sync::{Arc, OnceLock, Weak};

use keyward_audit::Journal;
use keyward_crypto::SHA256_BYTES;
use keyward_model::{
    AccessKeyId, AccountId, Clock, Identity, KeyArn, KeyId, KeySpec, Partition, Region, Rng,
    UniqueId,
};
use keyward_oidc::Issuers;
use keyward_policy::{Policy, parse};
use keyward_store::{
    DeploymentRecord, KeyRecord, PolicyRecord, Precondition, ScopedAlias, ScopedKey, Store,
    StoreError, Versioned,
};
use quick_cache::sync::Cache;
use tokio::sync::{Notify, OnceCell, Semaphore};

use crate::authority::{Authority, Entity};
use crate::cache::{Loaded, Stale};
use crate::clock::ClockBelief;
use crate::deployment_clock::DeploymentClock;
use crate::grantee::{GranteeGrants, KeyGrantee};
use crate::last_use::LastUses;
use crate::mfa::MfaFailures;
use crate::outbox::Deliveries;
use crate::principal_use::PrincipalUses;
use crate::stamped::Stamped;
use crate::turns::Turns;
use crate::workers::Workers;
use crate::{
    AttestationRules, Credential, EventHistory, Generator, Key, KeyRing, Observer, OpError,
    Organization, RequestQuotas,
};

/// How many lookups for callers not yet known may run at once.
const UNKNOWN_CALLERS_MAX: usize = 32;
/// How many keys a node holds loaded.
const KEYS_MAX: usize = 100_000;
/// How many aliases a node holds loaded.
const ALIASES_MAX: usize = 100_000;
/// More than any key's quota of tags.
const TAGS_MAX: u32 = 1_000;
/// How many access keys a node holds loaded.
const CREDENTIALS_MAX: usize = 100_000;
/// How many sessions a node holds opened.
const SESSIONS_MAX: usize = 20_000;
/// How many users and roles a node knows the names of.
const NAMES_MAX: usize = 100_000;

/// How many users and roles a node holds loaded.
const IDENTITIES_MAX: usize = 20_000;
/// Of how many pairs of key and grantee a node holds the grants.
const GRANTEES_MAX: usize = 100_000;

/// Resource quotas.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// Customer managed keys in an account and Region.
    pub keys: u32,
    /// Aliases of one key.
    pub aliases_per_key: u32,
    /// Grants of one key.
    pub grants_per_key: u32,
    /// Tags of one key.
    pub tags_per_key: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { keys: 100_000, aliases_per_key: 50, grants_per_key: 50_000, tags_per_key: 50 }
    }
}

/// What an engine is made of.
pub struct Parts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The domain keys; the store authenticates its rows with the same ring.
    pub ring: Arc<KeyRing>,
    /// The audit journal.
    pub journal: Arc<Journal>,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// How far ahead of it a development deployment's clock was moved; 0 in every other.
    pub clock_ahead_ms: i64,
    /// The source of ids.
    pub rng: Arc<dyn Rng>,
    /// Where key material comes from.
    pub generator: Arc<dyn Generator>,
    /// Where slow computations run.
    pub workers: Arc<Workers>,
    /// The facts the deployment was born with.
    pub deployment: DeploymentRecord,
    /// Resource quotas.
    pub quotas: Quotas,
    /// Request quotas, where there are any.
    pub request_quotas: Option<RequestQuotas>,
    /// Whether keys of spec SM2 are made outside the partition of China as well.
    pub offers_sm2: bool,
    /// Which attestation documents are believed.
    pub attestation: Arc<AttestationRules>,
    /// Where the keys of identity providers come from.
    pub issuers: Arc<Issuers>,
    /// The organization the accounts belong to, if there is one.
    pub organization: Option<Organization>,
    /// Who counts calls, if anyone does.
    pub observer: Option<Arc<dyn Observer>>,
}

/// Everything calls share.
pub struct Engine {
    parts: Parts,
    pub(crate) clock: DeploymentClock,
    pub(crate) clock_belief: ClockBelief,
    default_region: Region,
    keys: Loaded<ScopedKey, Arc<Key>>,
    aliases: Loaded<ScopedAlias, KeyId>,
    pub(crate) credentials: Loaded<AccessKeyId, Arc<Credential>>,
    /// Opened session tokens by their hash.
    pub(crate) sessions: Cache<[u8; SHA256_BYTES], Arc<Credential>>,
    /// The names of users and roles; `None` for those that are gone.
    pub(crate) names: Stamped<UniqueId, Option<Arc<Identity>>>,
    pub(crate) grants: Stamped<KeyGrantee, Arc<GranteeGrants>>,
    pub(crate) identities: Stamped<UniqueId, Option<Arc<Entity>>>,
    pub(crate) authorities: Stamped<AccessKeyId, Arc<Authority>>,
    pub(crate) unknown_callers: Semaphore,
    pub(crate) deliveries: Deliveries,
    /// The trail holds the engine, so the engine only knows of it.
    event_history: OnceLock<Weak<dyn EventHistory>>,
    pub(crate) last_uses: LastUses,
    pub(crate) principal_uses: PrincipalUses,
    pub(crate) mfa_failures: MfaFailures,
    pub(crate) turns: Turns,
    /// Woken by every change that leaves a key in a state that ends by itself.
    pub(crate) settling: Notify,
    /// Set once every key that rotates says so in its row.
    pub(crate) has_rotations: OnceCell<()>,
}

impl Engine {
    /// Puts the parts together; `None` for a deployment that serves no Region.
    pub fn new(parts: Parts) -> Option<Arc<Self>> {
        let default_region = parts.deployment.regions.first()?.clone();
        let clock = DeploymentClock::new(Arc::clone(&parts.clock), parts.clock_ahead_ms);
        let settling = Notify::new();
        // Another process may have been killed before it settled every key.
        settling.notify_one();
        Some(Arc::new(Self {
            parts,
            clock,
            clock_belief: ClockBelief::default(),
            default_region,
            keys: Loaded::new(KEYS_MAX),
            aliases: Loaded::new(ALIASES_MAX),
            credentials: Loaded::new(CREDENTIALS_MAX),
            sessions: Cache::new(SESSIONS_MAX),
            names: Stamped::new(NAMES_MAX),
            grants: Stamped::new(GRANTEES_MAX),
            identities: Stamped::new(IDENTITIES_MAX),
            authorities: Stamped::new(CREDENTIALS_MAX),
            unknown_callers: Semaphore::new(UNKNOWN_CALLERS_MAX),
            deliveries: Deliveries::default(),
            event_history: OnceLock::new(),
            last_uses: LastUses::new(),
            principal_uses: PrincipalUses::default(),
            mfa_failures: MfaFailures::default(),
            turns: Turns::new(),
            settling,
            has_rotations: OnceCell::new(),
        }))
    }

    /// The database.
    pub fn store(&self) -> &dyn Store {
        &*self.parts.store
    }

    /// The audit journal.
    pub const fn journal(&self) -> &Arc<Journal> {
        &self.parts.journal
    }

    /// Says where events are looked up. The first one said stays.
    pub fn attach_event_history(&self, history: &Arc<dyn EventHistory>) {
        self.event_history.get_or_init(|| Arc::downgrade(history));
    }

    /// Where events are looked up, if there is such a place.
    pub fn event_history(&self) -> Option<Arc<dyn EventHistory>> {
        self.event_history.get()?.upgrade()
    }

    /// The clock the deployment lives by: states, timers and records follow it.
    pub fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    /// The machine's clock, which a development deployment's may be ahead of. What is agreed with
    /// others follows it: signatures, sessions, certificates, attestation documents. So does the
    /// care of the deployment itself.
    pub fn machine_clock(&self) -> &dyn Clock {
        self.clock.machine()
    }

    /// The source of ids.
    pub fn rng(&self) -> &dyn Rng {
        &*self.parts.rng
    }

    /// The resource quotas.
    pub const fn quotas(&self) -> &Quotas {
        &self.parts.quotas
    }

    pub(crate) const fn request_quotas(&self) -> Option<&RequestQuotas> {
        self.parts.request_quotas.as_ref()
    }

    /// The facts the deployment was born with.
    pub const fn deployment(&self) -> &DeploymentRecord {
        &self.parts.deployment
    }

    /// The keys of identity providers.
    pub fn issuers(&self) -> &Issuers {
        &self.parts.issuers
    }

    /// The partition.
    pub const fn partition(&self) -> Partition {
        self.parts.deployment.partition
    }

    /// Whether keys and key pairs of this spec are made here.
    pub fn offers(&self, spec: KeySpec) -> bool {
        let is_china = self.partition() == Partition::AwsCn;
        match spec {
            KeySpec::Sm2 => is_china || self.parts.offers_sm2,
            KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => !is_china,
            _ => true,
        }
    }

    /// The Region of this name, if it is served.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.parts.deployment.regions.iter().find(|region| region.as_str() == name)
    }

    /// The first Region: where commands that name none are recorded.
    pub fn default_region(&self) -> &Region {
        &self.default_region
    }

    /// The ARN of a key.
    pub fn key_arn(&self, key: &ScopedKey) -> KeyArn {
        KeyArn {
            partition: self.partition(),
            region: key.scope.region.clone(),
            account: key.scope.account,
            key_id: key.key_id,
        }
    }

    pub(crate) const fn organization(&self) -> Option<&Organization> {
        self.parts.organization.as_ref()
    }

    pub(crate) fn observer(&self) -> Option<&dyn Observer> {
        self.parts.observer.as_deref()
    }

    pub(crate) const fn attestation(&self) -> &Arc<AttestationRules> {
        &self.parts.attestation
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.parts.ring
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.parts.workers
    }

    pub(crate) fn generator(&self) -> &dyn Generator {
        &*self.parts.generator
    }

    /// The key, from memory or the database.
    pub(crate) async fn key(&self, key: &ScopedKey) -> Result<Option<Arc<Key>>, OpError> {
        self.keys.find(key, || self.load_key(key)).await
    }

    /// Row and material are read one after the other, and domain keys are replaced meanwhile. What
    /// does not fit together the first time was changed in between and is read once more.
    async fn load_key(&self, key: &ScopedKey) -> Result<Option<Arc<Key>>, OpError> {
        match self.try_load_key(key).await {
            Err(_) => self.try_load_key(key).await.map_err(OpError::internal),
            loaded => loaded.map_err(OpError::internal),
        }
    }

    async fn try_load_key(&self, key: &ScopedKey) -> Result<Option<Arc<Key>>, StoreError> {
        let Some(row) = self.store().keys().find(key).await? else { return Ok(None) };
        let versions = self.load_versions(&row.record).await?;
        let current = row.record.current_material;
        if current.is_some_and(|id| versions.iter().all(|version| version.id != id)) {
            return Err(StoreError::Forged { table: KeyRecord::TABLE });
        }
        let arn = self.key_arn(key).to_string();
        let (policy, tags) = (self.load_policy(key).await?, self.load_tags(key).await?);
        let Versioned { record, change } = row;
        Ok(Some(Arc::new(Key { record, change, arn, policy, tags, versions })))
    }

    /// The policy of a key. One that is not there, or cannot be read, is an error: a grant must not
    /// allow what the policy may have denied.
    async fn load_policy(&self, key: &ScopedKey) -> Result<Arc<Policy>, StoreError> {
        let unreadable = || StoreError::Forged { table: PolicyRecord::TABLE };
        let found = self.store().policies().find(key).await?.ok_or_else(unreadable)?;
        let PolicyRecord { document, bindings, .. } = found.record;
        let document = parse(&document).map_err(|_| unreadable())?;
        let bind = |arn: &str| bindings.get(arn).map(|id| id.as_str().into());
        Ok(Arc::new(Policy::compile(&document, &bind)))
    }

    async fn load_tags(&self, key: &ScopedKey) -> Result<Vec<(String, String)>, StoreError> {
        let tags = self.store().tags().list(key, None, TAGS_MAX).await?;
        Ok(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect())
    }

    /// The key an alias points to, from memory or the database.
    pub(crate) async fn alias(&self, alias: &ScopedAlias) -> Result<Option<KeyId>, OpError> {
        self.aliases
            .find(alias, || async {
                let row = self.store().aliases().find(alias).await.map_err(OpError::internal)?;
                Ok(row.map(|row| row.record.target))
            })
            .await
    }

    /// Drops what is held of a key that somebody else has changed in the database.
    pub fn forget_key(&self, key: &ScopedKey) {
        self.keys.forget(key);
    }

    /// Drops what is held of an account's users and roles: somebody else has changed them in the
    /// database.
    pub fn forget_entities(&self, account: &AccountId) {
        self.names.forget(account);
        self.identities.forget(account);
        self.authorities.forget(account);
    }

    /// Drops what a failed precondition shows to be stale.
    pub(crate) fn forget_precondition(&self, precondition: &Precondition) {
        match precondition {
            Precondition::AliasAbsent(alias) | Precondition::AliasAt(alias, _) => {
                self.aliases.forget(alias);
            }
            Precondition::AliasesBelow(key, _)
            | Precondition::KeyAbsent(key)
            | Precondition::KeyAt(key, _)
            | Precondition::TagsAtMost(key, _) => self.keys.forget(key),
            // Entities, grants and counts are read from the database each time.
            Precondition::CredentialPresent(_)
            | Precondition::CredentialsBelow(..)
            | Precondition::EntityAbsent(_)
            | Precondition::EntityAt(..)
            | Precondition::EntitiesBelow(..)
            | Precondition::GrantAbsent(..)
            | Precondition::GrantPresent(..)
            | Precondition::GrantsBelow(..)
            | Precondition::KeysBelow(..)
            | Precondition::NotReferenced(_) => {}
        }
    }

    /// Drops what a change made stale.
    pub(crate) fn forget(&self, stale: &Stale) {
        stale.keys.iter().for_each(|key| self.keys.forget(key));
        stale.aliases.iter().for_each(|alias| self.aliases.forget(alias));
        stale.credentials.iter().for_each(|id| self.credentials.forget(id));
        stale.entities_of.iter().for_each(|account| self.forget_entities(account));
        stale.grants.iter().for_each(|key| self.grants.forget(key));
    }
}
