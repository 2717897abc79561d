//! The one place where the parts are put together, and where the real clock and the real source
//! of ids are made.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use keyward_attestation::TrustRoots;
use keyward_audit::{Journal, JournalOptions};
use keyward_crypto::Seal;
use keyward_engine::{
    AttestationRules, Engine, EventHistory, KeyRing, LocalGenerator, Observer, Parts, Quotas,
    RequestGroup, RequestQuotas, Workers,
};
use keyward_model::{Clock, Rng, Timestamp};
use keyward_oidc::{Issuers, Settings};
use keyward_outbound::trust;
use keyward_store::Store;
use keyward_store_sqlite::{Database, SqliteStore};
use keyward_trail::{Delivery, DeliveryStatus, History};
use rustix::rand::GetRandomFlags;
use tracing::warn;

use crate::arguments::PassphraseSource;
use crate::config::{self, Config};
use crate::data_dir::{DataDir, Lock};
use crate::{organization, private_file, root_key};

/// The file of attestation roots: as many as are taken, each with its text around it.
const ROOTS_FILE_BYTES_MAX: usize = 64 * 1024;

/// A deployment that was opened: its database and its keys, not yet at work.
pub(crate) struct Opened {
    seal: Seal,
    ring: Arc<KeyRing>,
    store: SqliteStore,
}

/// Opens an existing deployment. Reads and derives keys, so it blocks; the lock shows that
/// nobody else writes.
pub(crate) fn open(dir: &DataDir, source: &PassphraseSource, _lock: &Lock) -> Result<Opened> {
    let path = dir.database();
    let database = Database::open(&path).with_context(|| path.display().to_string())?;
    let (seal, keys) = root_key::open(dir, &database.domain_keys()?, source)?;
    let ring = KeyRing::new(keys);
    let store = database.into_store(ring.clone()).with_context(|| path.display().to_string())?;
    Ok(Opened { seal, ring, store })
}

impl Opened {
    /// Whether the deployment is for development.
    pub(crate) async fn is_development(&self) -> Result<bool> {
        let deployment = self.store.deployment().find().await?;
        Ok(deployment.is_some_and(|deployment| deployment.is_development))
    }

    /// The engine, with the audit journal open.
    pub(crate) async fn start(
        self,
        dir: &DataDir,
        config: &Config,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<(Arc<Engine>, Seal)> {
        let Some(deployment) = self.store.deployment().find().await? else {
            bail!("{} holds no deployment", dir.database().display());
        };
        // The offset is not authenticated, so it counts only where the authenticated row allows it.
        let clock_ahead_ms = if deployment.is_development {
            self.store.deployment().clock_offset_ms().await?
        } else {
            0
        };
        let options =
            JournalOptions { durability: durability(config), ..JournalOptions::default() };
        let (journal, repair) = Journal::open(&dir.journal(), options)?;
        if repair.torn_lines > 0 {
            let (lines, bytes) = (repair.torn_lines, repair.torn_bytes);
            warn!(lines, bytes, "half-written audit records were set aside");
        }
        let workers = Workers::start(available_parallelism().map_or(1, usize::from))?;
        let engine = Engine::new(Parts {
            store: Arc::new(self.store),
            ring: self.ring,
            journal: Arc::new(journal),
            clock: Arc::new(SystemClock),
            clock_ahead_ms,
            rng: Arc::new(SystemRng),
            generator: Arc::new(LocalGenerator::new(Arc::clone(&workers))),
            workers,
            deployment,
            quotas: quotas(&config.quotas),
            request_quotas: request_quotas(&config.request_quotas, observer.is_some()),
            offers_sm2: config.keys.sm2,
            attestation: Arc::new(attestation_rules(&config.attestation)?),
            issuers: Arc::new(issuers(&config.oidc)?),
            organization: organization::load(&config.organization.file)?,
            observer,
        })
        .with_context(|| format!("{} names no Region", dir.database().display()))?;
        Ok((engine, self.seal))
    }
}

/// What delivers audit records to log files.
pub(crate) fn delivery(engine: &Arc<Engine>, dir: &DataDir, config: &Config) -> Result<Delivery> {
    let mut options = config.audit.delivery(dir.audit(), engine.default_region().clone())?;
    options.readers = config.required_sinks()?;
    Ok(Delivery::new(Arc::clone(engine), options))
}

/// Where events are looked up.
pub(crate) fn history(
    engine: &Arc<Engine>,
    dir: &DataDir,
    config: &Config,
    delivery: &Arc<DeliveryStatus>,
) -> Result<Arc<dyn EventHistory>> {
    let options = config.audit.delivery(dir.audit(), engine.default_region().clone())?;
    let (engine, delivery) = (Arc::clone(engine), Arc::clone(delivery));
    Ok(Arc::new(History::new(engine, options.layout, options.history_days, delivery)))
}

/// Whose attestation documents are believed.
fn attestation_rules(config: &config::Attestation) -> Result<AttestationRules> {
    let mut roots = if config.aws_root { TrustRoots::aws() } else { TrustRoots::default() };
    let path = &config.roots_file;
    if !path.as_os_str().is_empty() {
        let read = std::fs::File::open(path)
            .map_err(anyhow::Error::from)
            .and_then(|file| private_file::read_bounded(file, ROOTS_FILE_BYTES_MAX))
            .and_then(|bytes| Ok(TrustRoots::from_pem(std::str::from_utf8(bytes.expose())?)?))
            .with_context(|| format!("`roots_file` in [attestation]: {}", path.display()))?;
        roots = roots.union(read);
    }
    Ok(AttestationRules { roots, age_max: Duration::from_secs(config.document_age_s_max.into()) })
}

/// Where the keys of identity providers come from.
fn issuers(config: &config::Oidc) -> Result<Issuers> {
    let ca_file = (!config.ca_file.as_os_str().is_empty()).then_some(&*config.ca_file);
    let settings = Settings {
        rule: config.address_rule()?,
        tls: trust(ca_file).context("`ca_file` in [oidc]")?,
        deadline: Duration::from_secs(config.timeout_s.into()),
        jwks_files: config.jwks_files.clone(),
    };
    Ok(Issuers::new(settings, Arc::new(SystemClock)))
}

const fn quotas(quotas: &config::Quotas) -> Quotas {
    let config::Quotas { keys, aliases_per_key, grants_per_key, tags_per_key } = *quotas;
    Quotas { keys, aliases_per_key, grants_per_key, tags_per_key }
}

/// None at all when there is nothing to limit or to count, so that a request pays nothing for it.
fn request_quotas(config: &config::RequestQuotas, is_counted: bool) -> Option<RequestQuotas> {
    let is_like_service = config.profile == config::RequestProfile::Aws;
    if !is_like_service && config.rates.is_empty() && !is_counted {
        return None;
    }
    let own = |name: &str| config.rates.get(name).copied();
    Some(RequestQuotas::new(request_groups(), is_like_service, own))
}

/// The groups that requests are limited and counted by, in the order by which they are known.
pub(crate) fn request_groups() -> impl Iterator<Item = &'static RequestGroup> {
    keyward_ops::REQUEST_GROUPS.iter().chain(keyward_cloudtrail::REQUEST_GROUPS)
}

