//! What is still there of the journal, beside the log files that were made of it. It tells of rows
//! and files that are gone together, and of an edit on either side: neither alone can.

mod kept;

use std::collections::{BTreeMap, BTreeSet};

use keyward_crypto::sha256;
use keyward_model::Timestamp;
use keyward_store::{JournalRange, Scope, StoreError, Trail, TrailFileRecord, TrailFilter};
use uuid::Uuid;

use super::finding::{Address, Problem};
use super::shelf::Tree;
use super::{Range, Report};
use crate::cursors::{self, DELIVERY};
use crate::delivery::batch::{Batch, Group};
use crate::index::may_hold_event_id;
pub(super) use kept::KeptJournal;

/// How much is read at once where no log file says how its lines were read.
const CHUNK_BYTES: u64 = 16 << 20;
/// How many rows are asked for at once.
const ROWS: u32 = 64;

/// The comparison of the journal with the rows of log files.
pub(super) struct Comparison<'a, 'r> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) journal: &'a KeptJournal<'a>,
    pub(super) trail: &'a dyn Trail,
    pub(super) range: &'a Range,
    pub(super) report: &'a mut Report<'r>,
}

/// The log files that were made of the same lines.
struct Made {
    range: JournalRange,
    delivered_at: Timestamp,
    files: Vec<MadeFile>,
}

/// A log file as its row has it.
struct MadeFile {
    scope: Scope,
    address: Address,
    delivered_at: Timestamp,
    hash: [u8; 32],
}

impl Comparison<'_, '_> {
    /// Compares what is delivered with its lines, in the order of the journal.
    ///
    /// The cursor is asked for first: what is delivered from then on is of lines behind it.
    pub(super) async fn run(&mut self) -> Result<(), StoreError> {
        let Some(cursor) = self.trail.cursor(DELIVERY).await? else { return Ok(()) };
        let cursor = cursors::position(&cursor);
        for segment in self.segments().await?.range(..=cursor.segment) {
            let made = self.made_of(*segment).await?;
            let end = (*segment == cursor.segment).then_some(cursor.offset);
            self.segment(*segment, &made, end).await?;
        }
        Ok(())
    }

    /// The segments that are there, and those behind the oldest one that rows name.
    async fn segments(&self) -> Result<BTreeSet<u64>, StoreError> {
        let mut segments: BTreeSet<u64> = self.journal.segments().collect();
        let mut next = segments.first().copied();
        while let Some(from) = next {
            let files = self.trail.next_journal_files(from, 0).await?;
            let named = files.first().and_then(|file| file.journal).map(|range| range.segment);
            segments.extend(named);
            next = named.and_then(|named| named.checked_add(1));
        }
        Ok(segments)
    }

    /// What rows say was made of a segment.
    async fn made_of(&self, segment: u64) -> Result<Vec<Made>, StoreError> {
        let mut made = Vec::new();
        let mut from = 0;
        loop {
            let files = self.trail.next_journal_files(segment, from).await?;
            let ranges: BTreeSet<_> = files.iter().filter_map(|file| file.journal).collect();
            let Some(first) = ranges.first().filter(|range| range.segment == segment) else {
                return Ok(made);
            };
            from = first.from.saturating_add(1);
            made.extend(ranges.iter().map(|range| self.made(*range, &files)));
        }
    }

    fn made(&self, range: JournalRange, files: &[TrailFileRecord]) -> Made {
        let files = files.iter().filter(|file| file.journal == Some(range));
        let delivered_at = files.clone().map(|file| file.delivered_at).max();
        let files = files.map(|file| MadeFile {
            scope: file.name.scope.clone(),
            address: self.tree.address(&file.bucket, &file.name.object),
            delivered_at: file.delivered_at,
            hash: file.hash,
        });
        let delivered_at = delivered_at.unwrap_or(Timestamp::from_unix_ms(0));
        Made { range, delivered_at, files: files.collect() }
    }

