//! The AWS profiles of a deployment: `DIR/aws/credentials` and `DIR/aws/config`.
//!
//! `default` and `keyward` stand for the first account, `keyward-N` for account N; `-admin` behind
//! either is that account's user `admin`. `keyward-service-NAME` is a registered service. Only our own
//! keys of our own profiles are written; what an operator added stays. Nothing here knows how a
//! credential is made or which server listens where.

mod ini;

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keyward_engine::{NewAccount, NewCredential};
use keyward_model::AccountId;
use zeroize::Zeroizing;

use crate::certificate::PrivateCa;
use crate::data_dir::DataDir;
use crate::private_file;
use crate::shell::quoted;

/// A file of profiles is read up to here: some thousand accounts.
const FILE_BYTES_MAX: usize = 1024 * 1024;
/// The profile of the first account.
const FIRST: &str = "keyward";
/// The profile of the first account's user `admin`, with whom work is done.
const ADMINISTRATOR: &str = "keyward-admin";
/// The profile that clients take when none is named.
const DEFAULT: &str = "default";

const ACCESS_KEY: &str = "aws_access_key_id";
const CA_BUNDLE: &str = "ca_bundle";
/// The account of a profile's credentials, by the name that AWS clients know.
const ACCOUNT: &str = "aws_account_id";

/// A key of a profile with its value.
type Setting = (&'static str, Zeroizing<String>);

/// Where clients find the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `endpoint_url`.
    pub(crate) url: String,
    /// `ca_bundle`: the certificate that clients trust, when it is one of our own.
    pub(crate) ca_bundle: Option<PathBuf>,
}

impl Endpoint {
    /// The endpoint of a server that shows the certificate of our own CA. One that listens on
    /// loopback is not reached by the name that others will use, and `localhost` is in its
    /// certificate as well.
    pub(crate) fn under(ca: &PrivateCa, listens: SocketAddr) -> Result<Self> {
        let own = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        let host = if own.contains(&listens.ip()) {
            "localhost".to_owned()
        } else {
            match ca.first_name()? {
                Some(name) if name.contains(':') => format!("[{name}]"),
                Some(name) => name,
                None => "localhost".to_owned(),
            }
        };
        let url = format!("https://{host}:{}", listens.port());
        Ok(Self { url, ca_bundle: Some(ca.ca_bundle()) })
    }
}

/// The profile files of a data directory.
pub(crate) struct Profiles {
    credentials: PathBuf,
    config: PathBuf,
    /// The `ca_bundle` that is written here, and so may be taken out again.
    own_bundle: PathBuf,
}

impl Profiles {
    /// The profile files of this directory.
    pub(crate) fn of(dir: &DataDir) -> Result<Self> {
        private_file::make_directory(&dir.aws())?;
        Ok(Self {
            credentials: dir.aws().join("credentials"),
            config: dir.aws().join("config"),
            own_bundle: PrivateCa::at(dir.tls()).ca_bundle(),
        })
    }

    /// Writes the profiles of the first account, in place of whatever an unfinished init left.
    pub(crate) fn write_first(
        &self,
        account: &NewAccount,
        region: &str,
        endpoint: &Endpoint,
    ) -> Result<()> {
        let mut settings = vec![("region", Zeroizing::new(region.to_owned()))];
        settings.extend(pointers(endpoint)?);
        self.put(&[DEFAULT, FIRST], &account.root, &settings)?;
        self.put(&[ADMINISTRATOR], &account.administrator, &settings)
    }

    /// Writes a credential into the profiles of its account, and tells which to name. A profile
    /// that is new takes Region and endpoint of the first account's.
    pub(crate) fn put_credential(
        &self,
        credential: &NewCredential,
        first_account: AccountId,
    ) -> Result<String> {
        self.require_own(credential.account, first_account)?;
        let profile = Self::name(credential.account, Some(first_account));
        self.put_beside(&profile, credential)?;
        Ok(profile)
    }

    /// Writes a credential into the profile of this name. One that is new takes Region and endpoint
    /// of the first account's.
    pub(crate) fn put_beside(&self, profile: &str, credential: &NewCredential) -> Result<()> {
        let config = read(&self.config)?;
        let is_missing = |key: &&str| ini::find(&config, &section(profile), key).is_none();
        let inherited: Vec<_> = ["region", "endpoint_url", CA_BUNDLE]
            .into_iter()
            .filter(is_missing)
            .filter_map(|key| {
                Some((key, Zeroizing::new(ini::find(&config, &section(FIRST), key)?.to_owned())))
            })
            .collect();
        self.put(&with_default(profile), credential, &inherited)
    }

    /// Refuses to write over the credentials of another account.
    pub(crate) fn require_own(&self, account: AccountId, first_account: AccountId) -> Result<()> {
        let credentials = read(&self.credentials)?;
        for profile in with_default(&Self::name(account, Some(first_account))) {
            match ini::find(&credentials, profile, ACCOUNT) {
                Some(other) if other != account.as_str() => bail!(
                    "the profile `{profile}` in {} holds the credentials of account {other}; \
                     rename it first",
                    self.credentials.display()
                ),
                _ => {}
            }
        }
        Ok(())
    }

