//! A backend that does what the name of the operation says, and remembers who called.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyward_crypto::Secret;
use keyward_engine::{
    Api, Call, Credential, CredentialLookup, Cx, Entry, ErrorCode, Kind, OpError, Protocol, Reply,
    entry, query_entry, unsigned_query_entry,
};
use keyward_model::{AccessKeyId, Caller, Clock, Partition, Region, Rng, Timestamp};
use keyward_server::{Backend, Naming, QueryApi, Service, SigningRegion};
use keyward_shape::{Operation, Structure};
use tokio::sync::Notify;
use zeroize::Zeroizing;

pub(crate) const ACCESS_KEY_ID: &str = "AKIDEXAMPLE23456";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2026-10-18T12:00:00Z.
pub(crate) const NOW: i64 = 1_792_324_800;
pub(crate) const BODY_BYTES_MAX: usize = 64 << 10;

static MODEL: Operation = Operation {
    name: "Test",
    input: &Structure { name: "TestRequest", members: &[] },
    output: None,
    errors: &[],
};

static OPERATIONS: &[Entry] = &[
    short_entry::<Deny>(),
    short_entry::<Echo>(),
    short_entry::<Panic>(),
    short_entry::<Silence>(),
    short_entry::<Wait>(),
];

const fn short_entry<O: keyward_engine::Operation>() -> Entry {
    Entry { body_bytes_max: BODY_BYTES_MAX, ..entry::<O>() }
}

/// Operations that are names and nothing else: what they do is in [`TestBackend::dispatch`].
macro_rules! operations {
    ($($name:ident)+) => {$(
        struct $name;

        impl keyward_engine::Operation for $name {
            const NAME: &'static str = stringify!($name);
            const KIND: Kind = Kind::Read;
            const MODEL: &'static Operation = &MODEL;
            type Input<'a> = ();
            type Output = ();

            async fn run(_cx: &mut Cx, (): ()) -> Result<(), OpError> {
                Err(OpError::internal("not called in these tests"))
            }
        }
    )+};
}

operations!(Deny Echo Panic Silence Wait);

pub(crate) const SERVICES: &[Service] = &[Service {
    signing_name: "kms",
    naming: Naming::Target { prefix: "TrentService.", signing_region: SigningRegion::Served },
    operations: OPERATIONS,
}];

static IAM: Api =
    Api { event_source: "iam.test", protocol: Protocol::AwsQuery, hidden: &[], renamed: &[] };
static STS: Api =
    Api { event_source: "sts.test", protocol: Protocol::AwsQuery, hidden: &[], renamed: &[] };

static IAM_OPERATIONS: &[Entry] = &[query_entry::<Echo>(&IAM)];

static STS_OPERATIONS: &[Entry] = &[
    query_entry::<Deny>(&STS),
    query_entry::<Echo>(&STS),
    query_entry::<Panic>(&STS),
    query_entry::<Silence>(&STS),
    unsigned_query_entry::<Wait>(&STS),
];

/// Services that speak Query, one of them global. `Wait` of STS takes
/// no signature.
pub(crate) const QUERY_SERVICES: &[Service] = &[
    Service {
        signing_name: "iam",
        naming: Naming::Action(QueryApi {
            version: "2010-05-08",
            namespace: "https://iam.test/",
            signing_region: SigningRegion::Global,
        }),
        operations: IAM_OPERATIONS,
    },
    Service {
        signing_name: "sts",
        naming: Naming::Action(QueryApi {
            version: "2011-06-15",
            namespace: "https://sts.test/",
            signing_region: SigningRegion::ServedOrGlobal,
        }),
        operations: STS_OPERATIONS,
    },
];

pub(crate) struct TestBackend {
    clock: TestClock,
    rng: TestRng,
    region: Region,
    partition: Partition,
    credentials: Mutex<HashMap<String, Arc<Credential>>>,
    calls: Mutex<Vec<Call>>,
    turned_away: Mutex<Vec<Call>>,
    /// `Wait` has begun.
    pub(crate) begun: Notify,
    /// `Wait` may end.
    pub(crate) release: Notify,
}

impl TestBackend {
    pub(crate) fn new() -> Arc<Self> {
        Self::of(Partition::Aws)
    }

    /// One that serves us-east-1, whatever the partition.
    pub(crate) fn of(partition: Partition) -> Arc<Self> {
        let backend = Self {
            clock: TestClock(AtomicI64::new(NOW)),
            rng: TestRng(AtomicU8::new(0)),
            region: "us-east-1".parse().unwrap(),
            partition,
            credentials: Mutex::default(),
            calls: Mutex::default(),
            turned_away: Mutex::default(),
            begun: Notify::new(),
            release: Notify::new(),
        };
        backend.put_secret(SECRET);
        Arc::new(backend)
    }

    /// Gives the access key a secret, replacing the one it had.
    pub(crate) fn put_secret(&self, secret: &str) {
        let access_key_id: AccessKeyId = ACCESS_KEY_ID.parse().unwrap();
        let account = "111122223333".parse().unwrap();
        let caller = Arc::new(Caller::root(Partition::Aws, account, access_key_id));
        let secret = Secret::new(secret.as_bytes().to_vec()).into();
        let credential = Arc::new(Credential::new(caller, secret));
        self.credentials.lock().unwrap().insert(ACCESS_KEY_ID.to_owned(), credential);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The calls for which nothing was done because too many others were under way.
    pub(crate) fn turned_away(&self) -> Vec<Call> {
        self.turned_away.lock().unwrap().clone()
    }
}

impl Backend for TestBackend {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    fn rng(&self) -> &dyn Rng {
        &self.rng
    }

    fn region(&self, name: &str) -> Option<&Region> {
        (name == self.region.as_str()).then_some(&self.region)
    }

    fn partition(&self) -> Partition {
        self.partition
    }

    async fn credential(
        &self,
        id: &AccessKeyId,
        _session_token: Option<&str>,
    ) -> Result<CredentialLookup, OpError> {
        if id.as_str().starts_with("AKIABUSY") {
            return Ok(CredentialLookup::Busy);
        }
        let found = self.credentials.lock().unwrap().get(id.as_str()).cloned();
        Ok(found.map_or(CredentialLookup::Absent, CredentialLookup::Found))
    }

    async fn dispatch(
        self: &Arc<Self>,
        entry: &'static Entry,
        call: Call,
        body: impl AsRef<[u8]> + Send + Sync + 'static,
    ) -> Result<Reply, OpError> {
        let body = body.as_ref();
        self.calls.lock().unwrap().push(call);
        match entry.name {
            "Deny" => Err(OpError::new(ErrorCode::AccessDenied, "You may not.")),
            "Echo" => Ok(Zeroizing::new(body.to_vec())),
            "Panic" => panic!("as asked"),
            "Wait" => {
                self.begun.notify_one();
                self.release.notified().await;
                Ok(Zeroizing::new(body.to_vec()))
            }
            _ => Ok(Zeroizing::new(Vec::new())),
        }
    }

    async fn refuse_busy(self: &Arc<Self>, _entry: &'static Entry, call: Call) -> OpError {
        self.turned_away.lock().unwrap().push(call);
        OpError::new(ErrorCode::ServiceUnavailable, "The service is busy. Retry the request.")
    }
}

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::Relaxed) * 1000)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

struct TestRng(AtomicU8);

impl Rng for TestRng {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}
