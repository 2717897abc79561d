//! Lookups: what LookupEvents finds.
//!
//! Events are in log files, or in the journal behind the place up to which it was delivered. Both are
//! read, and whatever is in both at that moment counts once. What was recorded since the first page was
//! asked for is on none of its next pages, and each page begins where the one before it ended, in the
//! order of [`place`], so nothing that happens between two pages can repeat an event, or leave out one
//! that was there before.
//!
//! Knows what matches a query. It does not know who asks.

mod files;
mod matches;
mod newest;
mod place;
mod tail;
mod turns;
mod unreadable;

use std::ops::ControlFlow;
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
use place::{Bookmark, NoBookmark};
use tail::{Tail, TailError};
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
    /// Bytes of lines read that are in no log file yet.
    pub tail_bytes_max: u64,
    /// How long it waits for other lookups.
    pub wait_max: Duration,
}

impl Default for LookupLimits {
    fn default() -> Self {
        let (bytes_max, tail_bytes_max) = (16 << 20, 64 << 20);
        Self { rows_max: 4096, bytes_max, tail_bytes_max, wait_max: Duration::from_secs(5) }
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

    /// The oldest instant that is told of.
    fn oldest(&self) -> Timestamp {
        let days_ms = i64::from(self.days).saturating_mul(DAY_MS);
        let now_ms = self.engine.clock().now().unix_s().saturating_mul(1000);
        Timestamp::from_unix_ms(now_ms.saturating_sub(days_ms))
    }

    /// Where the first page begins.
    fn first_bookmark(&self) -> Bookmark {
        let before = self.engine.journal().end();
        let begun_at = self.engine.machine_clock().now();
        Bookmark { before, first_read: None, begun_at, behind: None }
    }

    /// Where the lines begin that are in no file. Read before the files are: what is delivered in
    /// between is found twice, and counts once.
    async fn delivered_to(&self) -> Result<JournalPosition, HistoryError> {
        let cursor = self.engine.store().trail().cursor(DELIVERY).await.map_err(unreadable)?;
        let journal = self.engine.journal();
        let from = match cursor.as_ref().map(crate::cursors::position) {
            Some(from) => from,
            None => journal.start().map_err(unreadable)?,
        };
        let end = journal.end();
        // Delivery will say where it goes on. Until then nobody knows what is in no file.
        if from > end {
            return Err(unreadable(FollowError::Beyond { position: from, end }));
        }
        Ok(from)
    }

    /// Offers what is in no file yet. If that is too much it makes a page by itself.
    async fn read_tail(
        &self,
        mut newest: Newest,
    ) -> Result<ControlFlow<EventPage, Newest>, HistoryError> {
        let mut attempt = 1;
        loop {
            let from = self.delivered_to().await?;
            let engine = Arc::clone(&self.engine);
            let bytes_max = self.limits.tail_bytes_max;
            let read = move || {
                let directory = engine.journal().directory();
                let tail = Tail::new(directory, from, newest.bookmark.before);
                (read_part(&tail, &mut newest, bytes_max), newest)
            };
            let result;
            (result, newest) = spawn_blocking(read).await.map_err(unreadable)?;
            match result {
                // What was delivered meanwhile may be gone. It is in the files.
                Err(TailError::Removed) if attempt < TAIL_ATTEMPTS_MAX => attempt += 1,
                Err(error) => return Err(unreadable(error)),
                Ok(Some(page)) => return Ok(ControlFlow::Break(page)),
                Ok(None) => return Ok(ControlFlow::Continue(newest)),
            }
        }
    }
}

/// Offers the whole tail, or makes a page of its end.
fn read_part(
    tail: &Tail,
    newest: &mut Newest,
    bytes_max: u64,
) -> Result<Option<EventPage>, TailError> {
    // A page that ended in the order of time had all of the tail in it, and is continued so.
    if newest.wanted.behind.is_none() && tail.bytes()? > bytes_max {
        return tail.page(newest, bytes_max).map(Some);
    }
    tail.offer(newest).map(|()| None)
}

#[async_trait]
impl EventHistory for History {
    async fn look_up(&self, query: &EventQuery) -> Result<EventPage, HistoryError> {
        let bookmark = query.after.as_ref().map(|EventPosition(text)| text.parse::<Bookmark>());
        let bookmark = bookmark.transpose().map_err(|NoBookmark| HistoryError::UnknownPosition)?;
        let behind = bookmark.as_ref().and_then(|bookmark| bookmark.behind);
        let wanted = Wanted::of(query, behind, self.oldest());
        let Some(wanted) = wanted else { return Ok(EventPage::default()) };
        let turn = self.turns.take(query.account, self.limits.wait_max).await;
        let _turn = turn.ok_or(HistoryError::Busy)?;
        let bookmark = bookmark.unwrap_or_else(|| self.first_bookmark());
        let newest = match self.read_tail(Newest::new(wanted, bookmark, query.limit)).await? {
            ControlFlow::Continue(newest) => newest,
            ControlFlow::Break(page) => return Ok(page),
        };
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
        let latest_delivery = file.map(|file| file.delivered_at);
        Ok(TrailStatus {
            latest_delivery,
            latest_attempt: self.delivery.latest_failure().or(latest_delivery),
            latest_digest_delivery: digest.map(|digest| digest.ended_at),
            latest_delivery_error: self.delivery.latest_error().map(str::to_owned),
            latest_digest_delivery_error: self.delivery.latest_digest_error().map(str::to_owned),
            started: account.map(|account| account.created_at),
        })
    }
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> HistoryError {
    HistoryError::Unreadable(error.into())
}
