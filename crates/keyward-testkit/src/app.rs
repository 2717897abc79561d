//! The whole service in one process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keyward_attestation::TrustRoots;
use keyward_audit::files::{Files, RealFiles};
use keyward_audit::{Journal, JournalOptions, JournalReader, without_operator_note};
use keyward_crypto::{DomainKeys, RootKeyFile, Seal, SigningSecret, WrappedDomainKey};
use keyward_engine::{
    AttestationRules, Engine, EventHistory, Generator, KeyRing, NewCredential, NewDeployment,
    Observer, Organization, Parts, Quotas, RequestQuotas, create_deployment,
};
use keyward_model::{AccountId, Caller, Clock, KeyState, Partition};
use keyward_oidc::{Issuers, Settings};
use keyward_outbound::{AddressRule, trust};
use keyward_store::{Change, DomainKeyRecord, KeyRecord, Scope, Store, Write};
use keyward_store_sqlite::{Database, SqliteStore};
use keyward_trail::format::KeyPrefix;
use keyward_trail::{Delivered, Delivery, DeliveryOptions, History, TrailLayout};
use serde_json::Value;
use tempfile::TempDir;

use crate::attestation::attester;
use crate::generator::{QuickGenerator, workers};
use crate::record::without_envelope;
use crate::{Client, MockClock, SeededRng};

/// The first account.
pub const ACCOUNT: &str = "111122223333";
/// An account that [`TestApp::other_account`] adds.
pub const OTHER_ACCOUNT: &str = "444455556666";

const REGION: &str = "us-east-1";
const OTHER_REGION: &str = "eu-central-1";
const HISTORY_DAYS: u32 = 90;

/// What a test may choose.
pub struct TestOptions {
    /// Resource quotas.
    pub quotas: Quotas,
    /// Request quotas.
    pub request_quotas: Option<RequestQuotas>,
    /// Where key material comes from.
    pub generator: Arc<dyn Generator>,
    /// How the audit journal writes.
    pub journal: JournalOptions,
    /// Whether SM2 keys are made.
    pub offers_sm2: bool,
    /// The Regions served.
    pub regions: Vec<&'static str>,
    /// Whether the deployment is for development.
    pub is_development: bool,
    /// Whom attestation documents lead back to.
    pub attestation_roots: TrustRoots,
    /// Key sets of identity providers, by issuer. Nobody is asked for others.
    pub key_sets: BTreeMap<String, String>,
    /// The organization of the accounts.
    pub organization: Option<Organization>,
    /// Who counts calls.
    pub observer: Option<Arc<dyn Observer>>,
    /// The file system that the journal is written to.
    pub journal_files: Arc<dyn Files>,
    /// Puts something before the database.
    pub wrap_store: Option<WrapStore>,
}

/// What is put before a database.
pub type WrapStore = Box<dyn FnOnce(Arc<dyn Store>) -> Arc<dyn Store>>;

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            quotas: Quotas::default(),
            request_quotas: None,
            generator: Arc::new(QuickGenerator),
            journal: JournalOptions::default(),
            offers_sm2: true,
            regions: vec![REGION, OTHER_REGION],
            is_development: false,
            attestation_roots: attester().roots(),
            key_sets: BTreeMap::new(),
            organization: None,
            observer: None,
            journal_files: Arc::new(RealFiles),
            wrap_store: None,
        }
    }
}

/// The service on a fresh database, with two Regions unless others are chosen: `us-east-1` and
/// `eu-central-1`.
pub struct TestApp {
    engine: Arc<Engine>,
    clock: Arc<MockClock>,
    rng: Arc<SeededRng>,
    key_ring: Arc<KeyRing>,
    seal: Seal,
    root: (Caller, Arc<SigningSecret>),
    /// The engine only knows of it.
    history: Arc<dyn EventHistory>,
    directory: TempDir,
}

impl TestApp {
    /// A service as it comes.
    pub async fn new() -> Self {
        Self::with(TestOptions::default()).await
    }

    /// A service with something chosen.
    pub async fn with(options: TestOptions) -> Self {
        let directory = TempDir::new().unwrap();
        let clock = Arc::new(MockClock::default());
        let rng = Arc::new(SeededRng::default());
        let seal = Seal::from_root_key_file(&RootKeyFile::generate().unwrap()).unwrap();
        let (key_ring, store) = fresh_store(directory.path(), &seal, &*clock);
        let new = NewDeployment {
            partition: Partition::Aws,
            regions: options.regions.iter().map(|name| name.parse().unwrap()).collect(),
            account: Some(ACCOUNT.parse().unwrap()),
            is_development: options.is_development,
        };
        let credential =
            create_deployment(&store, &key_ring, new, (&*rng, clock.now())).await.unwrap();
        let opened = (Arc::clone(&key_ring), store);
        let engine = start(directory.path(), opened, (&clock, &rng), options).await;
        let root = root(credential.root);
        let history = attach_history(&engine, directory.path());
        Self { engine, clock, rng, key_ring, seal, root, history, directory }
    }