const fn durability(config: &Config) -> keyward_audit::Durability {
    match config.audit.durability {
        config::Durability::Fsync => keyward_audit::Durability::Fsync,
        config::Durability::Written => keyward_audit::Durability::Written,
    }
}

/// The clocks of the machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the real clock is made here and nowhere else")]
    fn now(&self) -> Timestamp {
        let ms = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // Before 1970; every signature is too new then, and nothing is due.
            Err(_) => 0,
        };
        Timestamp::from_unix_ms(ms)
    }

    /// Runs on while the machine sleeps.
    fn monotonic(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
    }
}

/// The kernel's random numbers, for ids. Drawn in blocks, a block for each thread: a request needs
/// two ids, and a system call for each would cost as much as its policy.
pub(crate) struct SystemRng;

/// Random bytes not yet given out.
struct Block {
    bytes: [u8; 1024],
    left: usize,
}

thread_local! {
    static BLOCK: RefCell<Block> = const { RefCell::new(Block { bytes: [0; 1024], left: 0 }) };
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        BLOCK.with_borrow_mut(|block| {
            for byte in bytes {
                *byte = block.next();
            }
        });
    }
}

impl Block {
    fn next(&mut self) -> u8 {
        if self.left == 0 {
            draw(&mut self.bytes);
            self.left = self.bytes.len();
        }
        self.left -= 1;
        self.bytes.get(self.left).copied().unwrap_or_default()
    }
}

fn draw(bytes: &mut [u8]) {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::rand::getrandom(rest, GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            // Predictable ids would let one caller's record pass for another's. No kernel we
            // run on comes here.
            Err(_) => std::process::abort(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_fill_the_whole_buffer_and_differ() {
        let draw = || {
            let mut bytes = [0; 1000];
            SystemRng.fill(&mut bytes);
            bytes
        };
        let (a, b) = (draw(), draw());
        assert_ne!(a, b);
        assert!(a.chunks(100).all(|chunk| chunk.iter().any(|&byte| byte != 0)));
        SystemRng.fill(&mut []);
    }

    #[test]
    fn the_monotonic_clock_does_not_run_backwards() {
        let before = SystemClock.monotonic();
        assert!(SystemClock.monotonic() >= before);
    }
}
