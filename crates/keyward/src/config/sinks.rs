//! `[audit_webhook]`, `[audit_syslog]` and `[audit_otlp]`: where audit records go besides files.
//!
//! No error names a URL, whose path may be a secret.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use keyward_outbound::{
    AddressRule, Client, ClientCertificate, Endpoint, HostPattern, Plaintext, Url, trust_as,
};
use keyward_server::Network;
use keyward_sink::{Facility, Terms};
use serde::{Deserialize, Serialize};

use super::is_empty;

/// Where syslog listens: RFC 6587 knows no port, this one is what all use; RFC 5425.
const SYSLOG_TCP_PORT: u16 = 514;
const SYSLOG_TLS_PORT: u16 = 6514;
const MESSAGE_BYTES: std::ops::RangeInclusive<u32> = 1024..=1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret_file: PathBuf,
    pub(crate) headers_file: PathBuf,
    pub(crate) api_calls: ApiCalls,
    pub(crate) in_flight_max: u32,
    pub(crate) attempts_max: u32,
    pub(crate) networks: Vec<String>,
    pub(crate) ca_file: PathBuf,
    pub(crate) client_certificate: PathBuf,
    pub(crate) client_key: PathBuf,
    pub(crate) timeout_s: u32,
    pub(crate) allow_http_to_loopback: bool,
    pub(crate) from: From,
    pub(crate) required: bool,
    pub(crate) stuck_after_s: u32,
    pub(crate) behind_max_s: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Syslog {
    pub(crate) address: String,
    pub(crate) facility: u8,
    pub(crate) message_bytes_max: u32,
    pub(crate) networks: Vec<String>,
    pub(crate) ca_file: PathBuf,
    pub(crate) client_certificate: PathBuf,
    pub(crate) client_key: PathBuf,
    pub(crate) timeout_s: u32,
    pub(crate) expose_plaintext_to_the_network: bool,
    pub(crate) from: From,
    pub(crate) required: bool,
    pub(crate) stuck_after_s: u32,
    pub(crate) behind_max_s: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Otlp {
    pub(crate) endpoint: String,
    pub(crate) headers_file: PathBuf,
    pub(crate) networks: Vec<String>,
    pub(crate) ca_file: PathBuf,
    pub(crate) client_certificate: PathBuf,
    pub(crate) client_key: PathBuf,
    pub(crate) timeout_s: u32,
    pub(crate) allow_http_to_loopback: bool,
    pub(crate) from: From,
    pub(crate) required: bool,
    pub(crate) stuck_after_s: u32,
    pub(crate) behind_max_s: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ApiCalls {
    #[default]
    None,
    Writes,
    All,
}

/// Where a new sink begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum From {
    #[default]
    Now,
    Oldest,
}

/// Where syslog messages go.
#[derive(Debug)]
pub(crate) enum SyslogAddress {
    Network(Endpoint),
    Socket(PathBuf),
}

/// How a receiver is reached, the same for all sinks.
struct Reach<'a> {
    section: &'static str,
    networks: &'a [String],
    ca_file: &'a PathBuf,
    /// The files of the certificate that receivers are shown, and of its key.
    client: (&'a PathBuf, &'a PathBuf),
    timeout_s: u32,
    plaintext: Plaintext,
}

impl Default for Webhook {
    fn default() -> Self {
        Self {
            url: String::new(),
            secret_file: PathBuf::new(),
            headers_file: PathBuf::new(),
            api_calls: ApiCalls::None,
            in_flight_max: 8,
            attempts_max: 8,
            networks: Vec::new(),
            ca_file: PathBuf::new(),
            client_certificate: PathBuf::new(),
            client_key: PathBuf::new(),
            timeout_s: 10,
            allow_http_to_loopback: false,
            from: From::Now,
            // Events tell of what was done; whoever needs a copy of the records has other sinks.
            required: false,
            stuck_after_s: 900,
            behind_max_s: 3600,
        }
    }
}

impl Default for Syslog {
    fn default() -> Self {
        Self {
            address: String::new(),
            facility: 13,
            message_bytes_max: 64 * 1024,
            networks: Vec::new(),
            ca_file: PathBuf::new(),
            client_certificate: PathBuf::new(),
            client_key: PathBuf::new(),
            timeout_s: 10,
            expose_plaintext_to_the_network: false,
            from: From::Now,
            required: true,
            stuck_after_s: 900,
            behind_max_s: 3600,
        }
    }
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            headers_file: PathBuf::new(),
            networks: Vec::new(),
            ca_file: PathBuf::new(),
            client_certificate: PathBuf::new(),
            client_key: PathBuf::new(),
            timeout_s: 10,
            allow_http_to_loopback: false,
            from: From::Now,
            required: true,
            stuck_after_s: 900,
            behind_max_s: 3600,
        }
    }
}

