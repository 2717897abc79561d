//! The key sets of issuers: from files, or fetched and kept for a while.
//!
//! Many requests for one issuer fetch once. A set is fetched again when it has aged, or when a token
//! names a key that is not in it, but not more often than every half a minute: whoever sends tokens
//! cannot make this service a nuisance to others. When an issuer does not answer, its last set is
//! good for some hours more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keyward_model::Clock;
use keyward_outbound::{AddressRule, Client, NotAUrl, OutboundError, Url};
use quick_cache::sync::Cache;
use rustls::ClientConfig;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::sync::{Mutex, Semaphore};

use crate::KeySet;
use crate::jwks::KEY_SET_BYTES_MAX;

/// How long a set is taken as it is.
const FRESH: Duration = Duration::from_mins(15);
/// How long a set is good when its issuer does not answer.
const GOOD: Duration = Duration::from_hours(6);
/// How long after one fetch, good or not, the next may be.
const PAUSE: Duration = Duration::from_secs(30);
/// The longest discovery document.
const DISCOVERY_BYTES_MAX: usize = 64 << 10;
/// How many issuers are remembered.
const ISSUERS_MAX: usize = 1000;
/// How many fetches run at once.
const FETCHES_MAX: usize = 8;

/// Where key sets come from.
pub struct Settings {
    /// Where the outbound client may go.
    pub rule: AddressRule,
    /// Whom it believes.
    pub tls: Arc<ClientConfig>,
    /// How long a fetch may take.
    pub deadline: Duration,
    /// Key sets in files, by issuer. These issuers are never asked.
    pub jwks_files: BTreeMap<String, PathBuf>,
}

/// The key sets of issuers.
pub struct Issuers {
    client: Client,
    files: BTreeMap<String, PathBuf>,
    clock: Arc<dyn Clock>,
    known: Cache<String, Arc<Mutex<State>>>,
    fetches: Semaphore,
}

/// Why there is no key set.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The issuer was not reached: trying again may help.
    #[error("the issuer was not reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was found is no key set, or nobody may look for one.
    #[error("no keys of the issuer are to be had")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is known of an issuer.
#[derive(Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    /// When `keys` were fetched.
    fetched_at: Duration,
    /// When a fetch was last tried.
    tried_at: Option<Duration>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("too many issuers are being asked")]
    Busy,
    #[error("the discovery document is not the issuer's")]
    Discovery,
    #[error(transparent)]
    Fetch(#[from] OutboundError),
    #[error("the file of keys cannot be read")]
    File(#[source] std::io::Error),
    #[error("asked a moment ago, without success")]
    JustTried,
    #[error(transparent)]
    KeySet(#[from] crate::NotAKeySet),
    #[error(transparent)]
    Url(#[from] NotAUrl),
}

impl Issuers {
    /// Knows no issuer yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let Settings { rule, tls, deadline, jwks_files } = settings;
        Self {
            client: Client::new(rule, tls, deadline),
            files: jwks_files,
            clock,
            known: Cache::new(ISSUERS_MAX),
            fetches: Semaphore::new(FETCHES_MAX),
        }
    }

    /// The keys of an issuer, with the one of this id if it has it. Callers have seen that somebody
    /// registered the issuer.
    pub async fn key_set(
        &self,
        issuer: &str,
        key_id: Option<&str>,
    ) -> Result<Arc<KeySet>, KeysError> {
        let state = self.known.get_or_insert_with(issuer, || Ok(Arc::default()));
        let state = state.unwrap_or_else(|never: std::convert::Infallible| match never {});
        let mut state = state.lock().await;
        let now = self.clock.monotonic();
        if let Some(keys) = state.fresh(key_id, now) {
            return Ok(keys);
        }
        let is_too_soon = state.tried_at.is_some_and(|at| now < at.saturating_add(PAUSE));
        let found = if is_too_soon { Err(Trouble::JustTried) } else { self.find(issuer).await };
        if !is_too_soon {
            state.tried_at = Some(now);
        }
        match found {
            Ok(keys) => {
                let keys = Arc::new(keys);
                state.keys = Some(Arc::clone(&keys));
                state.fetched_at = now;
                Ok(keys)
            }
            Err(trouble) => state.good(now).ok_or_else(|| trouble.into()),
        }
    }

    async fn find(&self, issuer: &str) -> Result<KeySet, Trouble> {
        if let Some(file) = self.files.get(issuer) {
            return Ok(KeySet::parse(&read(file).await?)?);
        }
        let Ok(_permit) = self.fetches.try_acquire() else { return Err(Trouble::Busy) };
        let discovery = discovery_url(issuer)?;
        let discovery = self.client.get(&discovery, DISCOVERY_BYTES_MAX).await?;
        let discovery: Discovery =
            serde_json::from_slice(&discovery).map_err(|_| Trouble::Discovery)?;
        // OpenID Connect Discovery, 4.3: one issuer must not speak for another.
        if discovery.issuer != issuer {
            return Err(Trouble::Discovery);
        }
        let keys = self.client.get(&discovery.jwks_uri.parse()?, KEY_SET_BYTES_MAX).await?;
        Ok(KeySet::parse(&keys)?)
    }
}

impl State {
    /// The keys, if they need not be fetched.
    fn fresh(&self, key_id: Option<&str>, now: Duration) -> Option<Arc<KeySet>> {
        let keys = self.keys.as_ref()?;
        let is_fresh = now < self.fetched_at.saturating_add(FRESH);
        (is_fresh && keys.holds(key_id)).then(|| Arc::clone(keys))
    }

    /// The keys, if they can still be used.
    fn good(&self, now: Duration) -> Option<Arc<KeySet>> {
        let keys = self.keys.as_ref()?;
        (now < self.fetched_at.saturating_add(GOOD)).then(|| Arc::clone(keys))
    }
}

impl From<Trouble> for KeysError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Busy
            | Trouble::JustTried
            | Trouble::Fetch(OutboundError::Silent(_) | OutboundError::Connection(..)) => {
                Self::Unreachable(Box::new(trouble))
            }
            Trouble::Discovery
            | Trouble::Fetch(OutboundError::NotAllowed(_) | OutboundError::Answer(_))
            | Trouble::File(_)
            | Trouble::KeySet(_)
            | Trouble::Url(_) => Self::Unusable(Box::new(trouble)),
        }
    }
}

/// The address of an issuer's discovery document (OpenID Connect Discovery, 4.1).
fn discovery_url(issuer: &str) -> Result<Url, NotAUrl> {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')).parse()
}

async fn read(file: &PathBuf) -> Result<Vec<u8>, Trouble> {
    let file = tokio::fs::File::open(file).await.map_err(Trouble::File)?;
    let mut text = Vec::new();
    let bound = u64::try_from(KEY_SET_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut text).await.map_err(Trouble::File)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_discovery_document_stands_below_the_issuer() {
        for issuer in ["https://id.example.com/x", "https://id.example.com/x/"] {
            let expected = "https://id.example.com/x/.well-known/openid-configuration";
            assert_eq!(discovery_url(issuer), expected.parse());
        }
    }
}