    /// The same deployment after a restart: only what is in the database and the journal is left.
    /// Clients of before must be gone.
    pub async fn restarted(self) -> Self {
        let Self { engine, clock, rng, seal, root, history, directory, .. } = self;
        drop(history);
        assert_eq!(Arc::strong_count(&engine), 1, "somebody still uses the service");
        drop(engine);
        let opened = opened_store(directory.path(), &seal);
        let options = TestOptions::default();
        let key_ring = Arc::clone(&opened.0);
        let engine = start(directory.path(), opened, (&clock, &rng), options).await;
        let history = attach_history(&engine, directory.path());
        Self { engine, clock, rng, key_ring, seal, root, history, directory }
    }

    /// The root user of the first account, in the first Region.
    pub fn root(&self) -> Client {
        self.root_in(REGION)
    }

    /// The root user of the first account.
    pub fn root_in(&self, region: &str) -> Client {
        Client::new(Arc::clone(&self.engine), self.root.clone(), region.parse().unwrap())
    }

    /// Adds another account; its root user, in the first Region.
    pub async fn other_account(&self) -> Client {
        self.add_account(OTHER_ACCOUNT).await
    }

    /// Adds an account; its root user, in the first Region.
    pub async fn add_account(&self, account: &str) -> Client {
        let account = account.parse().unwrap();
        let added = self.engine.create_account(Some(account), "test").await.unwrap();
        Client::new(Arc::clone(&self.engine), root(added.root), REGION.parse().unwrap())
    }

    /// Writes a key's row anew, behind the back of the service: into what no operation makes yet.
    pub async fn alter_key(&self, key_id: &str, alter: impl FnOnce(&mut KeyRecord)) {
        let scope = Scope { account: self.root.0.account, region: REGION.parse().unwrap() };
        let key = scope.key(key_id.parse().unwrap());
        let mut record = self.engine.store().keys().find(&key).await.unwrap().unwrap().record;
        alter(&mut record);
        let writes = vec![Write::PutKey(Box::new(record))];
        self.engine.store().commit(Change { writes, ..Change::default() }).await.unwrap();
        self.engine.forget_key(&key);
    }

    /// Puts a key in a state, behind the back of the service.
    pub async fn put_in_state(&self, key_id: &str, state: KeyState) {
        let due = self.clock.now().plus_days(30);
        self.alter_key(key_id, |record| {
            record.state = state;
            record.deletion_date = (state == KeyState::PendingDeletion).then_some(due);
            record.pending_window_days = record.deletion_date.map(|_| 30);
        })
        .await;
    }

    /// Deletes the keys whose waiting period is over; how many there were.
    pub async fn delete_due_keys(&self) -> u32 {
        self.engine.delete_due_keys(self.clock.now()).await.unwrap()
    }

    /// Ends the states that end by themselves: nothing else does in a test.
    pub async fn settle(&self) {
        self.engine.settle(self.clock.now()).await;
    }

    /// Does everything that is due.
    pub async fn do_due_work(&self) {
        self.engine.do_due_work(self.clock.now()).await;
    }

    /// Delivery to log files below [`trail_layout`](Self::trail_layout), as a server does it: nothing
    /// else delivers in a test.
    pub fn delivery(&self) -> Delivery {
        let options = DeliveryOptions::new(self.trail_layout());
        Delivery::new(Arc::clone(&self.engine), options)
    }

    /// Delivers every record to log files.
    pub async fn deliver(&self) -> Delivered {
        self.delivery().deliver().await.unwrap()
    }

    /// Where log files and digests are.
    pub fn trail_layout(&self) -> TrailLayout {
        trail_layout(&self.engine, self.directory.path())
    }

    /// The engine, for what no client can do.
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The clock.
    pub fn clock(&self) -> &MockClock {
        &self.clock
    }

    /// The first account.
    pub const fn account(&self) -> AccountId {
        self.root.0.account
    }

    /// The domain keys.
    pub(crate) const fn key_ring(&self) -> &Arc<KeyRing> {
        &self.key_ring
    }

    /// The seal of the domain keys.
    pub const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Where the journal is.
    pub fn journal_directory(&self) -> PathBuf {
        journal_directory(self.directory.path())
    }

    /// Every audit record, oldest first, as accounts get it.
    pub fn audit(&self) -> Vec<Value> {
        let records = self.journal().into_iter();
        records.map(|line| serde_json::from_slice(&without_operator_note(&line)).unwrap()).collect()
    }

    /// Every line of the journal, oldest first.
    pub fn journal(&self) -> Vec<Vec<u8>> {
        let reader = JournalReader::open(&self.journal_directory()).unwrap();
        reader.map(Result::unwrap).collect()
    }

