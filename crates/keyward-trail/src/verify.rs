//! Verification of delivered files: nothing changed, nothing missing, nothing in another place.
//!
//! Digests are walked from the newest one back along their links, as the standard client does it
//! with a copy in S3, and each log file is compared with the digest that lists it. The database,
//! where it is at hand, knows more than files can: which digest is the newest one, which log files
//! wait for a digest, and checksums of blocks that tell the place of an edit. Without it a chain
//! that lost its newest digests looks like a shorter one. With the database, what is still there of
//! the journal is compared with what was made of it.
//!
//! Reads only. One file is in memory at a time. Who may ask, and how it is shown, is not known here.

mod damage;
mod finding;
mod heads;
mod journal;
mod logs;
mod losses;
mod shelf;
mod strays;
#[cfg(test)]
mod tests;
mod walk;

use std::io;
use std::path::Path;

use keyward_audit::files::Files;
use keyward_model::{AccountId, Region, Timestamp};
use keyward_store::{JournalRange, Scope, StoreError, Trail};

pub use damage::Damage;
pub use finding::{Address, Finding, Problem, Severity};
pub use heads::Head;
use journal::{Comparison, KeptJournal};
pub use shelf::Buckets;
use shelf::{Place, Tree};
use walk::Walk;

use crate::format::PublicKeys;

/// What is verified, and against what.
pub struct Sources<'a> {
    /// The file system.
    pub files: &'a dyn Files,
    /// The buckets in it.
    pub buckets: &'a Buckets,
    /// What the database knows of the trail, if it is at hand.
    pub trail: Option<&'a dyn Trail>,
    /// The directory of the journal that all was delivered from, if it is at hand. Nothing is made
    /// of it without the database.
    pub journal: Option<&'a Path>,
    /// Digests that must be in their chains, for they were noted elsewhere.
    pub heads: &'a [Head],
    /// The keys that digests are verified with.
    pub public_keys: &'a PublicKeys,
}

/// Which part is verified.
#[derive(Clone, Debug, Default)]
pub struct Range {
    /// Only this account's files.
    pub account: Option<AccountId>,
    /// Only this Region's.
    pub region: Option<Region>,
    /// Only digests that end later, and files delivered later.
    pub start: Option<Timestamp>,
    /// Only digests up to the one that covers this instant, and files delivered not later.
    pub end: Option<Timestamp>,
    /// That the trail says of itself that records were lost up to this instant is known.
    pub losses_known_until: Option<Timestamp>,
    /// Files and digests from before this instant may have been removed because of their age.
    pub removed_before: Option<Timestamp>,
}

/// What came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Accounts and Regions looked at.
    pub chains: u64,
    /// Digests that are as they were signed.
    pub digests_valid: u64,
    /// Those that are not, or are missing.
    pub digests_invalid: u64,
    /// Log files that are as they were delivered.
    pub logs_valid: u64,
    /// Those that are not, or are missing.
    pub logs_invalid: u64,
    /// Those among the valid ones that the database alone vouches for: no digest lists them yet.
    pub logs_undigested: u64,
    /// Log files that nothing at hand vouches for: newer than every digest, or listed by one that
    /// is not valid.
    pub logs_unchecked: u64,
    /// Log files that were old enough to be removed, and were.
    pub logs_removed: u64,
    /// Log files that the journal's lines say the same as.
    pub journal_logs: u64,
    /// Everything found that makes the trail invalid.
    pub errors: u64,
    /// How often the trail says of itself that records were lost or altered, but for what is known.
    pub losses: u64,
    /// Why it cannot be called valid though nothing was found.
    pub unverified: Option<Unverified>,
    /// The time that valid digests cover.
    pub covered: Option<(Timestamp, Timestamp)>,
}

/// Why finding nothing wrong proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// Nothing is there of what was asked for.
    Nothing,
    /// There is no valid digest, and no database either.
    NoDigests,
    /// Nothing at hand vouches for so many log files.
    LogFiles(u64),
}

