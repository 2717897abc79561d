//! Lookups: what LookupEvents finds.
//!
//! Events are in log files, or in the journal behind the place up to which it was delivered. Both are
//! read, and whatever is in both at that moment counts once. A page is the newest events behind a
//! place in the order of [`EventPosition`], so nothing that happens between two pages can repeat an
//! event, or leave out one that was there before.
//!
//! Knows what matches a query. It does not know who asks.

mod files;
mod matches;
mod newest;
mod tail;
mod turns;
mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keyward_audit::files::{Files, RealFiles};
use keyward_audit::{FollowError, JournalPosition};
use keyward_engine::{
    Engine, EventHistory, EventPage, EventPosition, EventQuery, HistoryError, TrailDescription,
    TrailPublicKey, TrailStatus,
};
use keyward_model::{AccountId, Region, Timestamp};
use keyward_store::Scope;
use tokio::task::spawn_blocking;

use crate::cursors::DELIVERY;
use crate::delivery::{DeliveryStatus, public_key};
use crate::layout::TrailLayout;
use matches::Wanted;
use newest::Newest;
use turns::Turns;
use unreadable::UnreadableFiles;

const TAIL_ATTEMPTS_MAX: u32 = 3;
const DAY_MS: i64 = 86_400_000;

/// After how much work a lookup ends with what it has, and says where to go on.
#[derive(Clone, Copy, Debug)]
pub struct LookupLimits {
    /// Rows of log files looked at.
    pub rows_max: usize,
    /// Bytes of log files read, uncompressed.
    pub bytes_max: u64,
    /// How long it waits for other lookups.
    pub wait_max: Duration,
}

impl Default for LookupLimits {
    fn default() -> Self {
        Self { rows_max: 4096, bytes_max: 16 << 20, wait_max: Duration::from_secs(5) }
    }
}

/// The history of events: log files and what is not yet in one.
pub struct History {
    engine: Arc<Engine>,
    files: Arc<dyn Files>,
    layout: TrailLayout,
    days: u32,
    delivery: Arc<DeliveryStatus>,
    turns: Turns,
    unreadable: UnreadableFiles,
    limits: LookupLimits,
}

impl History {
    /// The history of a deployment, as so many days reach.
    pub fn new(
        engine: Arc<Engine>,
        layout: TrailLayout,
        days: u32,
        delivery: Arc<DeliveryStatus>,
    ) -> Self {
        let (turns, unreadable) = (Turns::new(), UnreadableFiles::default());
        let (files, limits) = (Arc::new(RealFiles), LookupLimits::default());
        Self { engine, files, layout, days, delivery, turns, unreadable, limits }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: LookupLimits) -> Self {
        Self { limits, ..self }
    }

    /// What is wanted, if there can be any of it.
    fn wanted(&self, query: &EventQuery) -> Option<Wanted> {
        let days_ms = i64::from(self.days).saturating_mul(DAY_MS);
        let now_ms = self.engine.clock().now().unix_s().saturating_mul(1000);
        Wanted::of(query, Timestamp::from_unix_ms(now_ms.saturating_sub(days_ms)))
    }

    /// Where the lines begin that are in no file. Read before the files are: what is delivered in
    /// between is found twice, and counts once.
    async fn delivered_to(&self) -> Result<Option<JournalPosition>, HistoryError> {
        let cursor = self.engine.store().trail().cursor(DELIVERY).await.map_err(unreadable)?;
        Ok(cursor.as_ref().map(crate::cursors::position))
    }

    /// Offers what is in no file yet.
    async fn read_tail(&self, mut newest: Newest) -> Result<Newest, HistoryError> {
        let mut attempt = 1;
        loop {
            let from = self.delivered_to().await?;
            let engine = Arc::clone(&self.engine);
            let read = move || (tail::read(engine.journal(), from, &mut newest), newest);
            let result;
            (result, newest) = spawn_blocking(read).await.map_err(unreadable)?;
            match result {
                // What was delivered meanwhile may be gone. It is in the files.
                Err(FollowError::Removed(_)) if attempt < TAIL_ATTEMPTS_MAX => attempt += 1,
                Err(error) => return Err(unreadable(error)),
                Ok(()) => return Ok(newest),
            }
        }
    }
}

#[async_trait]
impl EventHistory for History {
    async fn look_up(&self, query: &EventQuery) -> Result<EventPage, HistoryError> {
        let Some(wanted) = self.wanted(query) else { return Ok(EventPage::default()) };
        let turn = self.turns.take(query.account, self.limits.wait_max).await;
        let _turn = turn.ok_or(HistoryError::Busy)?;
        let newest = self.read_tail(Newest::new(wanted, query.limit)).await?;
        let scope = Scope { account: query.account, region: query.region.clone() };
        let (newest, reached) = files::Search::new(self, scope).run(newest).await?;
        Ok(newest.into_page(reached))
    }

    async fn public_keys(
        &self,
        region: &Region,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<TrailPublicKey>, HistoryError> {
        let keys = self.engine.store().trail().signing_keys(region).await.map_err(unreadable)?;
        let valid = keys.into_iter().filter(|key| key.valid_from <= to && key.valid_to >= from);
        Ok(valid.map(public_key).collect())
    }

    fn trail(&self) -> TrailDescription {
        let prefix = self.layout.prefix.as_str();
        TrailDescription {
            name: self.layout.name.as_str().to_owned(),
            bucket: self.layout.bucket.as_str().to_owned(),
            prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
            home_region: self.layout.home_region.clone(),
        }
    }

    async fn status(
        &self,
        account: &AccountId,
        region: &Region,
    ) -> Result<TrailStatus, HistoryError> {
        let scope = Scope { account: *account, region: region.clone() };
        let trail = self.engine.store().trail();
        let file = trail.newest_file(&scope).await.map_err(unreadable)?;
        let digest = trail.newest_digest(&scope).await.map_err(unreadable)?;
        let accounts = self.engine.store().accounts();
        let account = accounts.find(account).await.map_err(unreadable)?;
        Ok(TrailStatus {
            latest_delivery: file.map(|file| file.delivered_at),
            latest_digest_delivery: digest.map(|digest| digest.ended_at),
            latest_delivery_error: self.delivery.latest_error().map(str::to_owned),
            started: account.map(|account| account.created_at),
        })
    }
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> HistoryError {
    HistoryError::Unreadable(error.into())
}

/// The place of an event, so that later is greater.
type Place = (Timestamp, uuid::Uuid);

const fn place(position: &EventPosition) -> Place {
    (position.time, position.event_id)
}
