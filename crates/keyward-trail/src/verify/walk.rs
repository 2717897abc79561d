//! The walk along the digests of one account and Region, newest first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use keyward_crypto::{RsaVerifyingKey, sha256};
use keyward_model::Timestamp;
use keyward_store::{Scope, StoreError, Trail, TrailDigestRecord, TrailState};

use super::damage::{self, Damage, Delivered};
use super::finding::{Address, Problem};
use super::heads::Heads;
use super::journal::KeptJournal;
use super::logs::Mismatch;
use super::shelf::{Shelf, Tree};
use super::{Range, Report, Sources};
use crate::format::{
    DIGEST_BYTES_MAX, DIGEST_FILES_MAX, Digest, DigestMetadata, DigestName, METADATA_BYTES_MAX,
    METADATA_SUFFIX, gunzip, signing_string,
};

/// One account and Region at work.
pub(super) struct Walk<'a, 'r> {
    pub(super) tree: &'a Tree<'a>,
    /// Absent, too, once a row was not believed.
    pub(super) trail: Option<&'a dyn Trail>,
    pub(super) range: &'a Range,
    pub(super) scope: &'a Scope,
    keys: BTreeMap<String, RsaVerifyingKey>,
    pub(super) shelf: Shelf,
    pub(super) report: &'a mut Report<'r>,
    pub(super) journal: Option<&'a KeptJournal<'a>>,
    pub(super) heads: Heads<'a>,
    /// The newest digest the database knows.
    anchor: Option<TrailDigestRecord>,
    visited: BTreeSet<Address>,
    /// When the digests that were looked at end, valid or not.
    ends: BTreeSet<Timestamp>,
    /// Up to where the walk began.
    newest: Option<Timestamp>,
    /// The ends of valid digests.
    pub(super) valid: BTreeSet<Timestamp>,
    /// Whether the newest valid digest lists so many files that others had to wait for the next.
    pub(super) newest_is_full: bool,
    /// Times that only a digest covers which is not valid; open ones begin where the next valid
    /// digest ends.
    pub(super) uncovered: Vec<(Option<Timestamp>, Timestamp)>,
    /// Which log file has which content.
    pub(super) contents: HashMap<[u8; 32], String>,
    pub(super) mismatches: Vec<Mismatch>,
}

/// The digest that is next.
struct Step {
    file: Address,
    end: Timestamp,
    /// What the digest after it says of it.
    link: Option<Link>,
}

/// What one digest says of the one before it.
struct Link {
    later: Address,
    later_start: Timestamp,
    hash: [u8; 32],
    signature: Vec<u8>,
}

/// A digest that is as it was signed.
struct Valid {
    digest: Digest,
    hash: [u8; 32],
    previous: Option<Step>,
}

impl<'a, 'r> Walk<'a, 'r> {
    pub(super) fn new(
        tree: &'a Tree<'a>,
        (sources, journal): (&'a Sources<'a>, Option<&'a KeptJournal<'a>>),
        range: &'a Range,
        scope: &'a Scope,
        shelf: Shelf,
        report: &'a mut Report<'r>,
    ) -> Self {
        let keys = sources.public_keys.0.get(&scope.region).into_iter().flatten();
        let parsed = keys.filter_map(|key| {
            Some((key.fingerprint.clone(), RsaVerifyingKey::parse(&key.value).ok()?))
        });
        Self {
            tree,
            trail: sources.trail,
            range,
            scope,
            keys: parsed.collect(),
            shelf,
            report,
            journal,
            heads: Heads::of(sources.heads, scope),
            anchor: None,
            visited: BTreeSet::new(),
            ends: BTreeSet::new(),
            newest: None,
            valid: BTreeSet::new(),
            newest_is_full: false,
            uncovered: Vec::new(),
            contents: HashMap::new(),
            mismatches: Vec::new(),
        }
    }

