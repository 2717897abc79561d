//! The configuration: a TOML file, the environment over it, every setting explicit.
//!
//! Unknown sections and settings are refused: a typing error in a security setting must not pass
//! for its default. Arguments are laid over the result by `command`.

mod audit;
mod environment;
mod level;
mod print;
mod sinks;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keyward_model::{KeyArn, KeyRef};
use keyward_outbound::AddressRule;
use keyward_server::{Limits, Network};
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::Targets;

pub(crate) use self::audit::{Audit, Durability};
use crate::data_dir::DataDir;
use crate::private_file;
use crate::wiring::request_groups;
pub(crate) use sinks::{ApiCalls, Otlp, Syslog, SyslogAddress, Webhook};

/// Where Keyward listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7600);

const FILE_BYTES_MAX: usize = 256 * 1024;
/// How many keys have series of their own. ReEncrypt has one for each pair of them.
const METRIC_KEYS_MAX: usize = 100;

/// Every setting. Fields are explained in `config/print.rs`, once for reader and user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) tls: Tls,
    pub(crate) metrics: Metrics,
    pub(crate) log: Log,
    pub(crate) audit: Audit,
    pub(crate) audit_webhook: Webhook,
    pub(crate) audit_syslog: Syslog,
    pub(crate) audit_otlp: Otlp,
    pub(crate) hardening: Hardening,
    pub(crate) schedule: Schedule,
    pub(crate) keys: Keys,
    pub(crate) attestation: Attestation,
    pub(crate) oidc: Oidc,
    pub(crate) organization: Organization,
    pub(crate) quotas: Quotas,
    pub(crate) request_quotas: RequestQuotas,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) endpoint_url: String,
    pub(crate) expose_plaintext_http_to_the_network: bool,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) proxy_protocol: bool,
    pub(crate) connections_max: u32,
    pub(crate) shutdown_grace_s: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) private_key: PathBuf,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metrics {
    pub(crate) listen: String,
    pub(crate) keys: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Oidc {
    pub(crate) hosts: Vec<String>,
    pub(crate) networks: Vec<String>,
    pub(crate) ca_file: PathBuf,
    pub(crate) timeout_s: u32,
    pub(crate) allow_http_to_loopback: bool,
    pub(crate) jwks_files: BTreeMap<String, PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Json,
    Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hardening {
    pub(crate) lock_memory: LockMemory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LockMemory {
    Off,
    Require,
    Try,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Schedule {
    pub(crate) domain_key_days: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    pub(crate) sm2: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Attestation {
    pub(crate) aws_root: bool,
    pub(crate) roots_file: PathBuf,
    pub(crate) document_age_s_max: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Organization {
    pub(crate) file: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quotas {
    pub(crate) keys: u32,
    pub(crate) aliases_per_key: u32,
    pub(crate) grants_per_key: u32,
    pub(crate) tags_per_key: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RequestQuotas {
    pub(crate) profile: RequestProfile,
    pub(crate) rates: BTreeMap<String, u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RequestProfile {
    Aws,
    #[default]
    Off,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            endpoint_url: String::new(),
            expose_plaintext_http_to_the_network: false,
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            connections_max: Limits::default().connections_max,
            shutdown_grace_s: 20,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl Default for Hardening {
    fn default() -> Self {
        Self { lock_memory: LockMemory::Try }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self { domain_key_days: keyward_engine::DOMAIN_KEY_AGE_MAX_DAYS }
    }
}

impl Default for Attestation {
    fn default() -> Self {
        Self { aws_root: true, roots_file: PathBuf::new(), document_age_s_max: 300 }
    }
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            networks: Vec::new(),
            ca_file: PathBuf::new(),
            timeout_s: 5,
            allow_http_to_loopback: false,
            jwks_files: BTreeMap::new(),
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        let quotas = keyward_engine::Quotas::default();
        let keyward_engine::Quotas { keys, aliases_per_key, grants_per_key, tags_per_key } = quotas;
        Self { keys, aliases_per_key, grants_per_key, tags_per_key }
    }
}

impl Config {
    /// The configuration of a deployment: the file named, or the one in its directory if there is
    /// one, with the environment over it.
    pub(crate) fn load(dir: &DataDir, named: Option<&Path>) -> Result<Self> {
        let text = match named {
            Some(path) => Some(
                std::fs::File::open(path)
                    .map_err(anyhow::Error::from)
                    .and_then(|file| private_file::read_bounded(file, FILE_BYTES_MAX))
                    .and_then(|bytes| Ok(String::from_utf8(bytes.expose().to_vec())?))
                    .with_context(|| format!("could not read {}", path.display()))?,
            ),
            None => private_file::read(&dir.config(), FILE_BYTES_MAX)?.map(|text| text.to_string()),
        };
        let path = named.map_or_else(|| dir.config(), Path::to_owned);
        let mut table: toml::Table = match text {
            Some(text) => text.parse().with_context(|| path.display().to_string())?,
            None => toml::Table::new(),
        };
        // The file alone first, so that an error names the file and not the environment.
        Self::from_table(table.clone()).with_context(|| path.display().to_string())?;
        let laid = environment::overlay(&mut table, std::env::vars_os())?;
        Self::from_table(table).with_context(|| format!("with {}", laid.join(", ")))
    }

    /// The variables that are named as ours and that nothing reads, by a typing error perhaps.
    pub(crate) fn unread_variables() -> Result<Vec<String>> {
        environment::unread(std::env::vars_os().map(|(name, _)| name))
    }

    /// The configuration as a file, each setting with its explanation.
    pub(crate) fn print(&self) -> Result<String> {
        print::annotated(self)
    }

    fn from_table(table: toml::Table) -> Result<Self> {
        let config: Self = table.try_into()?;
        config.require_sound()?;
        Ok(config)
    }

    fn require_sound(&self) -> Result<()> {
        if is_empty(&self.tls.certificate) != is_empty(&self.tls.private_key) {
            bail!("`certificate` and `private_key` in [tls] are given together or not at all");
        }
        if !self.metrics.listen.is_empty() {
            self.metrics_listen()?;
        }
        if self.server.connections_max == 0 || self.schedule.domain_key_days == 0 {
            bail!("`connections_max` and `domain_key_days` are at least 1");
        }
        if self.attestation.document_age_s_max == 0 {
            bail!("`document_age_s_max` in [attestation] is at least 1");
        }
        if !(1..=60).contains(&self.oidc.timeout_s) {
            bail!("`timeout_s` in [oidc] is from 1 to 60");
        }
        self.metrics.key_arns()?;
        self.audit.require_sound()?;
        self.oidc.address_rule()?;
        self.request_quotas.require_sound()?;
        self.audit_webhook.require_sound()?;
        self.audit_syslog.require_sound()?;
        self.audit_otlp.require_sound()?;
        self.log.filter()?;
        self.trusted_proxies().map(drop)
    }

    /// The names of the sinks that must not be left behind.
    pub(crate) fn required_sinks(&self) -> Result<Vec<String>> {
        let webhook = self.audit_webhook.url()?.map(|_| self.audit_webhook.terms());
        let syslog = self.audit_syslog.address()?.map(|_| self.audit_syslog.terms());
        let otlp = self.audit_otlp.url()?.map(|_| self.audit_otlp.terms());
        let sinks = [webhook, syslog, otlp].into_iter().flatten();
        Ok(sinks.filter(|sink| sink.is_required).map(|sink| sink.name.to_owned()).collect())
    }

    /// Whose word on the address of a client is believed.
    pub(crate) fn trusted_proxies(&self) -> Result<Vec<Network>> {
        let parse = |text: &String| {
            text.parse().with_context(|| format!("`trusted_proxies` in [server]: `{text}`"))
        };
        self.server.trusted_proxies.iter().map(parse).collect()
    }

    /// The address of the metrics listener, if one is wanted.
    pub(crate) fn metrics_listen(&self) -> Result<Option<SocketAddr>> {
        match self.metrics.listen.as_str() {
            "" => Ok(None),
            text => {
                let address = text.parse().with_context(|| {
                    format!("`listen` in [metrics] is an address and a port, not `{text}`")
                });
                address.map(Some)
            }
        }
    }
}

impl Metrics {
    /// The keys whose uses are counted one by one.
    pub(crate) fn key_arns(&self) -> Result<Vec<KeyArn>> {
        if self.keys.len() > METRIC_KEYS_MAX {
            bail!("`keys` in [metrics] are at most {METRIC_KEYS_MAX}");
        }
        let mut arns = Vec::new();
        for text in &self.keys {
            let Ok(KeyRef::Arn(arn)) = text.parse() else {
                bail!("`keys` in [metrics]: `{text}` is not the ARN of a key");
            };
            if arns.contains(&arn) {
                bail!("`keys` in [metrics]: `{text}` is there twice");
            }
            arns.push(arn);
        }
        Ok(arns)
    }
}

impl Oidc {
    /// Where the keys of identity providers may be fetched.
    pub(crate) fn address_rule(&self) -> Result<AddressRule> {
        let host =
            |text: &String| text.parse().with_context(|| format!("`hosts` in [oidc]: `{text}`"));
        let network = |text: &String| {
            text.parse::<Network>().with_context(|| format!("`networks` in [oidc]: `{text}`"))
        };
        let networks = self.networks.iter().map(network).collect::<Result<Vec<_>>>()?;
        let is_named = move |address| networks.iter().any(|network| network.contains(address));
        Ok(AddressRule {
            hosts: self.hosts.iter().map(host).collect::<Result<_>>()?,
            private_is_allowed: Some(Box::new(is_named)),
            plaintext: sinks::to_loopback(self.allow_http_to_loopback),
        })
    }
}

impl RequestQuotas {
    fn require_sound(&self) -> Result<()> {
        for (name, rate) in &self.rates {
            if request_groups().all(|group| group.name != name) {
                let names: Vec<_> = request_groups().map(|group| group.name).collect();
                bail!(
                    "`rates` in [request_quotas]: there is no group `{name}`; there are {}",
                    names.join(", ")
                );
            }
            if *rate == 0 {
                bail!("`rates` in [request_quotas]: `{name}` is at least 1");
            }
        }
        Ok(())
    }
}

impl Log {
    /// What is logged.
    pub(crate) fn filter(&self) -> Result<Targets> {
        level::filter(&self.level).context("`level` in [log]")
    }
}

/// How a path that is not given is written.
fn is_empty(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn parse(text: &str) -> Result<Config> {
        Config::from_table(text.parse()?)
    }

    #[test]
    fn what_is_printed_parses_back_as_the_same() {
        let default = Config::default();
        assert_eq!(parse(&default.print().unwrap()).unwrap(), default);

        let mut other = Config::default();
        other.server.listen = "[::1]:1".parse().unwrap();
        other.server.trusted_proxies = vec!["10.0.0.0/8".to_owned()];
        other.log.format = LogFormat::Json;
        other.request_quotas.profile = RequestProfile::Aws;
        other.request_quotas.rates.insert("data-key-pair-RSA_2048".to_owned(), 3);
        other.tls = Tls { certificate: "/a b\"c".into(), private_key: "/d".into() };
        assert_eq!(parse(&other.print().unwrap()).unwrap(), other);
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn an_unknown_section_or_setting_is_refused() {
        for text in
            ["[serve]\nlisten = '127.0.0.1:1'", "[server]\nlissten = '127.0.0.1:1'", "x = 1"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn metrics_name_keys_by_their_arns_and_not_too_many() {
        let key = |n: usize| {
            format!("'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-{n:012}'")
        };
        let keys = |list: &[String]| parse(&format!("[metrics]\nkeys = [{}]", list.join(",")));
        let most: Vec<_> = (0..METRIC_KEYS_MAX).map(key).collect();
        assert_eq!(keys(&most).unwrap().metrics.key_arns().unwrap().len(), METRIC_KEYS_MAX);
        assert!(keys(&[most, vec![key(METRIC_KEYS_MAX)]].concat()).is_err());
        assert!(keys(&[key(1), key(1)]).is_err());
        assert!(keys(&["'alias/app'".to_owned()]).is_err());
        assert!(keys(&["'1234abcd-12ab-34cd-56ef-1234567890ab'".to_owned()]).is_err());
    }

    #[test]
    fn half_a_certificate_is_refused() {
        assert!(parse("[tls]\ncertificate = 'a'").is_err());
        assert!(parse("[tls]\ncertificate = 'a'\nprivate_key = 'b'").is_ok());
    }

    #[test]
    fn a_document_that_may_not_be_a_second_old_is_refused() {
        assert!(parse("[attestation]\ndocument_age_s_max = 0").is_err());
        assert!(parse("[oidc]\ntimeout_s = 0").is_err());
        assert!(parse("[oidc]\nhosts = [\"https://id.example.com\"]").is_err());
        assert!(parse("[oidc]\nnetworks = [\"10.0.0.0/33\"]").is_err());
        assert!(parse("[oidc]\nhosts = [\"*.example.com\"]\nnetworks = [\"10.0.0.0/8\"]").is_ok());
        assert!(parse("[attestation]\naws_root = false\ndocument_age_s_max = 1").is_ok());
    }

    #[test]
    fn a_level_or_a_proxy_that_means_nothing_is_refused() {
        assert!(parse("[log]\nlevel = 'warning'").is_err());
        assert!(parse("[server]\ntrusted_proxies = ['proxy.internal']").is_err());
        assert!(parse("[log]\nlevel = 'warn'\n[server]\ntrusted_proxies = ['10.0.0.0/8']").is_ok());
    }

    #[test]
    fn a_rate_of_no_group_and_a_rate_of_nothing_are_refused() {
        let rates = |rates: &str| parse(&format!("[request_quotas]\nrates = {rates}"));
        assert!(rates("{ CreateKey = 2, symmetric = 100, data-key-pair-RSA_2048 = 1 }").is_ok());
        assert!(rates("{ CreateKeys = 2 }").unwrap_err().to_string().contains("symmetric, rsa"));
        assert!(rates("{ CreateKey = 0 }").is_err());
        assert!(rates("{ CreateKey = -1 }").is_err());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut table: toml::Table =
            "[server]\nlisten = '127.0.0.1:1'\nconnections_max = 7".parse().unwrap();
        let variables = [("KEYWARD_SERVER_LISTEN", "127.0.0.1:2")];
        environment::overlay(&mut table, variables.map(|(k, v)| (k.into(), v.into()))).unwrap();
        let config = Config::from_table(table).unwrap();
        assert_eq!(config.server.listen, "127.0.0.1:2".parse().unwrap());
        assert_eq!(config.server.connections_max, 7);
    }
}
