//! The lines that are in no file yet.

use keyward_audit::{FollowError, Journal, JournalPosition};

use super::newest::Newest;

/// How much is read at once.
const READ_BYTES: usize = 1 << 20;
/// The tail is about one log file long. Where delivery lags far behind, so many of the newest
/// segments are read.
const SEGMENTS_MAX: usize = 3;

/// Offers every line from `from` on, or of the whole journal.
pub(super) fn read(
    journal: &Journal,
    from: Option<JournalPosition>,
    newest: &mut Newest,
) -> Result<(), FollowError> {
    let mut follower = journal.follow(start(journal, from)?);
    loop {
        let lines = follower.read(READ_BYTES)?;
        if lines.is_empty() {
            return Ok(());
        }
        lines.iter().for_each(|line| newest.offer(line));
    }
}

fn start(journal: &Journal, from: Option<JournalPosition>) -> Result<JournalPosition, FollowError> {
    let from = match from {
        Some(from) => from,
        None => journal.start()?,
    };
    let segments = journal.segments()?;
    let oldest = segments.get(segments.len().saturating_sub(SEGMENTS_MAX));
    let oldest =
        oldest.map_or(from, |oldest| JournalPosition { segment: oldest.number, offset: 0 });
    Ok(from.max(oldest))
}
