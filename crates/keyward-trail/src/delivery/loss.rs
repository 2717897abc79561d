//! Where delivery goes on when the journal is not the one it was, or not whole any more.

use keyward_audit::{Event, FollowError, JournalPosition, Segment, without_operator_note};
use keyward_engine::TrailEvent;
use keyward_store::{TrailFilter, Write};
use tracing::error;

use super::{Delivery, DeliveryError, PAGE, batch};
use crate::cursors::{self, DELIVERY};
use crate::index::may_hold_event_id;

const fn start(segment: &Segment) -> JournalPosition {
    JournalPosition { segment: segment.number, offset: 0 }
}

impl Delivery {
    /// The place to go on from. Lines that are gone do not come back, and holding up what comes
    /// would not help them: it is said, put on record, and delivery goes on behind them.
    pub(super) async fn followable(
        &self,
        position: JournalPosition,
    ) -> Result<JournalPosition, DeliveryError> {
        let Some((why, next)) = self.hindrance(position).await? else { return Ok(position) };
        self.status.lost_lines();
        error!(error = %why, from = %next, "journal lines may be in no log file; delivery goes on behind them");
        let writes = vec![Write::PutTrailCursor(cursors::record(DELIVERY, next))];
        let event = TrailEvent::RecordsLost { from: position, to: next };
        self.engine.record_trail_event(event, writes).await?;
        Ok(next)
    }

    /// Why the journal cannot be followed from there, if it cannot, and from where it can.
    async fn hindrance(
        &self,
        position: JournalPosition,
    ) -> Result<Option<(FollowError, JournalPosition)>, DeliveryError> {
        let journal = self.engine.journal();
        let end = journal.end();
        let segments = journal.segments().map_err(FollowError::from)?;
        if position > end {
            let next = if self.is_first_line_delivered().await? {
                // The tail went with the power of the machine, after it was delivered.
                end
            } else {
                segments.first().map_or(end, start)
            };
            return Ok(Some((FollowError::Beyond { position, end }, next)));
        }
        let behind = segments.iter().find(|it| it.number > position.segment).map_or(end, start);
        let is_cut =
            segments.iter().any(|it| it.number == position.segment && it.bytes < position.offset);
        let mut follower = journal.follow(position);
        match follower.read(1) {
            Ok(_) if is_cut => Ok(Some((FollowError::NotALine(position), behind))),
            Ok(_) => Ok(None),
            Err(FollowError::Unreadable(error)) => Err(FollowError::from(error).into()),
            Err(why @ FollowError::NotALine(_)) => Ok(Some((why, follower.skip()?))),
            Err(why) => Ok(Some((why, behind))),
        }
    }

    /// Whether a log file has the oldest line of the journal: if none has, it is another journal
    /// than the one that was delivered.
    async fn is_first_line_delivered(&self) -> Result<bool, DeliveryError> {
        let journal = self.engine.journal();
        let lines = journal.follow(journal.start().map_err(FollowError::from)?).read(1)?;
        let Some(line) = lines.iter().next() else { return Ok(false) };
        let record = without_operator_note(line);
        let Some(event) = Event::read(&record) else { return Ok(false) };
        let Some(scope) = batch::scope(&event) else { return Ok(false) };
        let filter = TrailFilter { attribute: None, from: Some(event.time), to: Some(event.time) };
        let trail = self.engine.store().trail();
        let files = trail.matching_files(&scope, &filter, None, PAGE).await?;
        let has = |ids: &Vec<u8>| may_hold_event_id(ids, &event.id);
        Ok(files.iter().any(|file| file.event_ids.as_ref().is_some_and(has)))
    }
}
