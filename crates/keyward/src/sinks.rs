//! The sinks of audit records: what the configuration names, at work.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use keyward_audit::files::RealFiles;
use keyward_audit::{Hold, JournalPosition};
use keyward_engine::Engine;
use keyward_outbound::Poster;
use keyward_server::Readiness;
use keyward_sink::{
    CursorError, Cursors, DeadLetters, Destination, Dialect, Follower, Health, Otlp, OtlpSettings,
    Secrets, Sink, Surroundings, Syslog, Terms, Webhook, WebhookSettings,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, warn};

use crate::config::{self, Config, SyslogAddress};
use crate::data_dir::DataDir;
use crate::private_file;
use crate::wiring::{SystemClock, SystemRng};

const SECRETS_FILE_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 32;
/// How often a log record is sent that a receiver refuses alone, after others that it refused,
/// before it is passed over: about two minutes.
const OTLP_ATTEMPTS_MAX: u32 = 8;

/// The sinks that are configured, not yet at work.
#[derive(Default)]
pub(crate) struct Sinks {
    webhook: Option<(Webhook, Terms)>,
    syslog: Option<(Syslog, Terms)>,
    otlp: Option<(Otlp, Terms)>,
}

/// The sinks at work.
pub(crate) struct RunningSinks {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Sinks {
    /// Reads what the configuration names: secrets, headers, certificates.
    pub(crate) fn prepare(dir: &DataDir, config: &Config) -> Result<Self> {
        let letters =
            || DeadLetters::new(Arc::new(RealFiles), dir.dead_letters(), Arc::new(SystemClock));
        Ok(Self {
            webhook: webhook(&config.audit_webhook, letters)?,
            syslog: syslog(&config.audit_syslog)?,
            otlp: otlp(&config.audit_otlp, letters)?,
        })
    }

    /// Sets them to work.
    pub(crate) fn start(self, engine: &Arc<Engine>, readiness: &Readiness) -> RunningSinks {
        let readiness = readiness.clone();
        let around = Surroundings {
            journal: Arc::clone(engine.journal()),
            cursors: Arc::new(StoredCursors(keyward_trail::Cursors::new(Arc::clone(engine)))),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            tell: Arc::new(move |sink, health| tell(&readiness, sink, health)),
        };
        let mut running = RunningSinks { stop: watch::Sender::new(false), tasks: JoinSet::new() };
        running.add(self.webhook, &around);
        running.add(self.syslog, &around);
        running.add(self.otlp, &around);
        running
    }
}

impl RunningSinks {
    fn add<S: Sink + 'static>(&mut self, sink: Option<(S, Terms)>, around: &Surroundings) {
        let Some((sink, terms)) = sink else { return };
        let mut stop = self.stop.subscribe();
        let alarm = Alarm::new(&terms, around);
        let follower = Follower::new(sink, terms, around.clone());
        self.tasks.spawn(async move {
            let _alarm = alarm;
            let stopped = async move {
                // An error means that nobody can stop it any more but by ending the process.
                let _ = stop.wait_for(|is_stopped| *is_stopped).await;
            };
            follower.run(stopped).await;
        });
    }

