//! Log files: those that digests list, those that wait for a digest, and those nobody knows.

use std::time::Duration;

use keyward_crypto::sha256;
use keyward_model::Timestamp;
use keyward_store::{JournalRange, TrailFileRecord, TrailObject, TrailState};

use super::damage::{self, Damage, Delivered};
use super::finding::{Address, Problem};
use super::losses::losses;
use super::walk::Walk;
use crate::format::{LOG_FILE_BYTES_MAX, ListedFile, LogFileName, gunzip};

/// A log file whose content is wrong, and may be another's.
pub(super) struct Mismatch {
    file: Address,
    damage: Damage,
    /// The hash of what it holds, if it opens.
    found: Option<[u8; 32]>,
    kept: Option<JournalRange>,
}

/// How many contents are remembered to tell files that changed places.
const CONTENTS_MAX: usize = 100_000;
/// How many wrong files are kept until all contents are known.
const MISMATCHES_MAX: usize = 1_000;
/// How many rows are asked for at once; each holds the checksums of its file.
const ROWS: u32 = 64;
/// A name holds the minute of delivery.
const MINUTE: Duration = Duration::from_mins(1);

impl Walk<'_, '_> {
    /// Checks a log file that a valid digest lists.
    pub(super) async fn check_listed(&mut self, digest: &Address, listed: &ListedFile) {
        let file = self.tree.address(&listed.bucket, &listed.object);
        let mut hash = [0; 32];
        let is_hash = hex::decode_to_slice(&listed.hash, &mut hash).is_ok();
        let name =
            listed.object.parse::<LogFileName>().ok().filter(|name| {
                name.account == self.scope.account && name.region == self.scope.region
            });
        let Some(name) = name.filter(|_| is_hash) else {
            let problem = Problem::NotADigest(format!("it lists {file}, which is no log file"));
            return self.found(digest, problem);
        };
        if self.shelf.account_for(&file) {
            self.report.summary.logs_invalid += 1;
            return self.found(&file, Problem::Repeated);
        }
        let object = TrailObject { scope: self.scope.clone(), object: listed.object.clone() };
        let row = self.ask(async |trail, _| trail.file(&object).await).await.flatten();
        if row.as_ref().is_some_and(|row| row.hash != hash) {
            self.report.summary.logs_invalid += 1;
            return self.found(&file, Problem::NotAsRecorded);
        }
        self.check_log(&file, name.delivered_at, hash, row.as_ref());
    }

    /// Checks the log files that the database knows and no valid digest lists.
    pub(super) async fn check_rows(&mut self) {
        let mut after: Option<String> = None;
        loop {
            let from = after.take();
            let rows = self
                .ask(async |trail, scope| trail.list_files(scope, from.as_deref(), ROWS).await)
                .await
                .unwrap_or_default();
            after = rows.last().map(|row| row.name.object.clone());
            for row in rows {
                self.check_row(&row);
            }
            if after.is_none() {
                break;
            }
        }
    }

    fn check_row(&mut self, row: &TrailFileRecord) {
        let file = self.tree.address(&row.bucket, &row.name.object);
        if self.shelf.is_accounted_for(&file) || !self.range.covers(row.delivered_at) {
            return;
        }
        self.shelf.account_for(&file);
        match row.digest_ended_at {
            Some(end) if self.valid.contains(&end) => self.found(&file, Problem::LeftOut),
            Some(end) if self.is_digest_gone(end) => self.found(&file, Problem::NoDigest { end }),
            _ => {}
        }
        let is_valid = self.check_log(&file, row.delivered_at, row.hash, Some(row));
        if is_valid && row.digest_ended_at.is_none() {
            self.report.summary.logs_undigested += 1;
        }
    }

