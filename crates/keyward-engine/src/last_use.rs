//! The last successful cryptographic use of each key, as GetKeyLastUsage tells it.
//!
//! Noted in memory, one map access a call; written to the database every minute and at the end,
//! newest wins.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use keyward_audit::JournalError;
use keyward_model::{KeyArn, KeyRef, Timestamp};
use keyward_store::{Change, KeyRecord, LastUseRecord, Scope, ScopedKey, Write};
use serde::Deserialize;
use serde::de::IgnoredAny;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::{Engine, OpError, ScheduleError};

/// How many locks the uses are spread over.
const SHARDS: usize = 64;
const DAY_S: i64 = 24 * 60 * 60;
/// How many uses one change writes.
const BATCH: usize = 256;

/// The uses noted since they were last written.
pub(crate) struct LastUses {
    shards: [Mutex<HashMap<ScopedKey, LastUseRecord>>; SHARDS],
    hasher: RandomState,
}

impl LastUses {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }

    /// Notes a use. Of two, the later one stays.
    pub(crate) fn note(&self, key: &ScopedKey, used: impl FnOnce() -> LastUseRecord) {
        self.with(key, |uses| {
            let used = used();
            match uses.get_mut(key) {
                Some(last) if last.used_at > used.used_at => {}
                Some(last) => *last = used,
                None => drop(uses.insert(key.clone(), used)),
            }
        });
    }

    fn find(&self, key: &ScopedKey) -> Option<LastUseRecord> {
        self.with(key, |uses| uses.get(key).cloned())
    }

    fn with<R>(
        &self,
        key: &ScopedKey,
        act: impl FnOnce(&mut HashMap<ScopedKey, LastUseRecord>) -> R,
    ) -> R {
        let [first, rest @ ..] = &self.shards;
        let slot = usize::from(self.hasher.hash_one(key).to_le_bytes()[0]) % SHARDS;
        let lock = slot.checked_sub(1).and_then(|slot| rest.get(slot)).unwrap_or(first);
        act(&mut lock.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn noted(&self) -> Vec<LastUseRecord> {
        let noted = |shard: &Mutex<HashMap<_, LastUseRecord>>| {
            let uses = shard.lock().unwrap_or_else(PoisonError::into_inner);
            uses.values().cloned().collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(noted).collect()
    }

    /// Forgets a use that is written, unless a later one has been noted.
    fn forget(&self, written: &LastUseRecord) {
        self.with(&written.key, |uses| {
            if uses.get(&written.key) == Some(written) {
                uses.remove(&written.key);
            }
        });
    }
}

/// A record, as far as it tells of a use.
#[derive(Deserialize)]
struct UseRecord<'a> {
    #[serde(rename = "eventTime", borrow)]
    event_time: &'a str,
    #[serde(rename = "eventName", borrow)]
    event_name: &'a str,
    #[serde(rename = "eventID")]
    event_id: Uuid,
    #[serde(rename = "requestID")]
    request_id: Uuid,
    #[serde(rename = "errorCode")]
    error_code: Option<IgnoredAny>,
    resources: Vec<ResourceRecord<'a>>,
    #[serde(rename = "recipientAccountId", borrow)]
    recipient: &'a str,
}

#[derive(Deserialize)]
struct ResourceRecord<'a> {
    #[serde(rename = "ARN", borrow)]
    arn: &'a str,
}

/// Adds the uses a line of the journal tells of.
fn take_uses(uses: &mut Vec<LastUseRecord>, line: &[u8]) {
    let Ok(record) = serde_json::from_slice::<UseRecord<'_>>(line) else { return };
    let Ok(at) = OffsetDateTime::parse(record.event_time, &Rfc3339) else { return };
    if record.error_code.is_some() || !USES.contains(&record.event_name) {
        return;
    }
    for resource in &record.resources {
        let Ok(KeyRef::Arn(arn)) = resource.arn.parse() else { continue };
        // The owner of a key is told the id of its own record.
        if arn.account.as_str() != record.recipient {
            continue;
        }
        let KeyArn { region, account, key_id, .. } = arn;
        uses.push(LastUseRecord {
            key: Scope { account, region }.key(key_id),
            operation: record.event_name.to_owned(),
            used_at: Timestamp::from_unix_ms(at.unix_timestamp().saturating_mul(1000)),
            event_id: record.event_id,
            request_id: record.request_id,
        });
    }
}

/// The operations that count: `KeyLastUsageTrackingOperation`.
const USES: [&str; 14] = [
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
];

impl Engine {
    /// Notes again the uses that an earlier process had noted and not written when it was killed.
    pub async fn recover_last_uses(&self) -> Result<(), JournalError> {
        for last in self.journal().read_recent(take_uses).await? {
            let key = last.key.clone();
            self.last_uses.note(&key, || last);
        }
        Ok(())
    }

    /// When and how the key was last used.
    pub async fn last_use(&self, key: &ScopedKey) -> Result<Option<LastUseRecord>, OpError> {
        let noted = self.last_uses.find(key);
        let written = self.store().last_uses().find(key).await.map_err(OpError::internal)?;
        Ok(noted.into_iter().chain(written).max_by_key(|last| last.used_at))
    }

    /// How many whole days ago the key was last used; of a key never used, made.
    pub(crate) async fn trailing_days(&self, key: &KeyRecord) -> Result<i64, OpError> {
        let last = self.last_use(&key.key).await?.map_or(key.created_at, |last| last.used_at);
        // A replica made again has its predecessor's ARN.
        let since = last.max(key.created_at);
        Ok((self.clock().now().unix_s() - since.unix_s()).div_euclid(DAY_S))
    }

    /// Writes the uses noted since the last time.
    pub async fn write_last_uses(&self) -> Result<(), ScheduleError> {
        for batch in self.last_uses.noted().chunks(BATCH) {
            let writes = batch.iter().cloned().map(Write::PutLastUse).collect();
            self.commit(Change { writes, ..Change::default() }).await?;
            for written in batch {
                self.last_uses.forget(written);
            }
        }
        Ok(())
    }
}
