//! The private CA of a deployment and the server's certificate, for `keyward init --tls-name`.
//!
//! ```text
//! tls/ca.pem          what clients trust (`ca_bundle`)
//! tls/ca-key.pem      signs the server's certificates
//! tls/server.pem      the server's certificate
//! tls/server-key.pem  its private key; a renewal keeps it, so that one file changes
//! tls/issued.json     names and end of validity, for the renewal
//! tls/lock            locked by whoever writes
//! ```
//!
//! Certificates from elsewhere are named in the configuration and never touched.

mod watch;

use std::fs::File;
use std::io;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keyward_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::private_file;

pub(crate) use watch::CertificateWatch;

/// Names a certificate may carry.
const NAMES_MAX: usize = 100;
/// A certificate ends a little after a year; clients of some platforms refuse longer ones.
const SERVER_DAYS: i64 = 397;
const CA_DAYS: i64 = 3650;
/// How long before its end a certificate is renewed.
const RENEWAL_DAYS: i64 = 60;
/// Clients whose clock is slow accept a certificate made just now.
const BACKDATED: Duration = Duration::hours(1);
const FILE_BYTES_MAX: usize = 64 * 1024;
/// The names by which the server's own machine reaches it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The certificates made here.
#[derive(Clone, Debug)]
pub(crate) struct PrivateCa(PathBuf);

/// What was issued last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issued {
    /// The names given, without those of the loopback.
    names: Vec<String>,
    ca_name: String,
    server_ends_s: i64,
}

impl PrivateCa {
    /// The one in this directory, made or not.
    pub(crate) const fn at(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Makes a CA and a certificate for these names.
    pub(crate) fn create(&self, names: &[String], now: Timestamp) -> Result<()> {
        require_names(names)?;
        let _turn = self.turn()?;
        let now = date(now)?;
        let ca_key = KeyPair::generate()?;
        let ca_name = format!("Keyward private CA, {}", now.date());
        let ca = ca_params(&ca_name, now)?.self_signed(&ca_key)?;
        let server_key = KeyPair::generate()?;
        self.write("ca-key.pem", &Zeroizing::new(ca_key.serialize_pem()))?;
        self.write("server-key.pem", &Zeroizing::new(server_key.serialize_pem()))?;
        self.write("ca.pem", &ca.pem())?;
        self.issue(names, &ca_name, now)
    }

    /// Issues the server's certificate anew, for these names or the ones it had.
    pub(crate) fn renew(&self, names: &[String], now: Timestamp) -> Result<()> {
        self.require_issued()?;
        let _turn = self.turn()?;
        let issued = self.require_issued()?;
        let names = if names.is_empty() { &issued.names } else { names };
        require_names(names)?;
        self.issue(names, &issued.ca_name, date(now)?)
    }

    /// Renews the server's certificate if its end is near; whether it did.
    pub(crate) fn renew_if_due(&self, now: Timestamp) -> Result<bool> {
        let Some(issued) = self.issued()? else { return Ok(false) };
        let is_due = issued.server_ends_s - now.unix_s() < RENEWAL_DAYS * 86_400;
        if is_due {
            self.renew(&[], now)?;
        }
        Ok(is_due)
    }

    /// The first name given by which clients can reach the server: a wildcard is none.
    pub(crate) fn first_name(&self) -> Result<Option<String>> {
        let names = self.issued()?.map(|issued| issued.names).unwrap_or_default();
        Ok(names.into_iter().find(|name| !name.starts_with('*')))
    }

    /// Whether one was meant to be here. A directory from which files are missing says so too: its
    /// server must not fall back to plain HTTP.
    pub(crate) fn is_wanted(&self) -> Result<bool> {
        match self.0.symlink_metadata() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| self.0.display().to_string()),
        }
    }

    /// What clients trust.
    pub(crate) fn ca_bundle(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// The server's certificate.
    pub(crate) fn server_certificate(&self) -> PathBuf {
        self.0.join("server.pem")
    }

    /// The private key of the server's certificate.
    pub(crate) fn server_key(&self) -> PathBuf {
        self.0.join("server-key.pem")
    }

    fn issue(&self, names: &[String], ca_name: &str, now: OffsetDateTime) -> Result<()> {
        let ca_key = read_key(&self.0.join("ca-key.pem"))?;
        let server_key = read_key(&self.server_key())?;
        let ca = ca_params(ca_name, now)?;
        let params = server_params(names, now)?;
        let certificate = params.signed_by(&server_key, &Issuer::from_params(&ca, &ca_key))?;
        self.write("server.pem", &certificate.pem())?;
        let issued = Issued {
            names: names.to_vec(),
            ca_name: ca_name.to_owned(),
            server_ends_s: params.not_after.unix_timestamp(),
        };
        self.write("issued.json", &serde_json::to_string(&issued)?)
    }

    /// Waits until nobody else writes here: a server renews while an operator does.
    fn turn(&self) -> Result<File> {
        let path = self.0.join("lock");
        let lock = private_file::open_lock(&path).and_then(|file| file.lock().map(|()| file));
        lock.with_context(|| format!("could not lock {}", path.display()))
    }

    fn require_issued(&self) -> Result<Issued> {
        self.issued()?.with_context(|| {
            format!("{} holds no private CA; `keyward init --tls-name` makes one", self.0.display())
        })
    }

    fn issued(&self) -> Result<Option<Issued>> {
        let path = self.0.join("issued.json");
        let Some(text) = private_file::read(&path, FILE_BYTES_MAX)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).with_context(|| path.display().to_string())
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        private_file::replace(&path, text.as_bytes())
            .with_context(|| format!("could not write {}", path.display()))
    }
}