/// What is told while it is found.
#[derive(Debug)]
pub enum Event<'a> {
    /// The files of this account and Region are next.
    Chain(&'a Scope),
    /// The newest digest of these that is asked for, and is valid.
    Head(&'a Scope, &'a Head),
    /// Something was found.
    Found(&'a Finding),
    /// One more file was read.
    Read,
}

/// The verification could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A directory could not be read.
    #[error("the files could not be listed")]
    Files(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Range {
    fn wants(&self, scope: &Scope) -> bool {
        self.account.is_none_or(|account| account == scope.account)
            && self.region.as_ref().is_none_or(|region| *region == scope.region)
    }

    fn covers(&self, delivered_at: Timestamp) -> bool {
        self.start.is_none_or(|start| delivered_at > start)
            && self.end.is_none_or(|end| delivered_at <= end)
    }

    /// Whether it leaves anything out.
    const fn is_part(&self) -> bool {
        self.account.is_some()
            || self.region.is_some()
            || self.start.is_some()
            || self.end.is_some()
    }
}

impl Summary {
    /// Whether all that was asked for is as it should be.
    pub const fn is_valid(&self) -> bool {
        self.errors == 0 && self.losses == 0 && self.unverified.is_none()
    }

    /// Why it cannot be called valid, if nothing wrong was found. A database that knows of nothing
    /// delivered is an answer for a whole deployment, and none to who asks for a part of it.
    const fn unverified(&self, has_database: bool, is_part: bool) -> Option<Unverified> {
        let digests = self.digests_valid + self.digests_invalid;
        let logs = self.logs_valid + self.logs_invalid + self.logs_removed + self.logs_unchecked;
        if digests + logs == 0 && (is_part || !has_database) {
            Some(Unverified::Nothing)
        } else if self.digests_valid == 0 && !has_database {
            Some(Unverified::NoDigests)
        } else if self.logs_unchecked > 0 {
            Some(Unverified::LogFiles(self.logs_unchecked))
        } else {
            None
        }
    }

    fn cover(&mut self, start: Timestamp, end: Timestamp) {
        let (first, last) = self.covered.unwrap_or((start, end));
        self.covered = Some((first.min(start), last.max(end)));
    }
}

/// Verifies what is delivered, and tells what it finds. Reads files where it runs.
pub async fn verify(
    sources: &Sources<'_>,
    range: &Range,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Summary, VerifyError> {
    let tree = Tree { files: sources.files, buckets: sources.buckets };
    let places = tree.places()?;
    let journal = match sources.journal {
        Some(directory) => Some(KeptJournal::open(sources.files, directory)?),
        None => None,
    };
    let known_until = range.losses_known_until;
    let mut report = Report { summary: Summary::default(), known_until, tell };
    if !range.is_part()
        && let Some((file, problem)) = tree.set_aside()?
    {
        report.found(None, Some(&file), problem);
    }
    if range.account.is_none() && range.region.is_none() {
        let strays = tree.strays(&places)?;
        for file in strays.foreign {
            report.found(None, Some(&file), walk::foreign(sources.trail.is_some()));
        }
        for file in strays.links {
            report.found(None, Some(&file), Problem::Link);
        }
    }
    for scope in scopes(&tree, &places, sources, range).await? {
        (report.tell)(Event::Chain(&scope));
        report.summary.chains += 1;
        // Names first and rows after them: a row is written before its file comes to its place, so
        // that files delivered meanwhile have rows, whichever come.
        let shelf = tree.shelf(&places, &scope)?;
        let sources = (sources, journal.as_ref());
        let walk = Walk::new(&tree, sources, range, &scope, shelf, &mut report);
        walk.run().await;
    }
    if let (Some(journal), Some(trail)) = (&journal, sources.trail) {
        let report = &mut report;
        let mut comparison = Comparison { tree: &tree, journal, trail, range, report };
        if let Err(error) = comparison.run().await {
            report.found(None, None, Problem::Database(error.to_string()));
        }
    }
    let mut summary = report.summary;
    summary.unverified = summary.unverified(sources.trail.is_some(), range.is_part());
    Ok(summary)
}

/// The accounts and Regions that have files or rows, as far as they are wanted.
async fn scopes(
    tree: &Tree<'_>,
    places: &[Place],
    sources: &Sources<'_>,
    range: &Range,
) -> Result<Vec<Scope>, VerifyError> {
    let mut scopes = tree.scopes(places)?;
    scopes.extend(heads::scopes_of(sources.heads).flatten());
    if let Some(trail) = sources.trail {
        scopes.extend(trail.scopes().await?);
    }
    scopes.sort();
    scopes.dedup();
    scopes.retain(|scope| range.wants(scope));
    Ok(scopes)
}

/// What was found so far.
struct Report<'a> {
    summary: Summary,
    known_until: Option<Timestamp>,
    tell: &'a mut dyn FnMut(Event<'_>),
}

impl Report<'_> {
    fn found(&mut self, scope: Option<&Scope>, file: Option<&Address>, problem: Problem) {
        self.found_kept(scope, file, (problem, None));
    }

    fn found_kept(
        &mut self,
        scope: Option<&Scope>,
        file: Option<&Address>,
        (problem, kept): (Problem, Option<JournalRange>),
    ) {
        let severity = problem.severity(self.known_until);
        match severity {
            Severity::Error => self.summary.errors += 1,
            Severity::Loss => self.summary.losses += 1,
            Severity::Note => {}
        }
        let (scope, file) = (scope.cloned(), file.cloned());
        (self.tell)(Event::Found(&Finding { scope, file, problem, kept, severity }));
    }

    fn read(&mut self) {
        (self.tell)(Event::Read);
    }
}