    /// Compares a segment, up to where it is delivered if that is within it.
    async fn segment(
        &mut self,
        segment: u64,
        made: &[Made],
        end: Option<u64>,
    ) -> Result<(), StoreError> {
        let bytes = match self.journal.length(segment) {
            Ok(Some(bytes)) => bytes,
            // It was old enough, and was removed since names were listed.
            Ok(None) if !self.journal.must_have(segment) => return Ok(()),
            Ok(None) => 0,
            Err(error) => {
                self.found(None, None, Problem::JournalUnreadable(error.to_string()));
                return Ok(());
            }
        };
        let standing = standing(made, end);
        let behind = standing.iter().map(|made| made.range.to).chain(end).max();
        if let Some(delivered) = behind.filter(|behind| *behind > bytes) {
            self.found(None, None, Problem::JournalCut { segment, bytes, delivered });
        }
        for hole in holes(segment, made, end.unwrap_or(bytes).min(bytes)) {
            self.look_into(hole).await?;
        }
        for made in standing.iter().filter(|made| made.range.to <= bytes) {
            self.compare(made);
        }
        Ok(())
    }

    /// Compares log files with the lines they were made of.
    fn compare(&mut self, made: &Made) {
        let Some(lines) = self.read(made.range) else { return };
        self.report.read();
        let Batch { groups, unreadable } = Batch::of(lines_of(&lines));
        self.tell_unreadable(made.range, unreadable.len());
        let known: BTreeSet<_> = made.files.iter().map(|file| &file.scope).collect();
        for (scope, group) in groups.iter().filter(|(scope, _)| !known.contains(scope)) {
            self.tell_lost(made.range, scope, group, group.ids().len());
        }
        let wanted = |scope: &Scope| self.range.wants(scope) && known.contains(scope);
        let hashes: BTreeMap<_, _> = groups
            .into_iter()
            .filter(|(scope, _)| wanted(scope))
            .map(|(scope, group)| (scope, sha256(&[&group.into_parts().1])))
            .collect();
        for file in &made.files {
            if !self.range.wants(&file.scope) || !self.range.covers(file.delivered_at) {
                continue;
            }
            if hashes.get(&file.scope) == Some(&file.hash) {
                self.report.summary.journal_logs += 1;
            } else {
                let problem = Problem::NotAsJournal(made.range);
                self.found(Some(&file.scope), Some(&file.address), problem);
            }
        }
    }

    /// Looks what lines that no row names are: lines of files made before rows named them, no
    /// records, or lost.
    async fn look_into(&mut self, hole: JournalRange) -> Result<(), StoreError> {
        let mut from = hole.from;
        while from < hole.to {
            let to = hole.to.min(from.saturating_add(CHUNK_BYTES));
            let Some(bytes) = self.read(JournalRange { from, to, ..hole }) else { return Ok(()) };
            self.report.read();
            // The rest of the last line comes with the next chunk.
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map(|last| last + 1);
            let bytes = match whole.filter(|_| to < hole.to) {
                Some(whole) => bytes.get(..whole).unwrap_or(&bytes),
                None => &bytes,
            };
            let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let range = JournalRange { from, to: from.saturating_add(read), ..hole };
            let Batch { groups, unreadable } = Batch::of(lines_of(bytes));
            self.tell_unreadable(range, unreadable.len());
            for (scope, group) in groups {
                let lost = self.without_file(&scope, &group).await?;
                self.tell_lost(range, &scope, &group, lost);
            }
            from = range.to;
        }
        Ok(())
    }

    /// How many of these events are in no log file of which nobody noted the lines.
    async fn without_file(&self, scope: &Scope, group: &Group) -> Result<usize, StoreError> {
        let mut ids: Vec<Uuid> = group.ids().to_vec();
        let filter =
            TrailFilter { attribute: None, from: Some(group.oldest), to: Some(group.newest) };
        let mut after = None;
        loop {
            let files = self.trail.matching_files(scope, &filter, after.as_ref(), ROWS).await?;
            let Some(last) = files.last() else { return Ok(ids.len()) };
            after = Some(last.place());
            for file in files.iter().filter(|file| file.journal.is_none()) {
                // One too old for lookups may hold any of them.
                let Some(known) = &file.event_ids else { return Ok(0) };
                ids.retain(|id| !may_hold_event_id(known, id));
            }
        }
    }

    fn read(&mut self, range: JournalRange) -> Option<Vec<u8>> {
        self.journal.read(range).unwrap_or_else(|error| {
            self.found(None, None, Problem::JournalUnreadable(error.to_string()));
            None
        })
    }

