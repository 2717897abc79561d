//! Where delivery goes on when the journal is not the one it was, or not whole any more.

use keyward_audit::{Event, FollowError, JournalPosition, Segment, without_operator_note};
use keyward_engine::TrailEvent;
use keyward_store::Write;
use tracing::error;

use super::delivered_events::DeliveredEvents;
use super::{Delivery, DeliveryError, batch};
use crate::cursors::{self, DELIVERY};

/// How much is read at once.
const READ_BYTES: usize = 1 << 20;

const fn start(segment: &Segment) -> JournalPosition {
    JournalPosition { segment: segment.number, offset: 0 }
}

const fn end(segment: &Segment) -> JournalPosition {
    JournalPosition { segment: segment.number, offset: segment.bytes }
}

impl Delivery {
    /// The place to go on from. Lines that are gone do not come back, and holding up what comes
    /// would not help them: it is said, put on record, and delivery goes on behind them.
    pub(super) async fn followable(
        &self,
        position: JournalPosition,
    ) -> Result<JournalPosition, DeliveryError> {
        let Some(why) = self.hindrance(position)? else { return Ok(position) };
        let next = self.way_round(position, &why).await?;
        self.status.lost_lines();
        error!(error = %why, from = %next, "journal lines may be in no log file; delivery goes on behind them");
        let writes = vec![Write::PutTrailCursor(cursors::record(DELIVERY, next))];
        let event = TrailEvent::RecordsLost { from: position, to: next };
        self.engine.record_trail_event(event, writes).await?;
        Ok(next)
    }

    /// Why the journal cannot be followed from there, if it cannot.
    fn hindrance(&self, position: JournalPosition) -> Result<Option<FollowError>, DeliveryError> {
        let journal = self.engine.journal();
        match journal.follow(position).read(1) {
            Ok(_) => {}
            Err(FollowError::Unreadable(error)) => return Err(FollowError::from(error).into()),
            Err(why) => return Ok(Some(why)),
        }
        let segments = journal.segments().map_err(FollowError::from)?;
        let it = segments.iter().find(|it| it.number == position.segment);
        let end = it.map_or(journal.end(), end);
        Ok((position > end).then_some(FollowError::Beyond { position, end }))
    }

    /// From where the journal can be followed.
    async fn way_round(
        &self,
        position: JournalPosition,
        why: &FollowError,
    ) -> Result<JournalPosition, DeliveryError> {
        let journal = self.engine.journal();
        // To a segment that was cut or taken away nothing more is written, so that there is a place
        // behind it.
        journal.inspect();
        let segments = journal.segments().map_err(FollowError::from)?;
        match why {
            FollowError::Beyond { .. } => self.first_undelivered(position, &segments).await,
            FollowError::NotALine(_) => Ok(journal.follow(position).skip()?),
            FollowError::Cut(_) | FollowError::Removed(_) | FollowError::Unreadable(_) => {
                let next = segments.iter().find(|it| it.number > position.segment);
                Ok(next.map_or(journal.end(), start))
            }
        }
    }

    /// Where the lines begin that are in no log file, in the segment of a place that it does not reach
    /// any more; in all of the journal, if there is no such segment.
    async fn first_undelivered(
        &self,
        position: JournalPosition,
        segments: &[Segment],
    ) -> Result<JournalPosition, DeliveryError> {
        let it = segments.iter().find(|it| it.number == position.segment);
        let searched = it.map_or(segments, std::slice::from_ref);
        let mut delivered = DeliveredEvents::new(self);
        for segment in searched.iter().rev() {
            if let Some(place) = self.behind_delivered(segment, &mut delivered).await? {
                return Ok(place);
            }
        }
        Ok(searched.first().map_or(self.engine.journal().end(), start))
    }

    /// Behind the records at the beginning of a segment that are in log files, if its first is.
    async fn behind_delivered(
        &self,
        segment: &Segment,
        delivered: &mut DeliveredEvents<'_>,
    ) -> Result<Option<JournalPosition>, DeliveryError> {
        let mut follower = self.engine.journal().follow(start(segment));
        let mut behind = None;
        loop {
            let lines = match follower.read(READ_BYTES) {
                Ok(lines) => lines,
                Err(FollowError::Unreadable(error)) => return Err(FollowError::from(error).into()),
                Err(_) => return Ok(behind),
            };
            let mut lines = lines.with_positions().peekable();
            if lines.peek().is_none_or(|(at, _)| at.segment != segment.number) {
                return Ok(behind);
            }
            while let Some((_, line)) = lines.next() {
                let end = lines.peek().map_or(follower.position(), |(next, _)| *next);
                let record = without_operator_note(line);
                let Some(event) = Event::read(&record) else { continue };
                let Some(scope) = batch::scope(&event) else { continue };
                if !delivered.has(&scope, (event.id, event.time)).await? {
                    return Ok(behind);
                }
                behind = Some(end);
            }
        }
    }
}
