//! When each access key and role was last used: noted at every request, written some time later.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use keyward_model::{Caller, Principal, Region, Timestamp};
use keyward_store::{Change, PrincipalUseRecord, UsedPrincipal, Write};

use crate::{Engine, OpError, ScheduleError};

/// How many uses one change writes.
const BATCH: usize = 256;
/// Uses of one credential at one service are noted once in so many milliseconds.
const NOTED_MS: i64 = 60_000;
/// How many of the latest notes are remembered.
const RECENT: usize = 4096;

/// The uses noted since they were last written.
pub(crate) struct PrincipalUses {
    noted: Mutex<HashMap<UsedPrincipal, PrincipalUseRecord>>,
    /// Hashes of what was noted a moment ago, so that most requests note nothing.
    recent: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Default for PrincipalUses {
    fn default() -> Self {
        Self {
            noted: Mutex::default(),
            recent: (0..RECENT).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl PrincipalUses {
    /// Notes a request at a service, such as `kms`.
    pub(crate) fn note(&self, caller: &Caller, service: &str, region: &Region, now: Timestamp) {
        let minute = now.unix_ms().div_euclid(NOTED_MS);
        let hash = self.hasher.hash_one((&caller.access_key_id, service, region, minute));
        let slot =
            usize::from(hash.to_le_bytes().first_chunk().copied().map_or(0, u16::from_le_bytes));
        if let Some(recent) = self.recent.get(slot % RECENT)
            && recent.swap(hash, Ordering::Relaxed) == hash
        {
            return;
        }
        let Some(principal) = used_principal(caller) else { return };
        let (service, region) = (service.to_owned(), region.clone());
        let used = PrincipalUseRecord { principal, used_at: now, service, region };
        self.lock().insert(used.principal.clone(), used);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UsedPrincipal, PrincipalUseRecord>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request is a use of: the long-term access key, or the role.
fn used_principal(caller: &Caller) -> Option<UsedPrincipal> {
    match (&caller.principal, &caller.session) {
        (Principal::AssumedRole { role, .. }, _) => Some(UsedPrincipal::Role(role.unique_id)),
        (_, Some(_)) | (Principal::WebIdentity(_), None) => None,
        (_, None) => Some(UsedPrincipal::AccessKey(caller.access_key_id.clone())),
    }
}

impl Engine {
    /// The last use of an access key or role.
    pub async fn principal_use(
        &self,
        principal: &UsedPrincipal,
    ) -> Result<Option<PrincipalUseRecord>, OpError> {
        let noted = self.principal_uses.lock().get(principal).cloned();
        let written = self.store().principal_uses().find(principal).await;
        let written = written.map_err(OpError::internal)?;
        Ok(noted.into_iter().chain(written).max_by_key(|used| used.used_at))
    }

    /// Writes the uses noted since the last time.
    pub async fn write_principal_uses(&self) -> Result<(), ScheduleError> {
        let noted: Vec<_> = self.principal_uses.lock().values().cloned().collect();
        for batch in noted.chunks(BATCH) {
            let writes = batch.iter().cloned().map(Write::PutPrincipalUse).collect();
            self.commit(Change { writes, ..Change::default() }).await?;
            let mut noted = self.principal_uses.lock();
            for written in batch {
                if noted.get(&written.principal) == Some(written) {
                    noted.remove(&written.principal);
                }
            }
        }
        Ok(())
    }
}