    fn tell_unreadable(&mut self, range: JournalRange, lines: usize) {
        if lines > 0 && !self.range.is_part() {
            self.found(None, None, Problem::JournalNoRecords { range, lines: length(lines) });
        }
    }

    fn tell_lost(&mut self, range: JournalRange, scope: &Scope, group: &Group, lines: usize) {
        let is_removed = self.range.removed_before.is_some_and(|before| group.newest <= before);
        let is_wanted = self.range.wants(scope)
            && self.range.start.is_none_or(|start| group.newest > start)
            && self.range.end.is_none_or(|end| group.oldest <= end);
        if lines > 0 && is_wanted && !is_removed {
            let problem = Problem::InNoFile { range, lines: length(lines) };
            self.found(Some(scope), None, problem);
        }
    }

    fn found(&mut self, scope: Option<&Scope>, file: Option<&Address>, problem: Problem) {
        self.report.found(scope, file, problem);
    }
}

/// What was made of lines that are still the same. Where delivery went back, because the journal
/// was another one or had lost its end, others stand there now: what was made later is of those.
fn standing(made: &[Made], end: Option<u64>) -> Vec<&Made> {
    let mut latest_first: Vec<_> = made.iter().collect();
    latest_first.sort_by_key(|made| std::cmp::Reverse((made.delivered_at, made.range)));
    // Ranges that stand, which do not meet: where each begins, and where it ends.
    let mut standing = BTreeMap::<u64, &Made>::new();
    for made in latest_first {
        let before = standing.range(..made.range.to).next_back();
        let meets = before.is_some_and(|(_, before)| before.range.to > made.range.from);
        if !meets && end.is_none_or(|end| made.range.to <= end) {
            standing.insert(made.range.from, made);
        }
    }
    standing.into_values().collect()
}

/// The lines up to `end` that nothing was made of.
fn holes(segment: u64, made: &[Made], end: u64) -> Vec<JournalRange> {
    let mut ranges: Vec<_> = made.iter().map(|made| made.range).collect();
    ranges.sort_unstable();
    let mut holes = Vec::new();
    let mut from = 0;
    for range in ranges {
        holes.push(JournalRange { segment, from, to: range.from.min(end) });
        from = from.max(range.to);
    }
    holes.push(JournalRange { segment, from, to: end });
    holes.retain(|hole| hole.from < hole.to);
    holes
}

fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(from: u64, to: u64, delivered_at: i64) -> Made {
        let range = JournalRange { segment: 1, from, to };
        Made { range, delivered_at: Timestamp::from_unix_ms(delivered_at), files: Vec::new() }
    }

    fn ranges(made: &[Made], end: Option<u64>) -> Vec<(u64, u64)> {
        standing(made, end).iter().map(|made| (made.range.from, made.range.to)).collect()
    }

    #[test]
    fn what_was_made_later_stands_where_two_were_made_of_the_same_bytes() {
        let of_two_journals = [made(0, 100, 1), made(100, 250, 2), made(250, 300, 3)];
        assert_eq!(ranges(&of_two_journals, None).len(), 3);
        let mut all = of_two_journals.into_iter().collect::<Vec<_>>();
        all.push(made(0, 180, 9));
        assert_eq!(ranges(&all, None), [(0, 180), (250, 300)]);
        // Behind where delivery stands, nothing of this journal is delivered.
        assert_eq!(ranges(&all, Some(180)), [(0, 180)]);
    }

    #[test]
    fn holes_are_what_no_range_covers() {
        let hole = |from, to| JournalRange { segment: 1, from, to };
        assert_eq!(holes(1, &[], 70), [hole(0, 70)]);
        assert_eq!(holes(1, &[], 0), []);
        let all = [made(0, 10, 1), made(10, 30, 2), made(20, 25, 3), made(40, 50, 4)];
        assert_eq!(holes(1, &all, 60), [hole(30, 40), hole(50, 60)]);
        assert_eq!(holes(1, &all, 35), [hole(30, 35)]);
        assert_eq!(holes(1, &all[1..2], 30), [hole(0, 10)]);
    }
}