impl Webhook {
    pub(super) fn require_sound(&self) -> Result<()> {
        let reach = self.reach();
        reach.require_sound(self.stuck_after_s)?;
        if let Some(url) = self.url()? {
            reach.rule(url.endpoint())?;
        }
        if !(1..=64).contains(&self.in_flight_max) {
            bail!("`in_flight_max` in [audit_webhook] is from 1 to 64");
        }
        if !(1..=1000).contains(&self.attempts_max) {
            bail!("`attempts_max` in [audit_webhook] is from 1 to 1000");
        }
        Ok(())
    }

    /// Where events are posted, if they are.
    pub(crate) fn url(&self) -> Result<Option<Url>> {
        parse_url(&self.url).context("`url` in [audit_webhook]")
    }

    pub(crate) fn client(&self, to: &Endpoint) -> Result<Client> {
        self.reach().client(to)
    }

    pub(crate) fn terms(&self) -> Terms {
        let required = self.required;
        terms("webhook", self.from, required, self.stuck_after_s, self.behind_max_s)
    }

    fn reach(&self) -> Reach<'_> {
        Reach {
            section: "audit_webhook",
            networks: &self.networks,
            ca_file: &self.ca_file,
            client: (&self.client_certificate, &self.client_key),
            timeout_s: self.timeout_s,
            plaintext: to_loopback(self.allow_http_to_loopback),
        }
    }
}

impl Otlp {
    pub(super) fn require_sound(&self) -> Result<()> {
        let reach = self.reach();
        reach.require_sound(self.stuck_after_s)?;
        if let Some(url) = self.url()? {
            reach.rule(url.endpoint())?;
        }
        Ok(())
    }

    /// Where log records are posted, if they are: below the endpoint, as the protocol says.
    pub(crate) fn url(&self) -> Result<Option<Url>> {
        let url = match self.endpoint.trim_end_matches('/') {
            "" => String::new(),
            endpoint => format!("{endpoint}/v1/logs"),
        };
        parse_url(&url).context("`endpoint` in [audit_otlp]")
    }

    pub(crate) fn client(&self, to: &Endpoint) -> Result<Client> {
        self.reach().client(to)
    }

    pub(crate) fn terms(&self) -> Terms {
        let required = self.required;
        terms("otlp", self.from, required, self.stuck_after_s, self.behind_max_s)
    }

    fn reach(&self) -> Reach<'_> {
        Reach {
            section: "audit_otlp",
            networks: &self.networks,
            ca_file: &self.ca_file,
            client: (&self.client_certificate, &self.client_key),
            timeout_s: self.timeout_s,
            plaintext: to_loopback(self.allow_http_to_loopback),
        }
    }
}

impl Syslog {
    pub(super) fn require_sound(&self) -> Result<()> {
        let reach = self.reach();
        reach.require_sound(self.stuck_after_s)?;
        if let Some(SyslogAddress::Network(to)) = self.address()? {
            reach.rule(&to)?;
        }
        if !MESSAGE_BYTES.contains(&self.message_bytes_max) {
            bail!("`message_bytes_max` in [audit_syslog] is from 1024 to 1048576");
        }
        self.facility().map(drop)
    }

    /// Where messages go, if they do.
    pub(crate) fn address(&self) -> Result<Option<SyslogAddress>> {
        let network = |text, is_tls, port| Endpoint::parse(text, is_tls, port);
        let parsed = match self.address.split_once(':') {
            None if self.address.is_empty() => return Ok(None),
            Some(("unix", path)) if path.starts_with('/') => {
                return Ok(Some(SyslogAddress::Socket(path.into())));
            }
            Some(("tcp", rest)) => {
                rest.strip_prefix("//").map(|to| network(to, false, SYSLOG_TCP_PORT))
            }
            Some(("tls", rest)) => {
                rest.strip_prefix("//").map(|to| network(to, true, SYSLOG_TLS_PORT))
            }
            _ => None,
        };
        match parsed {
            Some(Ok(to)) => Ok(Some(SyslogAddress::Network(to))),
            _ => bail!(
                "`address` in [audit_syslog] is tls://HOST:PORT, tcp://HOST:PORT or unix:/PATH, \
                 not `{}`",
                self.address
            ),
        }
    }

