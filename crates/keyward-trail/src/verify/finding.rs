//! What is found wrong, or worth telling, and its words.

use std::fmt;

use keyward_audit::iso_date;
use keyward_model::Timestamp;
use keyward_store::{JournalRange, Scope};

use super::damage::Damage;

/// Where a file lies, or should.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Its bucket; empty where the directory is the bucket, whatever its name.
    pub bucket: String,
    /// Its key: the path below the bucket.
    pub object: String,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whose files it is about.
    pub scope: Option<Scope>,
    /// The file, if it is about one.
    pub file: Option<Address>,
    /// What it is.
    pub problem: Problem,
    /// The lines of the journal that the file can be made of again as it was delivered, if they are
    /// still there.
    pub kept: Option<JournalRange>,
    /// What it means for the trail.
    pub severity: Severity,
}

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The trail is not as it was delivered.
    Error,
    /// The trail says of itself that it is not whole.
    Loss,
    /// It is told, and nothing is wrong.
    Note,
}

/// What is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The row of the database about it is not believed, or the database failed.
    Database(String),
    /// The file is not as it was delivered.
    Damaged(Damage),
    /// A digest that no later digest links to.
    OutsideChain,
    /// A file that the trail did not write.
    Foreign,
    /// The chain goes on, but the time in between is in no digest.
    Gap {
        /// Since when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// A log file that holds what belongs to another name.
    ContentOf(String),
    /// Lines of the journal are in no log file that the database knows.
    InNoFile {
        /// Where they are, among others.
        range: JournalRange,
        /// How many.
        lines: u64,
    },
    /// A segment of the journal ends before lines that were delivered from it.
    JournalCut {
        /// The segment.
        segment: u64,
        /// How long it is.
        bytes: u64,
        /// Up to where it was delivered.
        delivered: u64,
    },
    /// Lines of the journal that are no records, and so in no log file.
    JournalNoRecords {
        /// Where they are, among others.
        range: JournalRange,
        /// How many.
        lines: u64,
    },
    /// The journal could not be read.
    JournalUnreadable(String),
    /// A digest that should list this log file does not.
    LeftOut,
    /// It is a link: what lies elsewhere can be changed unseen.
    Link,
    /// Not the digest that the later one names.
    LinkBroken {
        /// The later one.
        later: String,
    },
    /// A record of the program says that records were lost or altered.
    Loss {
        /// Its `eventName`.
        event: &'static str,
        /// Its `eventTime`.
        at: Timestamp,
    },
    /// The file is not there.
    Missing,
    /// It says it belongs elsewhere.
    Moved {
        /// Where.
        to: String,
    },
    /// The public key it was signed with is not known.
    NoPublicKey {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// It opens, but is no digest.
    NotADigest(String),
    /// Not the digest that was noted elsewhere.
    NotAsNoted,
    /// A digest that was noted elsewhere, and that the chain does not come by.
    NotInChain,
    /// The digest that listed it is neither on disk nor in the database.
    NoDigest {
        /// When that digest ended.
        end: Timestamp,
    },
    /// It is announced in the database, and still where files wait for their delivery.
    NotDelivered,
    /// The journal says otherwise than the log file that was made of these lines.
    NotAsJournal(JournalRange),
    /// The digest or its signature is not what the database knows.
    NotAsRecorded,
    /// The time of the digest overlaps that of the one before it.
    Overlap {
        /// Since when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// Listed a second time.
    Repeated,
    /// What came before was removed when it was old enough.
    Removed,
    /// The chain begins anew; before it, nothing was delivered.
    Restart {
        /// Since when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// Lines of the journal that are no records were set aside in this file.
    SetAside {
        /// How long it is.
        bytes: u64,
        /// When it was last written to.
        at: Timestamp,
    },
    /// The side file with the signature was changed.
    SignatureDamaged(Damage),
    /// The signature does not fit.
    SignatureInvalid,
    /// The side file with the signature is not there, or holds none.
    SignatureMissing,
    /// The database does not know the file.
    Unknown,
    /// No digest lists the log file, though digests of its time exist.
    Unlisted,
    /// It could not be read.
    Unreadable(String),
}

impl Problem {
    /// What it means, where losses are known up to an instant.
    pub(super) fn severity(&self, known_until: Option<Timestamp>) -> Severity {
        match self {
            Self::Foreign
            | Self::JournalNoRecords { .. }
            | Self::NotDelivered
            | Self::Removed
            | Self::Restart { .. } => Severity::Note,
            Self::Loss { at, .. } | Self::SetAside { at, .. } => {
                let is_known = known_until.is_some_and(|until| *at <= until);
                if is_known { Severity::Note } else { Severity::Loss }
            }
            _ => Severity::Error,
        }
    }

    /// One word for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Damaged(Damage::Truncated { .. }) => "truncated",
            Self::Damaged(Damage::Appended { .. }) => "appended",
            Self::Damaged(_) => "edited",
            Self::OutsideChain => "outsideChain",
            Self::Foreign => "foreign",
            Self::Gap { .. } => "gap",
            Self::ContentOf(_) => "swapped",
            Self::InNoFile { .. } => "inNoFile",
            Self::JournalCut { .. } => "journalCut",
            Self::JournalNoRecords { .. } => "journalNoRecords",
            Self::JournalUnreadable(_) => "journalUnreadable",
            Self::LeftOut => "leftOut",
            Self::Link => "link",
            Self::LinkBroken { .. } => "linkBroken",
            Self::Loss { .. } => "loss",
            Self::Missing => "missing",
            Self::Moved { .. } => "moved",
            Self::NoPublicKey { .. } => "noPublicKey",
            Self::NotADigest(_) => "notADigest",
            Self::NoDigest { .. } => "noDigest",
            Self::NotAsNoted => "notAsNoted",
            Self::NotInChain => "notInChain",
            Self::NotDelivered => "notDelivered",
            Self::NotAsJournal(_) => "notAsJournal",
            Self::NotAsRecorded => "notAsRecorded",
            Self::Overlap { .. } => "overlap",
            Self::Repeated => "repeated",
            Self::Removed => "removed",
            Self::Restart { .. } => "restart",
            Self::SetAside { .. } => "setAside",
            Self::SignatureDamaged(_) => "signatureEdited",
            Self::SignatureInvalid => "signatureInvalid",
            Self::SignatureMissing => "signatureMissing",
            Self::Unknown => "unknown",
            Self::Unlisted => "unlisted",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The lines of the journal that it is about.
    pub const fn lines(&self) -> Option<JournalRange> {
        match self {
            Self::InNoFile { range, .. }
            | Self::JournalNoRecords { range, .. }
            | Self::NotAsJournal(range) => Some(*range),
            _ => None,
        }
    }

    /// The damage, if it is one.
    pub const fn damage(&self) -> Option<Damage> {
        match self {
            Self::Damaged(damage) | Self::SignatureDamaged(damage) => Some(*damage),
            _ => None,
        }
    }

    /// The words of what is about the journal.
    fn fmt_of_journal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InNoFile { range, lines } => write!(
                f,
                "{lines} of the journal's lines {} are in no log file the database knows",
                Lines(*range)
            ),
            Self::JournalCut { segment, bytes, delivered } => write!(
                f,
                "segment {segment} of the journal ends at byte {bytes}; it was delivered up to byte {delivered}"
            ),
            Self::JournalNoRecords { range, lines } => write!(
                f,
                "{lines} of the journal's lines {} are no records, and in no log file",
                Lines(*range)
            ),
            Self::JournalUnreadable(reason) => write!(f, "the journal could not be read: {reason}"),
            Self::NotAsJournal(range) => {
                write!(f, "the journal's lines {} say otherwise than the log file", Lines(*range))
            }
            Self::SetAside { bytes, at } => write!(
                f,
                "{bytes} bytes of journal lines that are no records were set aside, the last at {}",
                iso_date(*at)
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(reason) => write!(f, "the database cannot tell: {reason}"),
            Self::Damaged(damage) => damage.fmt(f),
            Self::OutsideChain => f.write_str("no later digest links to it"),
            Self::Foreign => f.write_str("not a file of the trail"),
            Self::Gap { from, to } => {
                write!(f, "no digest covers {} to {}", iso_date(*from), iso_date(*to))
            }
            Self::ContentOf(other) => write!(f, "it holds the content of {other}"),
            Self::InNoFile { .. }
            | Self::JournalCut { .. }
            | Self::JournalNoRecords { .. }
            | Self::JournalUnreadable(_)
            | Self::NotAsJournal(_)
            | Self::SetAside { .. } => self.fmt_of_journal(f),
            Self::LeftOut => f.write_str("the digest of its time does not list it"),
            Self::Link => f.write_str("it is a link to another place"),
            Self::LinkBroken { later } => write!(f, "not the digest that {later} links to"),
            Self::Loss { event, at } => {
                write!(f, "it holds the record {event} of {}", iso_date(*at))
            }
            Self::Missing => f.write_str("missing"),
            Self::Moved { to } => write!(f, "moved: it says it belongs at {to}"),
            Self::NoPublicKey { fingerprint } => {
                write!(f, "signed with the unknown key {fingerprint}")
            }
            Self::NotADigest(reason) => f.write_str(reason),
            Self::NoDigest { end } => {
                write!(f, "the digest that listed it, which ended at {}, is gone", iso_date(*end))
            }
            Self::NotAsNoted => f.write_str("not the digest that was noted under this name"),
            Self::NotInChain => f.write_str("it was noted, and the chain does not come by it"),
            Self::NotDelivered => {
                f.write_str("on its way to its place; a running server finishes that")
            }
            Self::NotAsRecorded => f.write_str("not what the database recorded when it was made"),
            Self::Overlap { from, to } => write!(
                f,
                "it covers {} to {}, which the digest before it covers too",
                iso_date(*from),
                iso_date(*to)
            ),
            Self::Repeated => f.write_str("listed more than once"),
            Self::Removed => f.write_str(
                "the chain goes on before this, with files that were old enough to be removed",
            ),
            Self::Restart { from, to } => write!(
                f,
                "the chain begins anew here; nothing was delivered from {} to {}",
                iso_date(*from),
                iso_date(*to)
            ),
            Self::SignatureDamaged(damage) => write!(f, "its signature file: {damage}"),
            Self::SignatureInvalid => f.write_str("the signature does not fit"),
            Self::SignatureMissing => f.write_str("its signature file is missing or unreadable"),
            Self::Unknown => f.write_str("the database does not know it"),
            Self::Unlisted => f.write_str("no digest lists it"),
            Self::Unreadable(reason) => write!(f, "could not be read: {reason}"),
        }
    }
}

/// The place of lines, in words.
struct Lines(JournalRange);

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JournalRange { segment, from, to } = self.0;
        write!(f, "{segment}:{from} to {segment}:{to}")
    }
}

impl Finding {
    /// What it is, and what can be done about it.
    pub fn words(&self) -> String {
        let Self { problem, kept, .. } = self;
        match kept {
            Some(range) => {
                format!("{problem}; the journal's lines {} still hold its content", Lines(*range))
            }
            None => problem.to_string(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.bucket.is_empty() { "" } else { "/" };
        write!(f, "{}{separator}{}", self.bucket, self.object)
    }
}
