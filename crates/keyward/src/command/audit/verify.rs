//! `keyward audit verify`: what is verified against what, and what is said.

mod heads;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use keyward_audit::files::{Files as _, RealFiles};
use keyward_engine::KeyRing;
use keyward_model::{Clock, Timestamp};
use keyward_store::{Scope, Store, Trail};
use keyward_store_sqlite::{Database, SqliteStore};
use keyward_trail::format::{PUBLIC_KEYS_BYTES_MAX, PublicKeys};
use keyward_trail::public_key;
use keyward_trail::verify::{Buckets, Event, Finding, Head, Range, Sources, Summary, verify};

use super::super::{print, print_json, runtime, unless_unread};
use crate::arguments::AuditVerify;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::root_key;
use crate::wiring::SystemClock;

/// How many findings are printed as JSON; the others are counted.
const FINDINGS_MAX: usize = 10_000;
/// How often long work says that it goes on.
const PROGRESS: Duration = Duration::from_secs(5);
/// Removal goes on while files are verified.
const REMOVAL_MARGIN_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// What is verified, and against what.
struct Subject {
    buckets: Buckets,
    public_keys: PublicKeys,
    /// Absent for a copy, and without the passphrase.
    store: Option<SqliteStore>,
    /// Absent for a copy, and where it is left out.
    journal: Option<PathBuf>,
    removed_before: Option<Timestamp>,
    /// What has to be known about the outcome.
    note: Option<&'static str>,
}

pub(super) fn run(arguments: &AuditVerify) -> Result<()> {
    if let (Some(start), Some(end)) = (arguments.start_time, arguments.end_time)
        && start > end
    {
        bail!("the start time is after the end time");
    }
    let runtime = runtime()?;
    let subject = match (&arguments.directory, &arguments.public_keys) {
        (Some(directory), Some(keys)) => copy(directory, keys)?,
        _ => runtime.block_on(deployment(arguments))?,
    };
    let mut telling = Telling::new(arguments.json);
    let summary = runtime.block_on(verify_subject(&subject, arguments, &mut telling))?;
    // The exit status tells the outcome, also if nobody reads on.
    unless_unread(telling.finish(&summary, &subject))?;
    match words::shortcoming(&summary) {
        None => Ok(()),
        Some(shortcoming) => bail!(shortcoming),
    }
}

async fn verify_subject(
    subject: &Subject,
    arguments: &AuditVerify,
    telling: &mut Telling,
) -> Result<Summary> {
    let noted = arguments.heads.as_deref().map(heads::read).transpose()?.unwrap_or_default();
    let sources = Sources {
        files: &RealFiles,
        buckets: &subject.buckets,
        trail: subject.store.as_ref().map(Store::trail),
        journal: subject.journal.as_deref(),
        heads: &noted,
        public_keys: &subject.public_keys,
    };
    let range = Range {
        account: arguments.account,
        region: arguments.region.clone(),
        start: arguments.start_time,
        end: arguments.end_time,
        losses_known_until: arguments.losses_known_until,
        removed_before: subject.removed_before,
    };
    Ok(verify(&sources, &range, &mut |event| telling.tell(&event)).await?)
}

/// A copy of a bucket.
fn copy(directory: &Path, public_keys: &Path) -> Result<Subject> {
    if !directory.is_dir() {
        bail!("{} is no directory", directory.display());
    }
    Ok(Subject {
        buckets: Buckets::Is(directory.to_owned()),
        public_keys: read_public_keys(public_keys)?,
        store: None,
        journal: None,
        removed_before: None,
        note: Some(words::NO_DATABASE),
    })
}