    /// Follows the chain, then accounts for what no digest listed.
    pub(super) async fn run(mut self) {
        for file in std::mem::take(&mut self.shelf.foreign) {
            self.found(&file, foreign(self.trail.is_some()));
        }
        for file in std::mem::take(&mut self.shelf.links) {
            self.found(&file, Problem::Link);
        }
        let first = self.first().await;
        self.newest = first.as_ref().map(|step| step.end);
        let mut next = first;
        while let Some(step) = next.filter(|step| self.is_wanted(step.end)) {
            next = self.step(step).await;
        }
        self.tell_missing_heads();
        self.tell_strays();
        self.check_rows().await;
        self.check_others();
        self.tell_side_files().await;
        self.tell_mismatches();
    }

    /// The newest digest that is wanted, on disk or in the database.
    async fn first(&mut self) -> Option<Step> {
        let on_disk = self.shelf.digests.iter();
        let wanted = self.range.end;
        let covers = |end: &Timestamp| wanted.is_some_and(|wanted| *end >= wanted);
        let on_disk = on_disk.clone().find(|(end, _)| covers(end)).or(on_disk.last());
        let on_disk = on_disk.and_then(|(end, files)| Some((*end, files.first()?.clone())));
        let newest = self.ask(async |trail, scope| trail.newest_digest(scope).await).await;
        let covering = self
            .ask(async |trail, scope| {
                let Some(wanted) = wanted else { return Ok(None) };
                let before = Timestamp::from_unix_ms(wanted.unix_ms().saturating_sub(1));
                Ok(trail.list_digests(scope, Some(before), 1).await?.pop())
            })
            .await;
        self.anchor = newest.flatten();
        let row = covering.flatten().or_else(|| self.anchor.clone());
        let recorded =
            row.map(|row| (row.ended_at, self.tree.address(&row.bucket, &row.name.object)));
        let candidates = [on_disk, recorded].into_iter().flatten();
        let covering = candidates.clone().filter(|(end, _)| covers(end));
        let chosen = covering.min_by_key(|(end, _)| *end);
        let (end, file) = chosen.or_else(|| candidates.max_by_key(|(end, _)| *end))?;
        Some(Step { file, end, link: None })
    }

    fn is_wanted(&self, end: Timestamp) -> bool {
        self.range.start.is_none_or(|start| end > start)
    }

    /// Checks one digest and what it lists; says which one is next.
    async fn step(&mut self, step: Step) -> Option<Step> {
        self.visited.insert(step.file.clone());
        self.ends.insert(step.end);
        let row = self.ask(async |trail, scope| trail.digest(scope, step.end).await).await;
        let row = row.flatten();
        let noted = self.heads.meet(&step.file.object);
        match self.check_digest(&step, row.as_ref()).await {
            Ok(Valid { digest, hash, previous }) => {
                self.meet_head(&step.file, noted, hash);
                self.report.summary.digests_valid += 1;
                self.note_valid(&step, &digest);
                for listed in &digest.log_files {
                    self.check_listed(&step.file, listed).await;
                }
                previous.or_else(|| self.restart(&step, &digest))
            }
            Err(Problem::Removed) => {
                self.heads.removed_until = self.heads.removed_until.max(Some(step.end));
                self.found(&step.file, Problem::Removed);
                self.older_on_disk(step.end)
            }
            Err(problem) => {
                self.report.summary.digests_invalid += 1;
                self.uncovered.push((None, step.end));
                self.found(&step.file, problem);
                let recorded = row.and_then(|row| self.previous_of_row(&row));
                recorded.or_else(|| self.older_on_disk(step.end))
            }
        }
    }

