//! The configuration with an explanation of each setting.

use std::fmt::Write;

use anyhow::Result;
use toml::{Table, Value};

use super::Config;

const TITLE: &str = "\
# Keyward's configuration. `keyward serve --print-config` prints it as it is in force.
# Every setting can be given as an environment variable: KEYWARD_SERVER_LISTEN is `listen` in
# [server]. Arguments win over the environment, the environment over this file.
";

/// Section, setting, explanation: in the order of printing.
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("server", "listen", "The address and port to serve on. Port 0 takes any free one."),
    (
        "server",
        "endpoint_url",
        "What the AWS profiles in DIR/aws name as endpoint. Empty: where the server listens.",
    ),
    (
        "server",
        "expose_plaintext_http_to_the_network",
        "Serve an address other machines reach without TLS. Plaintexts cross the network readable.",
    ),
    (
        "server",
        "trusted_proxies",
        "Addresses or networks (10.0.0.0/8) whose X-Forwarded-For and PROXY headers count.",
    ),
    ("server", "proxy_protocol", "Expect a PROXY protocol header from the trusted proxies."),
    ("server", "connections_max", "Connections at the same time; more wait to be accepted."),
    ("server", "shutdown_grace_s", "How long a stop waits for requests under way, in seconds."),
    (
        "tls",
        "certificate",
        "The certificate chain and its private key, in PEM. Empty: those that `keyward init\n\
         --tls-name` made in DIR/tls, and plain HTTP if it made none.",
    ),
    ("tls", "private_key", ""),
    ("metrics", "listen", "The address and port of Prometheus metrics. Empty: no metrics."),
    (
        "metrics",
        "keys",
        "ARNs of keys whose uses are counted one by one, at most 100; all others are counted together.",
    ),
    ("log", "format", "`text` or `json`, on stderr."),
    (
        "log",
        "level",
        "`error`, `warn`, `info`, `debug` or `trace`; by part as well: `info,keyward_server=debug`.\n\
         hyper, h2 and rustls may log headers, so never more than their warnings is shown.",
    ),
    (
        "audit",
        "durability",
        "What an audit record survives before the reply leaves: `written` the death of the\n\
         process, `fsync` the loss of power.",
    ),
    (
        "hardening",
        "lock_memory",
        "Keep secrets out of swap: `try` warns when the system does not allow it, `require` refuses\n\
         to start, `off` does not ask.",
    ),
    ("schedule", "domain_key_days", "The age at which a domain key is replaced, in days."),
    ("keys", "sm2", "Make keys of spec SM2, which the partition of China always does."),
    (
        "attestation",
        "aws_root",
        "Believe attestation documents of AWS's commercial partition: who sends one as Recipient\n\
         gets replies that only its enclave or NitroTPM instance can read.",
    ),
    (
        "attestation",
        "roots_file",
        "Certificates in PEM whose attesters are believed as well: other partitions, or your own.",
    ),
    ("attestation", "document_age_s_max", "How old a document may be, in seconds."),
    (
        "oidc",
        "hosts",
        "Hosts that may be asked for the keys of identity providers, as AssumeRoleWithWebIdentity\n\
         needs: `id.example.com`, or `*.example.com` for all below it. Empty: nobody is asked.",
    ),
    (
        "oidc",
        "networks",
        "Private addresses or networks (10.0.0.0/8) that those hosts may be at. Public ones may be\n\
         reached always.",
    ),
    (
        "oidc",
        "ca_file",
        "Certificates in PEM that are trusted for it beside the machine's authorities.",
    ),
    ("oidc", "timeout_s", "How long a document may take to come, in seconds."),
    ("oidc", "allow_http_to_loopback", "Fetch without TLS from this machine itself: for tests."),
    (
        "oidc",
        "jwks_files",
        "Issuers that are never asked: { \"https://id.example.com\" = \"/etc/keys.json\" }, a file with\n\
         the issuer's JSON web key set.",
    ),
    (
        "organization",
        "file",
        "A file in JSON that describes the organization of the accounts: Id, Root with Id,\n\
         ServiceControlPolicies, ResourceControlPolicies, Accounts and OrganizationalUnits.",
    ),
    ("quotas", "keys", "Customer managed keys in an account and Region."),
    ("quotas", "aliases_per_key", "Aliases of one key."),
    ("quotas", "grants_per_key", "Grants of one key."),
    ("quotas", "tags_per_key", "Tags of one key."),
    (
        "request_quotas",
        "profile",
        "Requests in a second by account, Region and group of operations; beyond them a request is\n\
         refused with ThrottlingException. `off`: as many as the machine can do. `aws`: the\n\
         defaults of the service, for tests of how a client takes it.",
    ),
    (
        "request_quotas",
        "rates",
        "Other rates for some groups, whatever the profile: { CreateKey = 5, symmetric = 100 }. A\n\
         group is an operation, or one of symmetric, rsa, ecc, ml-dsa, ml-kem and\n\
         data-key-pair-SPEC, which operations share.",
    ),
];

/// The configuration as a file.
pub(super) fn annotated(config: &Config) -> Result<String> {
    let values = Table::try_from(config)?;
    let mut text = TITLE.to_owned();
    let mut open = "";
    for (section, setting, explanation) in EXPLAINED {
        if *section != open {
            write!(text, "\n[{section}]\n")?;
            open = section;
        }
        for line in explanation.lines() {
            writeln!(text, "# {line}")?;
        }
        let value = values.get(*section).and_then(|settings| settings.get(*setting));
        let value = value.unwrap_or(&Value::Boolean(false));
        writeln!(text, "{setting} = {value}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_explained_and_nothing_else_is() {
        let defaults = Table::try_from(Config::default()).unwrap();
        let settings = defaults.iter().flat_map(|(section, settings)| {
            let names = settings.as_table().unwrap().keys();
            names.map(move |name| (section.clone(), name.clone()))
        });
        let mut settings: Vec<_> = settings.collect();
        let mut explained: Vec<_> = EXPLAINED
            .iter()
            .map(|(section, setting, _)| ((*section).to_owned(), (*setting).to_owned()))
            .collect();
        settings.sort();
        explained.sort();
        assert_eq!(settings, explained);
    }
}