    pub(crate) fn facility(&self) -> Result<Facility> {
        Facility::new(self.facility).context("`facility` in [audit_syslog]")
    }

    pub(crate) fn client(&self, to: &Endpoint) -> Result<Client> {
        self.reach().client(to)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s.into())
    }

    pub(crate) fn terms(&self) -> Terms {
        let required = self.required;
        terms("syslog", self.from, required, self.stuck_after_s, self.behind_max_s)
    }

    fn reach(&self) -> Reach<'_> {
        let is_exposed = self.expose_plaintext_to_the_network;
        let plaintext = if is_exposed { Plaintext::ToAnyone } else { Plaintext::ToLoopback };
        Reach {
            section: "audit_syslog",
            networks: &self.networks,
            ca_file: &self.ca_file,
            client: (&self.client_certificate, &self.client_key),
            timeout_s: self.timeout_s,
            plaintext,
        }
    }
}

impl Reach<'_> {
    fn require_sound(&self, stuck_after_s: u32) -> Result<()> {
        let section = self.section;
        if !(1..=60).contains(&self.timeout_s) {
            bail!("`timeout_s` in [{section}] is from 1 to 60");
        }
        if stuck_after_s == 0 {
            bail!("`stuck_after_s` in [{section}] is at least 1");
        }
        let (certificate, key) = self.client;
        if is_empty(certificate) != is_empty(key) {
            bail!("`client_certificate` and `client_key` in [{section}] belong together");
        }
        self.networks().map(drop)
    }

    /// The one host the operator named. An address named outright needs no network around it.
    fn rule(&self, to: &Endpoint) -> Result<AddressRule> {
        let section = self.section;
        let is_private = to.is_tls()
            || match self.plaintext {
                Plaintext::ToNobody => false,
                Plaintext::ToLoopback => to.is_loopback(),
                Plaintext::ToAnyone => true,
            };
        if !is_private {
            bail!(
                "[{section}] sends audit records to {to} without TLS, which is not allowed there"
            );
        }
        if !to.is_tls() && !is_empty(self.client.0) {
            bail!(
                "[{section}] shows no `client_certificate` to {to}, which is spoken to without TLS"
            );
        }
        let host: HostPattern = to.host().parse().with_context(|| format!("[{section}]"))?;
        let (networks, named, is_loopback) = (self.networks()?, to.address(), to.is_loopback());
        let is_allowed = move |address: std::net::IpAddr| {
            named == Some(address)
                || (is_loopback && address.is_loopback())
                || networks.iter().any(|network| network.contains(address))
        };
        Ok(AddressRule {
            hosts: vec![host],
            private_is_allowed: Some(Box::new(is_allowed)),
            plaintext: self.plaintext,
        })
    }

    fn client(&self, to: &Endpoint) -> Result<Client> {
        let ca_file = (!is_empty(self.ca_file)).then_some(&**self.ca_file);
        let (chain, key) = self.client;
        let shown = (!is_empty(chain))
            .then(|| ClientCertificate { chain: chain.clone(), key: key.clone() });
        let tls = trust_as(ca_file, shown).with_context(|| format!("TLS of [{}]", self.section))?;
        Ok(Client::new(self.rule(to)?, tls, Duration::from_secs(self.timeout_s.into())))
    }

    fn networks(&self) -> Result<Vec<Network>> {
        let network = |text: &String| {
            text.parse().with_context(|| format!("`networks` in [{}]: `{text}`", self.section))
        };
        self.networks.iter().map(network).collect()
    }
}

fn parse_url(text: &str) -> Result<Option<Url>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| anyhow!("{error}"))
}

/// Who is spoken to over HTTP without TLS.
pub(super) const fn to_loopback(is_allowed: bool) -> Plaintext {
    if is_allowed { Plaintext::ToLoopback } else { Plaintext::ToNobody }
}