    /// A digest is valid when it is as it was signed, in its place, and the one that others name.
    async fn check_digest(
        &mut self,
        step: &Step,
        row: Option<&TrailDigestRecord>,
    ) -> Result<Valid, Problem> {
        let content = self.open_digest(step, row).await?;
        let hash = sha256(&[&content]);
        let expected = row.map(|row| row.hash).or(step.link.as_ref().map(|link| link.hash));
        let is_expected = expected.is_none_or(|expected| expected == hash);
        let parsed = Digest::parse(&content);
        let digest = match parsed {
            Ok(digest) => digest,
            Err(_) if !is_expected => return Err(Problem::Damaged(damage::of_content(&content))),
            Err(error) => return Err(Problem::NotADigest(error.to_string())),
        };
        let signature = self.check_signature(step, row, &digest, (&hash, is_expected))?;
        self.check_place(step, &digest)?;
        if let Some(Link { later, .. }) =
            step.link.as_ref().filter(|link| link.hash != hash || link.signature != signature)
        {
            return Err(Problem::LinkBroken { later: later.to_string() });
        }
        match row {
            Some(row) if row.hash != hash || row.signature != signature => {
                return Err(Problem::NotAsRecorded);
            }
            None if self.is_newer_than_the_database(step.end) => return Err(Problem::Unknown),
            _ => {}
        }
        let previous = self.previous_of(&step.file, &digest)?;
        Ok(Valid { digest, hash, previous })
    }

    async fn open_digest(
        &mut self,
        step: &Step,
        row: Option<&TrailDigestRecord>,
    ) -> Result<Vec<u8>, Problem> {
        let Some(stored) = self.read_wherever(&step.file, DIGEST_BYTES_MAX, is_staged(row))? else {
            let is_removed = self.is_before_the_beginning(step, row).await;
            return Err(if is_removed { Problem::Removed } else { Problem::Missing });
        };
        let delivered =
            row.map(|row| Delivered { stored_bytes: row.stored_bytes, blocks: &row.blocks });
        damage::open(&stored, DIGEST_BYTES_MAX, delivered).map_err(|damage| {
            // A whole digest of another place was exchanged for it, or edited to look so.
            let held = gunzip(&stored, DIGEST_BYTES_MAX).ok();
            let held = held.and_then(|content| Digest::parse(&content).ok());
            let says = held.map(|held| self.tree.address(&held.bucket, &held.object));
            match says.filter(|says| *says != step.file) {
                Some(says) => Problem::Moved { to: says.to_string() },
                None => Problem::Damaged(damage),
            }
        })
    }

    /// Whether a digest without a file was removed because of its age. Whatever the age is now, it
    /// may have been another when files were removed, or this is a copy. So what was removed is what
    /// the database forgot before all that it knows; and without one, what nothing older lies beside.
    async fn is_before_the_beginning(
        &mut self,
        step: &Step,
        row: Option<&TrailDigestRecord>,
    ) -> bool {
        if self.range.removed_before.is_some_and(|before| step.end <= before) {
            return true;
        }
        if step.link.is_none() || row.is_some() {
            return false;
        }
        if self.trail.is_some() {
            let oldest = self.ask(async |trail, scope| trail.list_digests(scope, None, 1).await);
            let oldest = oldest.await.and_then(|mut rows| rows.pop());
            return oldest.is_some_and(|oldest| step.end < oldest.ended_at);
        }
        // What is asked for by its time must be there.
        self.range.start.is_none() && self.shelf.is_empty_until(self.scope, step.end)
    }

    /// The signature, which fits.
    fn check_signature(
        &mut self,
        step: &Step,
        row: Option<&TrailDigestRecord>,
        digest: &Digest,
        (hash, is_expected): (&[u8; 32], bool),
    ) -> Result<Vec<u8>, Problem> {
        let Address { bucket, object } = &step.file;
        let side = self.tree.address(bucket, &format!("{object}{METADATA_SUFFIX}"));
        let found = self.read_wherever(&side, METADATA_BYTES_MAX, is_staged(row))?;
        let found = found.ok_or(Problem::SignatureMissing)?;
        let known = row.map(|row| &row.signature).or(step.link.as_ref().map(|it| &it.signature));
        if let Some(known) = known.filter(|_| is_expected)
            && let Some(damage) = damage::between(&found, &DigestMetadata::new(known).to_json())
        {
            return Err(Problem::SignatureDamaged(damage));
        }
        let metadata = DigestMetadata::parse(&found).map_err(|_| Problem::SignatureMissing)?;
        let signature = hex::decode(&metadata.signature).map_err(|_| Problem::SignatureMissing)?;
        let fingerprint = &digest.public_key_fingerprint;
        let signed = signing_string(digest, &hex::encode(hash));
        match self
            .keys
            .get(fingerprint)
            .map(|key| key.verify_pkcs1_sha256(signed.as_bytes(), &signature))
        {
            Some(Ok(())) => Ok(signature),
            Some(Err(_)) if is_expected => Err(Problem::SignatureInvalid),
            None if is_expected => Err(Problem::NoPublicKey { fingerprint: fingerprint.clone() }),
            // Someone else knows the hash, and that is what is wrong.
            _ => Err(Problem::Damaged(Damage::Content)),
        }
    }