    /// Tells of the log files that neither a digest nor the database knows.
    pub(super) fn check_others(&mut self) {
        let newest_end = self.valid.last().copied();
        for (minute, file) in self.shelf.others(self.scope) {
            if !self.range.covers(minute) {
                continue;
            }
            let is_uncovered = |(from, to): &(Option<Timestamp>, Timestamp)| {
                from.is_none_or(|from| minute.plus(MINUTE) > from) && minute <= *to
            };
            let is_due =
                !self.newest_is_full && newest_end.is_some_and(|end| minute.plus(MINUTE) <= end);
            if self.trail.is_some() {
                self.report.summary.logs_invalid += 1;
                self.found(&file, Problem::Unknown);
            } else if is_due && !self.uncovered.iter().any(is_uncovered) {
                self.report.summary.logs_invalid += 1;
                self.found(&file, Problem::Unlisted);
            } else {
                self.report.summary.logs_unchecked += 1;
            }
        }
    }

    /// Tells of the log files with wrong content, now that the contents of all are known.
    pub(super) fn tell_mismatches(&mut self) {
        for Mismatch { file, damage, found, kept } in std::mem::take(&mut self.mismatches) {
            let owner = found.and_then(|found| self.contents.get(&found).cloned());
            let problem = owner.map_or(Problem::Damaged(damage), Problem::ContentOf);
            self.report.found_kept(Some(self.scope), Some(&file), (problem, kept));
        }
    }

    /// Whether a log file has the content it was delivered with.
    fn check_log(
        &mut self,
        file: &Address,
        delivered_at: Timestamp,
        hash: [u8; 32],
        row: Option<&TrailFileRecord>,
    ) -> bool {
        if self.contents.len() < CONTENTS_MAX {
            self.contents.insert(hash, file.object.clone());
        }
        let is_staged = row.is_some_and(|row| row.state == TrailState::Staged);
        let is_valid = match self.read_wherever(file, LOG_FILE_BYTES_MAX, is_staged) {
            Ok(Some(stored)) => Some(self.check_content(file, &stored, hash, row)),
            Ok(None) => self.tell_missing(file, delivered_at, row),
            Err(problem) => {
                self.found(file, problem);
                Some(false)
            }
        };
        let summary = &mut self.report.summary;
        match is_valid {
            Some(true) => summary.logs_valid += 1,
            Some(false) => summary.logs_invalid += 1,
            None => summary.logs_removed += 1,
        }
        is_valid == Some(true)
    }

    fn check_content(
        &mut self,
        file: &Address,
        stored: &[u8],
        hash: [u8; 32],
        row: Option<&TrailFileRecord>,
    ) -> bool {
        let delivered =
            row.map(|row| Delivered { stored_bytes: row.stored_bytes, blocks: &row.blocks });
        let (damage, content) = match damage::open(stored, LOG_FILE_BYTES_MAX, delivered) {
            Ok(content) if sha256(&[&content]) == hash => {
                for (event, at) in losses(&content) {
                    self.found(file, Problem::Loss { event, at });
                }
                return true;
            }
            Ok(content) => (damage::of_content(&content), Some(content)),
            Err(damage) => (damage, gunzip(stored, LOG_FILE_BYTES_MAX).ok()),
        };
        let found = content.map(|content| sha256(&[&content])).filter(|found| *found != hash);
        let kept = self.kept(row);
        self.mismatches.push(Mismatch { file: file.clone(), damage, found, kept });
        if self.mismatches.len() >= MISMATCHES_MAX {
            self.tell_mismatches();
        }
        false
    }

    /// Nothing, if the file was old enough to be removed.
    fn tell_missing(
        &mut self,
        file: &Address,
        delivered_at: Timestamp,
        row: Option<&TrailFileRecord>,
    ) -> Option<bool> {
        if self.range.removed_before.is_some_and(|before| delivered_at.plus(MINUTE) <= before) {
            return None;
        }
        let problem = (Problem::Missing, self.kept(row));
        self.report.found_kept(Some(self.scope), Some(file), problem);
        Some(false)
    }

    /// The lines of the journal that hold the content a file should have.
    fn kept(&self, row: Option<&TrailFileRecord>) -> Option<JournalRange> {
        self.journal?.lines_of(row?)
    }
}