    /// The profile to name for an account.
    pub(crate) fn name(account: AccountId, first_account: Option<AccountId>) -> String {
        if first_account == Some(account) { FIRST.to_owned() } else { format!("{FIRST}-{account}") }
    }

    /// The profile of an account's user `admin`.
    pub(crate) fn of_administrator(account: AccountId, first_account: AccountId) -> String {
        format!("{}-admin", Self::name(account, Some(first_account)))
    }

    /// The profile of a service as it is registered in an account.
    pub(crate) fn of_service(
        service: &str,
        account: AccountId,
        first_account: AccountId,
    ) -> String {
        let account = if account == first_account { String::new() } else { format!("-{account}") };
        format!("{FIRST}-service-{service}{account}")
    }

    /// Points every profile of ours to where the server listens now.
    pub(crate) fn point(&self, endpoint: &Endpoint) -> Result<()> {
        let before = read(&self.config)?;
        let mut after = before.clone();
        let ours = |name: &str| {
            let profile = name.strip_prefix("profile ").unwrap_or(name);
            profile == DEFAULT || profile == FIRST || profile.starts_with("keyward-")
        };
        let values = pointers(endpoint)?;
        for name in ini::sections(&before).filter(|name| ours(name)) {
            let is_own = |bundle| self.own_bundle.as_path() == Path::new(bundle);
            let is_stale = endpoint.ca_bundle.is_none()
                && ini::find(&before, name, CA_BUNDLE).is_some_and(is_own);
            after = ini::set(&after, name, &values);
            if is_stale {
                after = ini::remove(&after, name, CA_BUNDLE);
            }
        }
        if *after == *before { Ok(()) } else { write(&self.config, &after) }
    }

    /// The first account and its access key, as far as the file tells.
    pub(crate) fn first(&self) -> Result<(Option<String>, Option<String>)> {
        let credentials = read(&self.credentials)?;
        let find = |key| ini::find(&credentials, FIRST, key).map(str::to_owned);
        Ok((find(ACCOUNT), find(ACCESS_KEY)))
    }

    /// The lines that make a shell use the first profile.
    pub(crate) fn environment(&self) -> Result<String> {
        let config = read(&self.config)?;
        let mut variables = vec![
            ("AWS_CONFIG_FILE", self.config.to_string_lossy()),
            ("AWS_SHARED_CREDENTIALS_FILE", self.credentials.to_string_lossy()),
            ("AWS_PROFILE", ADMINISTRATOR.into()),
        ];
        // Clients have it from the profile, unless their environment names another bundle.
        if let Some(bundle) = ini::find(&config, &section(FIRST), CA_BUNDLE) {
            variables.push(("AWS_CA_BUNDLE", bundle.into()));
        }
        let mut lines = String::new();
        for (name, value) in variables {
            writeln!(lines, "export {name}={}", quoted(&value))?;
        }
        Ok(lines)
    }

    /// Credentials first: a config without them fails plainly, and the secret is shown only now.
    fn put(
        &self,
        profiles: &[&str],
        credential: &NewCredential,
        settings: &[Setting],
    ) -> Result<()> {
        let secret = std::str::from_utf8(credential.secret.expose())
            .context("a secret access key is not text")?;
        let mut credentials = read(&self.credentials)?;
        let mut config = read(&self.config)?;
        for profile in profiles {
            let triple = [
                (ACCESS_KEY, Zeroizing::new(credential.access_key_id.as_str().to_owned())),
                ("aws_secret_access_key", Zeroizing::new(secret.to_owned())),
                (ACCOUNT, Zeroizing::new(credential.account.as_str().to_owned())),
            ];
            credentials = ini::set(&credentials, profile, &triple);
            config = ini::set(&config, &section(profile), settings);
        }
        write(&self.credentials, &credentials)?;
        write(&self.config, &config)
    }
}

/// The profile with those that stand for the same account.
fn with_default(profile: &str) -> Vec<&str> {
    if profile == FIRST { vec![DEFAULT, FIRST] } else { vec![profile] }
}

/// In the config file every profile but `default` has a prefix.
fn section(profile: &str) -> String {
    if profile == DEFAULT { profile.to_owned() } else { format!("profile {profile}") }
}

/// What a profile says of the server.
fn pointers(endpoint: &Endpoint) -> Result<Vec<Setting>> {
    let mut pointers = vec![("endpoint_url", Zeroizing::new(endpoint.url.clone()))];
    if let Some(path) = &endpoint.ca_bundle {
        let Some(text) = path.to_str() else { bail!("the path {} is not text", path.display()) };
        pointers.push((CA_BUNDLE, Zeroizing::new(text.to_owned())));
    }
    Ok(pointers)
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    Ok(private_file::read(path, FILE_BYTES_MAX)?.unwrap_or_default())
}

fn write(path: &Path, text: &str) -> Result<()> {
    private_file::replace(path, text.as_bytes())
        .with_context(|| format!("could not write {}", path.display()))
}

#[cfg(test)]
mod tests;
