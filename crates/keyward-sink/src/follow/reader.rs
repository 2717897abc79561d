//! Reads the journal beside the threads that serve requests.

use std::io;

use keyward_audit::{FollowError, Journal, JournalFollower, JournalPosition};

use crate::Record;

/// How much is read at once.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// The place of a sink in the journal.
pub(super) struct Reader {
    /// Away while it reads, and gone if that was cut short; then the place is what counts.
    follower: Option<JournalFollower>,
    position: JournalPosition,
}

impl Reader {
    pub(super) const fn new(follower: JournalFollower) -> Self {
        let position = follower.position();
        Self { follower: Some(follower), position }
    }

    /// Behind the last record read.
    pub(super) const fn position(&self) -> JournalPosition {
        self.position
    }

    /// The next records; none if all were read.
    pub(super) async fn read(&mut self) -> Result<Vec<Record>, FollowError> {
        let Some(mut follower) = self.follower.take() else {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        };
        let work = move || {
            let records = read(&mut follower);
            (follower, records)
        };
        let (follower, records) =
            tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?;
        self.position = follower.position();
        self.follower = Some(follower);
        records
    }

    /// Waits until there is more to read.
    pub(super) async fn changed(&mut self) {
        if let Some(follower) = &mut self.follower {
            follower.changed().await;
        }
    }
}

fn read(follower: &mut JournalFollower) -> Result<Vec<Record>, FollowError> {
    let lines = follower.read(BATCH_BYTES_MAX)?;
    let mut records: Vec<Record> = Vec::new();
    let mut lines = lines.with_positions().peekable();
    while let Some((_, line)) = lines.next() {
        let end = lines.peek().map_or(follower.position(), |(next, _)| *next);
        records.push(Record::read(line, end));
    }
    Ok(records)
}

/// How many bytes of the journal stand behind a place.
pub(super) fn bytes_behind(journal: &Journal, place: JournalPosition) -> io::Result<f64> {
    let end = journal.end();
    let bytes = if place.segment == end.segment {
        end.offset.saturating_sub(place.offset)
    } else {
        let segments = journal.segments()?;
        let between = segments
            .iter()
            .filter(|segment| (place.segment..end.segment).contains(&segment.number));
        let before: u64 = between.map(|segment| segment.bytes).sum();
        (before + end.offset).saturating_sub(place.offset)
    };
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
    // What a float loses beyond 2^53 bytes, nobody misses in a gauge.
    Ok(f64::from(half(bytes >> 32)).mul_add(4_294_967_296.0, f64::from(half(bytes))))
}