fn terms(
    name: &'static str,
    from: From,
    is_required: bool,
    stuck_after_s: u32,
    behind_max_s: u32,
) -> Terms {
    let duration = |seconds: u32| Duration::from_secs(seconds.into());
    let from = match from {
        From::Now => keyward_sink::Start::Now,
        From::Oldest => keyward_sink::Start::Oldest,
    };
    let stuck_after = duration(stuck_after_s);
    let behind_max = (behind_max_s != 0).then(|| duration(behind_max_s));
    Terms { name, from, is_required, stuck_after, behind_max }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn a_sink_that_could_not_work_is_refused() {
        for (text, is_sound) in [
            ("[audit_webhook]\nurl = 'https://hooks.example.com/x'", true),
            ("[audit_webhook]\nurl = 'hooks.example.com'", false),
            ("[audit_webhook]\nurl = 'http://127.0.0.1:1/x'", false),
            ("[audit_webhook]\nurl = 'http://127.0.0.1:1/x'\nallow_http_to_loopback = true", true),
            (
                "[audit_webhook]\nurl = 'http://hooks.example.com'\nallow_http_to_loopback = true",
                false,
            ),
            ("[audit_webhook]\nattempts_max = 0", false),
            ("[audit_webhook]\nin_flight_max = 64", true),
            ("[audit_webhook]\nin_flight_max = 0", false),
            ("[audit_webhook]\nin_flight_max = 65", false),
            ("[audit_webhook]\nclient_certificate = '/a'\nclient_key = '/b'", true),
            ("[audit_webhook]\nclient_certificate = '/a'", false),
            ("[audit_otlp]\nclient_key = '/b'", false),
            (
                "[audit_syslog]\naddress = 'tls://siem.example.com'\n\
                 client_certificate = '/a'\nclient_key = '/b'",
                true,
            ),
            (
                "[audit_syslog]\naddress = 'tcp://localhost'\n\
                 client_certificate = '/a'\nclient_key = '/b'",
                false,
            ),
            ("[audit_webhook]\napi_calls = 'some'", false),
            ("[audit_webhook]\nfrom = 'then'", false),
            ("[audit_webhook]\nnetworks = ['10.0.0.0/33']", false),
            ("[audit_syslog]\naddress = 'tls://siem.example.com'", true),
            ("[audit_syslog]\naddress = 'tls://[::1]:6514'", true),
            ("[audit_syslog]\naddress = 'unix:/dev/log'", true),
            ("[audit_syslog]\naddress = 'unix:log'", false),
            ("[audit_syslog]\naddress = 'tcp://localhost:514'", true),
            ("[audit_syslog]\naddress = 'tcp://siem.example.com'", false),
            (
                "[audit_syslog]\naddress = 'tcp://siem.example.com'\n\
                 expose_plaintext_to_the_network = true",
                true,
            ),
            ("[audit_syslog]\naddress = 'udp://siem.example.com'", false),
            ("[audit_syslog]\naddress = 'siem.example.com:514'", false),
            ("[audit_syslog]\nfacility = 24", false),
            ("[audit_syslog]\nmessage_bytes_max = 1023", false),
            ("[audit_otlp]\nendpoint = 'https://otel.example.com:4318/'", true),
            ("[audit_otlp]\nendpoint = 'http://otel.example.com:4318'", false),
            ("[audit_otlp]\ntimeout_s = 61", false),
            ("[audit_otlp]\nstuck_after_s = 0", false),
        ] {
            assert_eq!(parse(text).is_ok(), is_sound, "{text}");
        }
    }

    #[test]
    fn no_error_tells_the_path_of_a_receiver() {
        for url in ["http://hooks.example.com/secret", "https://user@hooks.example.com/secret"] {
            let refused = parse(&format!("[audit_webhook]\nurl = '{url}'")).unwrap_err();
            assert!(!format!("{refused:#?}").contains("secret"), "{refused:#}");
        }
    }

    #[test]
    fn logs_are_posted_below_the_endpoint() {
        for endpoint in ["https://otel.example.com/x", "https://otel.example.com/x/"] {
            let otlp = Otlp { endpoint: endpoint.to_owned(), ..Otlp::default() };
            let expected = "https://otel.example.com/x/v1/logs".parse().unwrap();
            assert_eq!(otlp.url().unwrap(), Some(expected));
        }
        assert_eq!(Otlp::default().url().unwrap(), None);
    }

    #[test]
    fn the_journal_is_kept_for_the_sinks_that_are_there_and_required() {
        let sinks = |more: &str| {
            let text = format!(
                "[audit_otlp]\nendpoint = 'https://otel.example.com'\n{more}\
                 [audit_syslog]\naddress = 'unix:/dev/log'"
            );
            parse(&text).unwrap().required_sinks().unwrap()
        };
        assert_eq!(sinks(""), ["syslog", "otlp"]);
        assert_eq!(sinks("required = false\n"), ["syslog"]);
    }
}