    /// The digest must say that it belongs where it is, and to whom.
    fn check_place(&self, step: &Step, digest: &Digest) -> Result<(), Problem> {
        let says = self.tree.address(&digest.bucket, &digest.object);
        if says != step.file {
            return Err(Problem::Moved { to: says.to_string() });
        }
        let name: DigestName = digest.object.parse().map_err(|_| Problem::Foreign)?;
        let is_own = name.account == self.scope.account
            && name.region == self.scope.region
            && digest.account == self.scope.account
            && name.end == digest.end
            && digest.start < digest.end;
        if is_own {
            Ok(())
        } else {
            Err(Problem::NotADigest("its account, Region or time is not that of its name".into()))
        }
    }

    /// The digest before it; an older one, or the links would go round.
    fn previous_of(&self, file: &Address, digest: &Digest) -> Result<Option<Step>, Problem> {
        let Some(previous) = &digest.previous else { return Ok(None) };
        let unreadable = || Problem::NotADigest("its link is none".into());
        let name: DigestName = previous.object.parse().map_err(|_| unreadable())?;
        let mut hash = [0; 32];
        hex::decode_to_slice(&previous.hash, &mut hash).map_err(|_| unreadable())?;
        let link = Link {
            later: file.clone(),
            later_start: digest.start,
            hash,
            signature: hex::decode(&previous.signature).map_err(|_| unreadable())?,
        };
        if name.end >= digest.end {
            return Err(unreadable());
        }
        let file = self.tree.address(&previous.bucket, &previous.object);
        Ok(Some(Step { file, end: name.end, link: Some(link) }))
    }

    /// The same, as the database knows it.
    fn previous_of_row(&self, row: &TrailDigestRecord) -> Option<Step> {
        let previous = row.previous.as_ref()?;
        let name: DigestName = previous.object.parse().ok()?;
        let link = Link {
            later: self.tree.address(&row.bucket, &row.name.object),
            later_start: row.started_at,
            hash: previous.hash,
            signature: previous.signature.clone(),
        };
        let file = self.tree.address(&previous.bucket, &previous.object);
        (name.end < row.ended_at).then_some(Step { file, end: name.end, link: Some(link) })
    }

    /// Takes a valid digest's time as covered, and compares it with that of the one after it.
    fn note_valid(&mut self, step: &Step, digest: &Digest) {
        if self.valid.is_empty() {
            self.newest_is_full = digest.log_files.len() >= DIGEST_FILES_MAX;
        }
        self.valid.insert(digest.end);
        self.report.summary.cover(digest.start, digest.end);
        for open in self.uncovered.iter_mut().filter(|(from, _)| from.is_none()) {
            open.0 = Some(digest.end);
        }
        let Some(Link { later, later_start, .. }) = &step.link else { return };
        let (from, to) = (digest.end, *later_start);
        let problem = match from.cmp(&to) {
            std::cmp::Ordering::Less => Problem::Gap { from, to },
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => Problem::Overlap { from: to, to: from },
        };
        self.found(&later.clone(), problem);
    }

    /// A chain that begins here may follow an older one.
    fn restart(&mut self, step: &Step, digest: &Digest) -> Option<Step> {
        let older = self.older_on_disk(step.end)?;
        let (from, to) = (older.end, digest.start);
        if from > to {
            self.found(&step.file, Problem::Overlap { from: to, to: from });
        } else {
            self.found(&step.file, Problem::Restart { from, to });
        }
        Some(older)
    }

