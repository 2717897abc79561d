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
        "audit",
        "bucket",
        "The directory below DIR/audit that log files and digests are delivered to, in the layout\n\
         of CloudTrail; with the prefix before their names, if there is one.",
    ),
    ("audit", "prefix", ""),
    ("audit", "trail_name", "What the trail is called in the names of digests."),
    ("audit", "file_age_s", "How long a record waits at most for its log file, in seconds."),
    ("audit", "file_bytes_max", "How long a log file may be before it is compressed."),
    ("audit", "history_days", "How far back LookupEvents reaches, in days."),
    ("audit", "files_days", "How long log files and digests are kept, in days. 0: for ever."),
    (
        "audit",
        "journal_days",
        "How long the journal is kept once its records are in log files and with every sink.",
    ),
    ("audit", "signing_key_days", "The age at which a key that signs digests is replaced."),
    (
        "audit_webhook",
        "url",
        "Where events in EventBridge's form are posted, one each: of rotation, expiry and deletion.\n\
         Empty: nowhere. Receivers may get one more than once, always with the same `webhook-id`.",
    ),
    (
        "audit_webhook",
        "secret_file",
        "A file with the secret that events are signed with (Standard Webhooks): `whsec_` and\n\
         Base64, or a text of 24 bytes or more; further lines are further secrets.",
    ),
    ("audit_webhook", "headers_file", "A file with further headers, one a line: `Name: value`."),
    ("audit_webhook", "api_calls", "Which calls are events as well: `none`, `writes` or `all`."),
    (
        "audit_webhook",
        "in_flight_max",
        "How many events are posted at the same time. With 1 they come in order.",
    ),
    (
        "audit_webhook",
        "attempts_max",
        "How often an event is sent before it becomes a line of DIR/audit/dead-letters.jsonl; with\n\
         `required`, it is sent until it is taken.",
    ),
    (
        "audit_webhook",
        "networks",
        "Private addresses or networks (10.0.0.0/8) that the receiver's name may lead to.",
    ),
    (
        "audit_webhook",
        "ca_file",
        "Certificates in PEM that are trusted for it beside the machine's authorities.",
    ),
    (
        "audit_webhook",
        "client_certificate",
        "The certificate chain and its private key, in PEM, that the receiver is shown if it asks.\n\
         They are read again when they were replaced.",
    ),
    ("audit_webhook", "client_key", ""),
    ("audit_webhook", "timeout_s", "How long the receiver may take, in seconds."),
    ("audit_webhook", "allow_http_to_loopback", "Post without TLS to this machine itself."),
    (
        "audit_webhook",
        "from",
        "Where a sink begins that never ran: `now`, or the `oldest` record of the journal.",
    ),
    (
        "audit_webhook",
        "required",
        "Refuse requests while the sink is stuck, so that nothing is done that its receiver would\n\
         not hear of.",
    ),
    (
        "audit_webhook",
        "stuck_after_s",
        "How long records may wait without one being taken before it is stuck, in seconds.",
    ),
    (
        "audit_webhook",
        "behind_max_s",
        "How long a record may wait, in seconds, although others are taken; what is further behind\n\
         counts as stuck. 0: any time.",
    ),
    (
        "audit_syslog",
        "address",
        "Where records go as messages of RFC 5424: `tls://HOST:6514`, `tcp://HOST:514` or\n\
         `unix:/dev/log`. Empty: nowhere. Syslog does not acknowledge: what a receiver loses after\n\
         it was sent is lost to it.",
    ),
    (
        "audit_syslog",
        "facility",
        "The number of the facility: 13 is `log audit`, 16 to 23 are local0 to local7.",
    ),
    ("audit_syslog", "message_bytes_max", "The longest message; what is longer is cut."),
    (
        "audit_syslog",
        "networks",
        "Private addresses or networks (10.0.0.0/8) that the receiver's name may lead to.",
    ),
    (
        "audit_syslog",
        "ca_file",
        "Certificates in PEM that are trusted for it beside the machine's authorities.",
    ),
    (
        "audit_syslog",
        "client_certificate",
        "The certificate chain and its private key, in PEM, that the receiver is shown if it asks.\n\
         They are read again when they were replaced.",
    ),
    ("audit_syslog", "client_key", ""),
    ("audit_syslog", "timeout_s", "How long the receiver may take, in seconds."),
    (
        "audit_syslog",
        "expose_plaintext_to_the_network",
        "Send over TCP without TLS to other machines. Records cross the network readable.",
    ),
    (
        "audit_syslog",
        "from",
        "Where a sink begins that never ran: `now`, or the `oldest` record of the journal.",
    ),
    (
        "audit_syslog",
        "required",
        "Refuse requests while the sink is stuck, so that nothing is done that its receiver would\n\
         not hear of.",
    ),
    (
        "audit_syslog",
        "stuck_after_s",
        "How long records may wait without one being taken before it is stuck, in seconds.",
    ),
    (
        "audit_syslog",
        "behind_max_s",
        "How long a record may wait, in seconds, although others are taken; what is further behind\n\
         counts as stuck. 0: any time.",
    ),
    (
        "audit_otlp",
        "endpoint",
        "Where records go as log records of OpenTelemetry, over HTTP in JSON, to `/v1/logs` below it:\n\
         `https://HOST:4318`. Empty: nowhere.",
    ),
    ("audit_otlp", "headers_file", "A file with further headers, one a line: `Name: value`."),
    (
        "audit_otlp",
        "networks",
        "Private addresses or networks (10.0.0.0/8) that the receiver's name may lead to.",
    ),
    (
        "audit_otlp",
        "ca_file",
        "Certificates in PEM that are trusted for it beside the machine's authorities.",
    ),
    (
        "audit_otlp",
        "client_certificate",
        "The certificate chain and its private key, in PEM, that the receiver is shown if it asks.\n\
         They are read again when they were replaced.",
    ),
    ("audit_otlp", "client_key", ""),
    ("audit_otlp", "timeout_s", "How long the receiver may take, in seconds."),
    ("audit_otlp", "allow_http_to_loopback", "Post without TLS to this machine itself."),
    (
        "audit_otlp",
        "from",
        "Where a sink begins that never ran: `now`, or the `oldest` record of the journal.",
    ),
    (
        "audit_otlp",
        "required",
        "Refuse requests while the sink is stuck, so that nothing is done that its receiver would\n\
         not hear of.",
    ),
    (
        "audit_otlp",
        "stuck_after_s",
        "How long records may wait without one being taken before it is stuck, in seconds.",
    ),
    (
        "audit_otlp",
        "behind_max_s",
        "How long a record may wait, in seconds, although others are taken; what is further behind\n\
         counts as stuck. 0: any time.",
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
