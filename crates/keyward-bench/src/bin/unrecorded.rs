//! The service, put together as the program does it, on a disk that keeps no audit record: what a
//! record costs is the difference. The program has no way to do without one; this one has no way to
//! keep any.
//!
//! Serves the deployment in a data directory: `unrecorded ADDRESS`, the directory on standard input.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use keyward_audit::files::{AppendFile, FileDescription, Files, ReadFile};
use keyward_audit::{Journal, JournalOptions};
use keyward_crypto::{DomainKeys, RootKeyFile, Seal, Secret, WrappedDomainKey};
use keyward_engine::{AttestationRules, Engine, KeyRing, LocalGenerator, Parts, Quotas, Workers};
use keyward_model::{Clock, Rng, Timestamp};
use keyward_oidc::{Issuers, Settings};
use keyward_outbound::{AddressRule, trust};
use keyward_server::{Listener, Naming, Server, Service, SigningRegion};
use keyward_store::Store as _;
use keyward_store_sqlite::{Database, SqliteStore};

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("usage: unrecorded ADDRESS")?;
    let mut directory = String::new();
    io::stdin().read_to_string(&mut directory)?;
    let engine = engine(Path::new(directory.trim())).await?;
    let kms = Service {
        signing_name: "kms",
        naming: Naming::Target { prefix: "TrentService.", signing_region: SigningRegion::Served },
        operations: keyward_ops::OPERATIONS,
    };
    let server = Server::builder(engine, &[kms]).build();
    let listener = Listener::bind(address.parse::<SocketAddr>()?).await?;
    server.serve(vec![listener], std::future::pending()).await;
    Ok(())
}

async fn engine(directory: &Path) -> Result<Arc<Engine>> {
    let (ring, store) = open(directory)?;
    let deployment = store.deployment().find().await?.context("no deployment")?;
    let nowhere = directory.join("unrecorded");
    let (journal, _) = Journal::open_on(Arc::new(Nowhere), &nowhere, JournalOptions::default())?;
    let workers = Workers::start(available_parallelism().map_or(1, usize::from))?;
    let clock = Arc::new(RealClock { start: now() });
    let settings = Settings {
        rule: AddressRule::default(),
        tls: trust(None)?,
        deadline: Duration::from_secs(5),
        jwks_files: BTreeMap::default(),
    };
    let engine = Engine::new(Parts {
        store: Arc::new(store),
        ring,
        journal: Arc::new(journal),
        issuers: Arc::new(Issuers::new(settings, clock.clone())),
        clock,
        clock_ahead_ms: 0,
        rng: Arc::new(RealRng),
        generator: Arc::new(LocalGenerator::new(Arc::clone(&workers))),
        workers,
        deployment,
        quotas: Quotas::default(),
        request_quotas: None,
        offers_sm2: false,
        attestation: Arc::new(AttestationRules::default()),
        organization: None,
        observer: None,
    });
    engine.context("the deployment names no Region")
}

fn open(directory: &Path) -> Result<(Arc<KeyRing>, SqliteStore)> {
    let file = Secret::new(std::fs::read(directory.join("root.key"))?);
    let seal = Seal::from_root_key_file(&RootKeyFile::parse(&file)?)?;
    let database = Database::open(&directory.join("keyward.db"))?;
    let records = database.domain_keys()?;
    let wrapped = records.iter().map(|record| WrappedDomainKey::parse(&record.wrapped));
    let wrapped = wrapped.collect::<Result<Vec<_>, _>>()?;
    let ring = KeyRing::new(DomainKeys::from_records(&seal, &wrapped)?);
    let store = database.into_store(ring.clone())?;
    Ok((ring, store))
}

/// A disk that takes everything and keeps nothing.
struct Nowhere;

impl Files for Nowhere {
    fn create_new(&self, _: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(NowhereFile(0)))
    }

    fn open(&self, _: &Path) -> io::Result<(Box<dyn AppendFile>, u64)> {
        Ok((Box::new(NowhereFile(0)), 0))
    }

    fn open_to_read(&self, _: &Path) -> io::Result<Box<dyn ReadFile>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn read(&self, _: &Path, _: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn describe(&self, _: &Path) -> io::Result<FileDescription> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create_directories(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// How long the file would be.
struct NowhereFile(u64);

impl AppendFile for NowhereFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0 = length;
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0)
    }

    fn end(&mut self) -> io::Result<u64> {
        Ok(self.0)
    }

    fn duplicate(&self) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(Self(self.0)))
    }

    fn is_at(&self, _: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

/// The machine's clocks.
struct RealClock {
    start: Instant,
}

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "a benchmark serves in real time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or_default())
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark serves in real time")]
fn now() -> Instant {
    Instant::now()
}

/// The kernel's random numbers, a block at a time, as the program draws them.
struct RealRng;

thread_local! {
    static BLOCK: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Rng for RealRng {
    fn fill(&self, bytes: &mut [u8]) {
        BLOCK.with_borrow_mut(|block| {
            for byte in bytes {
                if block.is_empty() {
                    draw(block);
                }
                *byte = block.pop().unwrap_or_default();
            }
        });
    }
}

fn draw(block: &mut Vec<u8>) {
    let source = PathBuf::from("/dev/urandom");
    let drawn = File::open(source).and_then(|file| file.take(1024).read_to_end(block));
    if drawn.is_err() {
        // Ids are made of it; without any there is nothing to measure.
        std::process::abort();
    }
}