    fn older_on_disk(&self, end: Timestamp) -> Option<Step> {
        let older = self.shelf.digests.range(..end).rev();
        let mut files = older.flat_map(|(end, files)| files.iter().map(|file| (*end, file)));
        let (end, file) = files.find(|(_, file)| !self.visited.contains(*file))?;
        Some(Step { file: file.clone(), end, link: None })
    }

    /// Digests up to the newest one that the walk did not come by.
    fn tell_strays(&mut self) {
        let Some(newest) = self.newest else { return };
        let all = std::mem::take(&mut self.shelf.digests);
        let strays = all.range(..=newest).filter(|(end, _)| self.is_wanted(**end));
        let strays = strays.flat_map(|(_, files)| files);
        let strays: Vec<_> = strays.filter(|file| !self.visited.contains(*file)).collect();
        for file in strays {
            self.report.summary.digests_invalid += 1;
            self.found(file, Problem::OutsideChain);
        }
    }

    fn is_newer_than_the_database(&self, end: Timestamp) -> bool {
        self.trail.is_some() && self.anchor.as_ref().is_none_or(|anchor| end > anchor.ended_at)
    }

    /// The bytes of a file: in its place, or where it waits if the database says that it may.
    pub(super) fn read_wherever(
        &mut self,
        file: &Address,
        bytes_max: usize,
        is_staged: bool,
    ) -> Result<Option<Vec<u8>>, Problem> {
        self.report.read();
        let read = match self.tree.read(file, bytes_max) {
            Ok(None) if is_staged => self.tree.read_staged(file, bytes_max),
            read => read.map(|bytes| Some((bytes?, false))),
        };
        let read = read.map_err(|error| Problem::Unreadable(error.to_string()))?;
        if let Some((_, true)) = read {
            self.found(file, Problem::NotDelivered);
        }
        Ok(read.map(|(bytes, _)| bytes))
    }

    /// Whether the digest with this end should have been looked at, and nobody knows it any more.
    pub(super) fn is_digest_gone(&self, end: Timestamp) -> bool {
        self.is_asked_for(end) && !self.ends.contains(&end)
    }

    /// Whether a digest with this end is among those asked for.
    pub(super) fn is_asked_for(&self, end: Timestamp) -> bool {
        let is_before_the_walk = self.range.end.is_some() && self.newest < Some(end);
        self.is_wanted(end) && !is_before_the_walk
    }

    /// Tells of the side files of digests that nobody knows.
    async fn tell_side_files(&mut self) {
        for (end, digest) in std::mem::take(&mut self.shelf.side_files) {
            if self.visited.contains(&digest) || !self.is_digest_gone(end) {
                continue;
            }
            let row = self.ask(async |trail, scope| trail.digest(scope, end).await).await;
            let Address { bucket, object } = digest;
            let side = self.tree.address(&bucket, &format!("{object}{METADATA_SUFFIX}"));
            // It may have been removed with its digest since names were listed.
            let is_there =
                matches!(self.tree.read(&side, METADATA_BYTES_MAX), Ok(Some(_)) | Err(_));
            if is_there && row.flatten().is_none() {
                self.found(&side, foreign(self.trail.is_some()));
            }
        }
    }

    /// Asks the database, as long as it can be believed.
    pub(super) async fn ask<T>(
        &mut self,
        query: impl AsyncFnOnce(&'a dyn Trail, &'a Scope) -> Result<T, StoreError>,
    ) -> Option<T> {
        let answer = query(self.trail?, self.scope).await;
        answer
            .map_err(|error| {
                self.trail = None;
                self.report.found(Some(self.scope), None, Problem::Database(error.to_string()));
            })
            .ok()
    }

    pub(super) fn found(&mut self, file: &Address, problem: Problem) {
        self.report.found(Some(self.scope), Some(file), problem);
    }
}

/// A file that is none of the trail's: the database at hand would know it.
pub(super) const fn foreign(is_database_at_hand: bool) -> Problem {
    if is_database_at_hand { Problem::Unknown } else { Problem::Foreign }
}

fn is_staged(row: Option<&TrailDigestRecord>) -> bool {
    row.is_some_and(|row| row.state == TrailState::Staged)
}