    /// Stops them; what they have not sent waits in the journal.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Speaks up for a sink whose task panicked: it sends nothing more.
struct Alarm {
    name: &'static str,
    is_required: bool,
    around: Surroundings,
}

impl Alarm {
    fn new(terms: &Terms, around: &Surroundings) -> Self {
        let (name, is_required) = (terms.name, terms.is_required);
        Self { name, is_required, around: around.clone() }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        error!(sink = self.name, "a sink has broken down; it sends nothing until a restart");
        (self.around.tell)(self.name, Health::Stuck);
        if self.is_required {
            self.around.journal.hold(Hold::Sink(self.name.to_owned()));
        }
    }
}

/// Requests are served while a sink fails, unless it is stuck and required, which the journal tells.
fn tell(readiness: &Readiness, sink: &str, health: Health) {
    let note = format!("the audit sink `{sink}` fails: its receiver does not take all records");
    match health {
        Health::Well => readiness.retract(&note),
        Health::Behind | Health::Failing | Health::Stuck => readiness.note(note),
    }
}

fn webhook(
    config: &config::Webhook,
    dead_letters: impl Fn() -> DeadLetters,
) -> Result<Option<(Webhook, Terms)>> {
    let Some(url) = config.url()? else { return Ok(None) };
    if config.secret_file.as_os_str().is_empty() {
        warn!("events are posted unsigned: `secret_file` in [audit_webhook] names no secret");
    }
    let settings = WebhookSettings {
        poster: Arc::new(Poster::new(config.client(url.endpoint())?, url)),
        headers: headers(&config.headers_file).context("`headers_file` in [audit_webhook]")?,
        secrets: secrets(&config.secret_file).context("`secret_file` in [audit_webhook]")?,
        api_calls: match config.api_calls {
            config::ApiCalls::None => keyward_sink::ApiCalls::None,
            config::ApiCalls::Writes => keyward_sink::ApiCalls::Writes,
            config::ApiCalls::All => keyward_sink::ApiCalls::All,
        },
        in_flight_max: usize::try_from(config.in_flight_max)?,
        attempts_max: (!config.required).then_some(config.attempts_max),
        dead_letters: dead_letters(),
        clock: Arc::new(SystemClock),
    };
    Ok(Some((Webhook::new(settings), config.terms())))
}

fn syslog(config: &config::Syslog) -> Result<Option<(Syslog, Terms)>> {
    let destination = match config.address()? {
        None => return Ok(None),
        Some(SyslogAddress::Network(to)) => Destination::Network(Box::new(config.client(&to)?), to),
        Some(SyslogAddress::Socket(path)) => Destination::Socket(path, config.timeout()),
    };
    let dialect = Dialect {
        facility: config.facility()?,
        hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        process_id: std::process::id(),
        message_bytes_max: usize::try_from(config.message_bytes_max)?,
    };
    Ok(Some((Syslog::new(destination, dialect), config.terms())))
}

fn otlp(
    config: &config::Otlp,
    dead_letters: impl Fn() -> DeadLetters,
) -> Result<Option<(Otlp, Terms)>> {
    let Some(url) = config.url()? else { return Ok(None) };
    let settings = OtlpSettings {
        poster: Poster::new(config.client(url.endpoint())?, url),
        headers: headers(&config.headers_file).context("`headers_file` in [audit_otlp]")?,
        version: env!("CARGO_PKG_VERSION"),
        attempts_max: (!config.required).then_some(OTLP_ATTEMPTS_MAX),
        dead_letters: dead_letters(),
        clock: Arc::new(SystemClock),
    };
    Ok(Some((Otlp::new(settings), config.terms())))
}

fn secrets(file: &Path) -> Result<Secrets> {
    match read(file)? {
        Some(text) => Ok(Secrets::parse(std::str::from_utf8(text.expose())?)?),
        None => Ok(Secrets::default()),
    }
}

/// Lines of `Name: value`. No error tells a value.
fn headers(file: &Path) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let Some(text) = read(file)? else { return Ok(headers) };
    for (at, line) in std::str::from_utf8(text.expose())?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let header = line.split_once(':').and_then(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            let mut value = HeaderValue::from_str(value.trim()).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        });
        let Some((name, value)) = header else { bail!("line {} is no header", at + 1) };
        headers.append(name, value);
    }
    if headers.len() > HEADERS_MAX {
        bail!("there are more than {HEADERS_MAX} headers");
    }
    Ok(headers)
}

fn read(file: &Path) -> Result<Option<keyward_crypto::Secret>> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let read = File::open(file)
        .map_err(anyhow::Error::from)
        .and_then(|file| private_file::read_bounded(file, SECRETS_FILE_BYTES_MAX));
    read.map(Some).with_context(|| file.display().to_string())
}

/// The places of sinks in the deployment's database.
struct StoredCursors(keyward_trail::Cursors);

#[async_trait]
impl Cursors for StoredCursors {
    async fn load(&self, name: &str) -> Result<Option<JournalPosition>, CursorError> {
        self.0.load(name).await.map_err(|error| CursorError(error.into()))
    }

    async fn store(&self, name: &str, position: JournalPosition) -> Result<(), CursorError> {
        self.0.store(name, position).await.map_err(|error| CursorError(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn headers_are_read_from_lines_and_kept_from_sight() {
        let file = file("Authorization: Bearer abc\n\nx-scope:  a: b \n");
        let headers = headers(file.path()).unwrap();
        assert_eq!(headers["authorization"], "Bearer abc");
        assert_eq!(headers["x-scope"], "a: b");
        assert!(!format!("{headers:?}").contains("Bearer"));
        assert!(super::headers(Path::new("")).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_header_is_refused_and_not_repeated() {
        for text in ["no header", "bad name: secret", "x: sec\u{1}ret"] {
            let refused = headers(file(&format!("a: b\n{text}")).path()).unwrap_err();
            assert_eq!(refused.to_string(), "line 2 is no header");
        }
        assert!(headers(file(&"a: b\n".repeat(HEADERS_MAX + 1)).path()).is_err());
        assert!(headers(Path::new("/nowhere/headers")).is_err());
    }
}