    /// The newest audit record.
    pub fn last_record(&self) -> Value {
        self.audit().pop().unwrap()
    }

    /// The newest audit record of a Region: some calls leave one in a second Region as well.
    pub fn last_record_in(&self, region: &str) -> Value {
        let mut records = self.audit();
        records.retain(|record| record["awsRegion"] == region);
        records.pop().unwrap()
    }

    /// The newest audit record without what every record has: what is left is the operation's.
    pub fn recorded(&self) -> Value {
        without_envelope(self.last_record())
    }
}

async fn start(
    directory: &Path,
    (key_ring, store): (Arc<KeyRing>, SqliteStore),
    (clock, rng): (&Arc<MockClock>, &Arc<SeededRng>),
    options: TestOptions,
) -> Arc<Engine> {
    let deployment = store.deployment().find().await.unwrap().unwrap();
    let clock_ahead_ms = store.deployment().clock_offset_ms().await.unwrap();
    let files = options.journal_files;
    let (journal, _) =
        Journal::open_on(files, &journal_directory(directory), options.journal).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let store = match options.wrap_store {
        Some(wrap) => wrap(store),
        None => store,
    };
    Engine::new(Parts {
        store,
        ring: key_ring,
        journal: Arc::new(journal),
        clock: clock.clone(),
        clock_ahead_ms,
        rng: rng.clone(),
        generator: options.generator,
        workers: workers(),
        deployment,
        quotas: options.quotas,
        request_quotas: options.request_quotas,
        offers_sm2: options.offers_sm2,
        issuers: issuers(directory, clock, &options.key_sets),
        attestation: Arc::new(AttestationRules {
            roots: options.attestation_roots,
            ..AttestationRules::default()
        }),
        organization: options.organization,
        observer: options.observer,
    })
    .unwrap()
}

fn attach_history(engine: &Arc<Engine>, directory: &Path) -> Arc<dyn EventHistory> {
    let layout = trail_layout(engine, directory);
    let history = History::new(Arc::clone(engine), layout, HISTORY_DAYS, Arc::default());
    let history: Arc<dyn EventHistory> = Arc::new(history);
    engine.attach_event_history(&history);
    history
}

fn trail_layout(engine: &Engine, directory: &Path) -> TrailLayout {
    TrailLayout {
        directory: directory.join("audit"),
        bucket: "keyward-audit".parse().unwrap(),
        prefix: KeyPrefix::default(),
        name: "keyward".parse().unwrap(),
        home_region: engine.default_region().clone(),
    }
}

fn issuers(
    directory: &Path,
    clock: &Arc<MockClock>,
    key_sets: &BTreeMap<String, String>,
) -> Arc<Issuers> {
    let put = |(number, (issuer, keys)): (usize, (&String, &String))| {
        let file = directory.join(format!("keys-{number}.json"));
        fs::write(&file, keys).unwrap();
        (issuer.clone(), file)
    };
    let settings = Settings {
        rule: AddressRule::default(),
        tls: trust(None).unwrap(),
        deadline: Duration::from_secs(1),
        jwks_files: key_sets.iter().enumerate().map(put).collect(),
    };
    Arc::new(Issuers::new(settings, clock.clone()))
}

fn journal_directory(directory: &Path) -> PathBuf {
    directory.join("journal")
}

fn database(directory: &Path) -> Database {
    Database::open(&directory.join("keyward.db")).unwrap()
}

fn fresh_store(directory: &Path, seal: &Seal, clock: &dyn Clock) -> (Arc<KeyRing>, SqliteStore) {
    let database = database(directory);
    let (keys, record) = DomainKeys::generate(seal).unwrap();
    let record = DomainKeyRecord {
        number: record.number(),
        wrapped: record.encode(),
        created_at: clock.now(),
    };
    database.add_domain_key(&record).unwrap();
    with_rows_checked(database, keys)
}

fn opened_store(directory: &Path, seal: &Seal) -> (Arc<KeyRing>, SqliteStore) {
    let database = database(directory);
    let records = database.domain_keys().unwrap();
    let parse = |record: &DomainKeyRecord| WrappedDomainKey::parse(&record.wrapped).unwrap();
    let records: Vec<_> = records.iter().map(parse).collect();
    let keys = DomainKeys::from_records(seal, &records).unwrap();
    with_rows_checked(database, keys)
}

fn with_rows_checked(database: Database, keys: DomainKeys) -> (Arc<KeyRing>, SqliteStore) {
    let ring = KeyRing::new(keys);
    let store = database.into_store(ring.clone()).unwrap();
    (ring, store)
}

fn root(credential: NewCredential) -> (Caller, Arc<SigningSecret>) {
    let NewCredential { account, access_key_id, secret } = credential;
    let caller = Caller::root(Partition::Aws, account, access_key_id);
    (caller, Arc::new(secret))
}
