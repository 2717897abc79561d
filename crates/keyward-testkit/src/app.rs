//! The whole service in one process.

use std::path::PathBuf;
use std::sync::Arc;

use keyward_audit::{Journal, JournalOptions, JournalReader};
use keyward_crypto::{DomainKeys, RootKeyFile, Seal};
use keyward_engine::{
    Engine, Generator, KeyRing, LocalGenerator, NewDeployment, Parts, Quotas, create_deployment,
};
use keyward_model::{AccountId, Caller, Clock, Partition, Principal, Region};
use keyward_store::{DomainKeyRecord, Store};
use keyward_store_sqlite::{Database, SqliteStore};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Client, MockClock, SeededRng};

/// The first account.
pub const ACCOUNT: &str = "111122223333";
/// An account that [`TestApp::other_account`] adds.
pub const OTHER_ACCOUNT: &str = "444455556666";

/// What a test may choose.
pub struct TestOptions {
    /// Resource quotas.
    pub quotas: Quotas,
    /// Where key material comes from.
    pub generator: Arc<dyn Generator>,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self { quotas: Quotas::default(), generator: Arc::new(LocalGenerator) }
    }
}

/// The service on a fresh database, with two Regions: `us-east-1` and `eu-central-1`.
pub struct TestApp {
    engine: Arc<Engine>,
    clock: Arc<MockClock>,
    seal: Seal,
    root: Caller,
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
        let (ring, store) = fresh_store(&directory, &seal, &*clock);
        let new = NewDeployment {
            partition: Partition::Aws,
            regions: ["us-east-1", "eu-central-1"].map(|name| name.parse().unwrap()).into(),
            account: Some(ACCOUNT.parse().unwrap()),
        };
        let credential = create_deployment(&store, &ring, new, (&*rng, clock.now())).await.unwrap();
        let deployment = store.deployment().find().await.unwrap().unwrap();
        let (journal, _) =
            Journal::open(&directory.path().join("journal"), JournalOptions::default()).unwrap();
        let engine = Engine::new(Parts {
            store: Arc::new(store),
            ring,
            journal,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            rng,
            generator: options.generator,
            deployment,
            quotas: options.quotas,
        })
        .unwrap();
        let root = root(credential.account, credential.access_key_id);
        Self { engine, clock, seal, root, directory }
    }

    /// The root user of the first account, in the first Region.
    pub fn root(&self) -> Client {
        self.root_in("us-east-1")
    }

    /// The root user of the first account.
    pub fn root_in(&self, region: &str) -> Client {
        Client::new(Arc::clone(&self.engine), self.root.clone(), region.parse::<Region>().unwrap())
    }

    /// Adds another account; its root user, in the first Region.
    pub async fn other_account(&self) -> Client {
        let account = OTHER_ACCOUNT.parse().unwrap();
        let added = self.engine.create_account(Some(account), "test").await.unwrap();
        let caller = root(added.account, added.access_key_id);
        Client::new(Arc::clone(&self.engine), caller, "us-east-1".parse().unwrap())
    }

    /// The engine, for what no client can do.
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The clock.
    pub fn clock(&self) -> &MockClock {
        &self.clock
    }

    /// The seal of the domain keys.
    pub const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Where the journal is.
    pub fn journal_directory(&self) -> PathBuf {
        self.directory.path().join("journal")
    }

    /// Every audit record, oldest first.
    pub fn audit(&self) -> Vec<Value> {
        let reader = JournalReader::open(&self.journal_directory()).unwrap();
        reader.map(|line| serde_json::from_slice(&line.unwrap()).unwrap()).collect()
    }

    /// The newest audit record.
    pub fn last_record(&self) -> Value {
        self.audit().pop().unwrap()
    }
}

fn fresh_store(directory: &TempDir, seal: &Seal, clock: &dyn Clock) -> (Arc<KeyRing>, SqliteStore) {
    let database = Database::open(&directory.path().join("keyward.db")).unwrap();
    let (keys, record) = DomainKeys::generate(seal).unwrap();
    let record = DomainKeyRecord {
        number: record.number(),
        wrapped: record.encode(),
        created_at: clock.now(),
    };
    database.add_domain_key(&record).unwrap();
    let ring = KeyRing::new(keys);
    let store = database.into_store(Arc::clone(&ring) as _).unwrap();
    (ring, store)
}

fn root(account: AccountId, access_key_id: keyward_model::AccessKeyId) -> Caller {
    Caller { partition: Partition::Aws, account, principal: Principal::Root, access_key_id }
}