/// What a deployment delivered.
async fn deployment(arguments: &AuditVerify) -> Result<Subject> {
    let from = &arguments.deployment;
    let dir = DataDir::locate(from.directory.data_dir.clone())?;
    dir.require_deployment()?;
    // Beside a server of another user nothing is made here.
    if !dir.is_locked()? {
        dir.require_safe()?;
    }
    let config = Config::load(&dir, from.config.as_deref())?;
    let days = i64::from(config.audit.files_days);
    let now = SystemClock.now().unix_ms().saturating_add(REMOVAL_MARGIN_MS);
    let removed = Timestamp::from_unix_ms(now.saturating_sub(days.saturating_mul(DAY_MS)));
    let subject = |public_keys, store, note| Subject {
        buckets: Buckets::Below(dir.audit()),
        public_keys,
        store,
        journal: (!arguments.no_journal).then(|| dir.journal()),
        removed_before: (days > 0).then_some(removed),
        note,
    };
    let path = dir.database();
    let database = Database::open_to_read(&path).with_context(|| path.display().to_string())?;
    let records = database.domain_keys()?;
    if root_key::lacks_passphrase(&records, &from.passphrase)? {
        let path = dir.audit().join("public-keys.json");
        let keys = if path.exists() { read_public_keys(&path)? } else { PublicKeys::default() };
        return Ok(subject(keys, None, Some(words::NO_PASSPHRASE)));
    }
    let (_seal, keys) = root_key::open(&dir, &records, &from.passphrase)?;
    let store = database.into_store(KeyRing::new(keys))?;
    let public_keys = known_keys(store.trail()).await?;
    Ok(subject(public_keys, Some(store), None))
}

/// The keys that the database knows.
async fn known_keys(trail: &dyn Trail) -> Result<PublicKeys> {
    let mut keys = PublicKeys::default();
    for key in trail.all_signing_keys().await.context("the keys that sign digests")? {
        keys.0.entry(key.region.clone()).or_default().push(public_key(key));
    }
    Ok(keys)
}

fn read_public_keys(path: &Path) -> Result<PublicKeys> {
    let bytes_max = u64::try_from(PUBLIC_KEYS_BYTES_MAX)?;
    let read = RealFiles.read(path, bytes_max).map_err(anyhow::Error::from);
    read.and_then(|bytes| Ok(PublicKeys::parse(&bytes)?))
        .with_context(|| path.display().to_string())
}

/// What is said, as it is found or at the end.
struct Telling {
    as_json: bool,
    findings: Vec<Finding>,
    heads: Vec<(Scope, Head)>,
    omitted: u64,
    files: u64,
    told_at: Duration,
    /// What became of printing; nothing is read on for nobody.
    printed: Result<()>,
}

impl Telling {
    fn new(as_json: bool) -> Self {
        Self {
            as_json,
            findings: Vec::new(),
            heads: Vec::new(),
            omitted: 0,
            files: 0,
            told_at: SystemClock.monotonic(),
            printed: Ok(()),
        }
    }

    fn tell(&mut self, event: &Event<'_>) {
        match event {
            Event::Chain(_) => {}
            Event::Head(scope, head) => self.heads.push(((*scope).clone(), (*head).clone())),
            Event::Read => self.note_progress(),
            Event::Found(finding) if !self.as_json => {
                if self.printed.is_ok() {
                    self.printed = print(&words::of_finding(finding));
                }
            }
            Event::Found(finding) if self.findings.len() < FINDINGS_MAX => {
                self.findings.push((*finding).clone());
            }
            Event::Found(_) => self.omitted += 1,
        }
    }

    fn note_progress(&mut self) {
        self.files += 1;
        let now = SystemClock.monotonic();
        if now.saturating_sub(self.told_at) >= PROGRESS {
            self.told_at = now;
            // If nobody reads it, the outcome still tells.
            let _ = writeln!(std::io::stderr(), "keyward: {} files read", self.files);
        }
    }

    fn finish(self, summary: &Summary, subject: &Subject) -> Result<()> {
        self.printed?;
        let with_database = subject.store.is_some();
        if self.as_json {
            let findings = (&self.findings[..], self.omitted);
            let mut outcome = words::json(summary, findings, with_database);
            if let Some(members) = outcome.as_object_mut() {
                let heads = self.heads.iter().map(heads::json).collect();
                members.insert("heads".to_owned(), heads);
            }
            print_json(&outcome)
        } else {
            print(&words::of_summary(summary, subject.note))
        }
    }
}