fn require_names(names: &[String]) -> Result<()> {
    if names.is_empty() || names.len() > NAMES_MAX {
        bail!("a certificate carries 1 to {NAMES_MAX} names");
    }
    names.iter().try_for_each(|name| require_name(name))
}

/// Refuses what is neither a host name, perhaps with `*.` before it, nor an address.
fn require_name(name: &str) -> Result<()> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let host = name.strip_prefix("*.").unwrap_or(name);
    let is_host = !host.is_empty() && name.len() <= 253 && host.chars().all(is_allowed);
    if is_host || name.parse::<Ipv6Addr>().is_ok() {
        Ok(())
    } else {
        bail!("`{name}` is neither a host name nor an address; a port does not belong to it")
    }
}

/// A name for a certificate, as an argument.
pub(crate) fn parse_name(name: &str) -> Result<String> {
    require_name(name).map(|()| name.to_owned())
}

fn read_key(path: &Path) -> Result<KeyPair> {
    let Some(pem) = private_file::read_secret(path, FILE_BYTES_MAX)? else {
        bail!("there is no {}", path.display());
    };
    let pem = std::str::from_utf8(pem.expose()).context("a private key is not text")?;
    KeyPair::from_pem(pem).with_context(|| path.display().to_string())
}

fn ca_params(name: &str, now: OffsetDateTime) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, now, CA_DAYS)?;
    Ok(params)
}

fn server_params(names: &[String], now: OffsetDateTime) -> Result<CertificateParams> {
    let mut all = names.to_vec();
    for name in LOOPBACK {
        if !names.iter().any(|given| given == name) {
            all.push(name.to_owned());
        }
    }
    let mut params = CertificateParams::new(all)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, "Keyward");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    validity(&mut params, now, SERVER_DAYS)?;
    Ok(params)
}

fn validity(params: &mut CertificateParams, now: OffsetDateTime, days: i64) -> Result<()> {
    let bounds = now.checked_sub(BACKDATED).zip(now.checked_add(Duration::days(days)));
    (params.not_before, params.not_after) = bounds.context("the clock is out of range")?;
    Ok(())
}

fn date(now: Timestamp) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(now.unix_s()).context("the clock is out of range")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_790_000_000_000);

    fn ca(names: &[&str]) -> (tempfile::TempDir, PrivateCa) {
        let dir = tempfile::tempdir().unwrap();
        let ca = PrivateCa::at(dir.path().to_owned());
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        ca.create(&names, NOW).unwrap();
        (dir, ca)
    }

    #[test]
    fn every_file_of_the_ca_is_closed_to_others() {
        let (dir, _ca) = ca(&["kms.internal"]);
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", entry.path());
        }
    }

    #[test]
    fn a_renewal_changes_the_certificate_and_keeps_key_names_and_ca() {
        let (_dir, ca) = ca(&["kms.internal", "10.0.0.1"]);
        let read = |path: PathBuf| std::fs::read(path).unwrap();
        let before = [ca.server_certificate(), ca.server_key(), ca.ca_bundle()].map(read);
        ca.renew(&[], NOW.plus_days(30)).unwrap();
        let after = [ca.server_certificate(), ca.server_key(), ca.ca_bundle()].map(read);
        assert_ne!(before[0], after[0]);
        assert_eq!(before[1..], after[1..]);
        assert_eq!(ca.first_name().unwrap().as_deref(), Some("kms.internal"));
    }

    #[test]
    fn a_certificate_is_renewed_two_months_before_its_end() {
        let (_dir, ca) = ca(&["kms.internal"]);
        assert!(!ca.renew_if_due(NOW.plus_days(336)).unwrap());
        assert!(ca.renew_if_due(NOW.plus_days(338)).unwrap());
        assert!(!ca.renew_if_due(NOW.plus_days(339)).unwrap());
    }

    #[test]
    fn renewals_at_the_same_time_wait_for_each_other() {
        let (dir, ca) = ca(&["kms.internal"]);
        std::thread::scope(|scope| {
            let renew = || ca.renew(&[], NOW.plus_days(1));
            let all: Vec<_> = (0..16).map(|_| scope.spawn(renew)).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
        let count = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(count, 6, "a file was left behind");
    }

    #[test]
    fn nothing_is_renewed_where_there_is_no_ca() {
        let dir = tempfile::tempdir().unwrap();
        let ca = PrivateCa::at(dir.path().to_owned());
        assert!(!ca.renew_if_due(NOW).unwrap());
        assert!(ca.renew(&[], NOW).unwrap_err().to_string().contains("no private CA"));
        assert_eq!(ca.first_name().unwrap(), None);
    }

    #[test]
    fn clients_are_not_sent_to_a_wildcard() {
        let (_dir, both) = ca(&["*.example.org", "fd00::1", "kms.internal"]);
        assert_eq!(both.first_name().unwrap().as_deref(), Some("fd00::1"));
        let (_dir, wild) = ca(&["*.example.org"]);
        assert_eq!(wild.first_name().unwrap(), None);
    }

    #[test]
    fn what_is_no_host_name_is_refused() {
        for name in
            ["", "a b", "http://a", "a/b", "a\n", "kms:7600", "*", "a.*.b", "[::1]", "1::2::3"]
        {
            let dir = tempfile::tempdir().unwrap();
            let ca = PrivateCa::at(dir.path().to_owned());
            assert!(ca.create(&[name.to_owned()], NOW).is_err(), "{name:?}");
        }
    }
}
