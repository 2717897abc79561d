//! Where events stand, and where a page ends.
//!
//! Newest is first: by time, and within a second by the order in which events were recorded. Places are
//! the journal's, also of what is in files: a file's row says which lines it was made of.

use std::fmt;
use std::str::FromStr;

use keyward_audit::{Event, JournalPosition};
use keyward_model::Timestamp;
use uuid::Uuid;

/// The form of a bookmark, so that one of another release is not misread.
const FORM: &str = "2";
const ABSENT: &str = "-";
/// Whatever was delivered so long before a lookup began was recorded before it.
const SETTLED_MS: i64 = 60 * 60 * 1000;

/// The place of an event among all that are read for a page: what is newer is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) time: Timestamp,
    /// Its line, or where the lines of its file begin. Files of earlier releases do not say.
    pub(super) line: Option<JournalPosition>,
    /// Its place in the file, or its id where nothing else tells.
    pub(super) rank: u128,
    pub(super) id: Uuid,
}

/// The lines of the journal that a file was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) from: JournalPosition,
    pub(super) to: JournalPosition,
}

/// How something stands to a place in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was recorded earlier.
    Earlier,
    /// It was recorded there or later.
    Later,
    /// It is a file with lines on both sides.
    Both,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bookmark {
    /// Only what was recorded before this line is still to be found.
    pub(super) before: JournalPosition,
    /// The first event recorded from there on, as far as those were read.
    pub(super) first_read: Option<Uuid>,
    /// When the first page was asked for, by the clock of the machine.
    pub(super) begun_at: Timestamp,
    /// Of what is still to be found, only what stands behind this.
    pub(super) behind: Option<Behind>,
}

/// What the events of the next page stand behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// An event.
    Event { time: Timestamp, line: Option<JournalPosition>, id: Uuid },
    /// All events of this second and later ones.
    Second(Timestamp),
}

impl Lines {
    fn standing(self, line: JournalPosition) -> Standing {
        if self.to <= line {
            Standing::Earlier
        } else if self.from > line {
            Standing::Later
        } else {
            Standing::Both
        }
    }
}

impl Bookmark {
    /// How a file stands to the line that only what was recorded before is wanted of.
    pub(super) fn standing(&self, lines: Option<Lines>, delivered_at: Timestamp) -> Standing {
        // Lines are counted from the beginning again in a journal that replaces a lost one.
        let is_settled =
            delivered_at.unix_ms().saturating_add(SETTLED_MS) < self.begun_at.unix_ms();
        match lines {
            Some(lines) if !is_settled && lines.from < self.before => lines.standing(self.before),
            Some(_) if !is_settled => Standing::Later,
            _ => Standing::Earlier,
        }
    }
}

impl Behind {
    /// How a line stands to it.
    pub(super) fn standing_of_line(self, at: JournalPosition) -> Standing {
        match self {
            Self::Event { line: Some(line), .. } if at < line => Standing::Earlier,
            _ => Standing::Later,
        }
    }

    /// How a file stands to it.
    pub(super) fn standing_of_file(self, lines: Option<Lines>) -> Standing {
        match (self, lines) {
            (Self::Event { line: Some(line), .. }, Some(lines)) => lines.standing(line),
            (Self::Event { line: Some(_), .. }, None) => Standing::Earlier,
            // Told by ids alone.
            (Self::Event { line: None, .. }, None) => Standing::Both,
            _ => Standing::Later,
        }
    }

    /// The last second in which events stand behind it.
    pub(super) const fn last_second(self) -> Timestamp {
        match self {
            Self::Event { time, .. } => time,
            Self::Second(time) => Timestamp::from_unix_ms(time.unix_ms().saturating_sub(1000)),
        }
    }

    /// Whether an event that stands so to it comes behind it.
    pub(super) fn is_before(self, event: &Event<'_>, standing: Standing) -> bool {
        match self {
            Self::Event { time, line, id } if event.time == time => match standing {
                Standing::Earlier => true,
                Standing::Later => false,
                Standing::Both => line.is_none() && event.id < id,
            },
            Self::Event { time, .. } | Self::Second(time) => event.time < time,
        }
    }
}

impl fmt::Display for Bookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, first_read, begun_at, behind } = self;
        write!(f, "{FORM} {before} {} {}", OrAbsent(*first_read), begun_at.unix_ms())?;
        match behind {
            None => Ok(()),
            Some(Behind::Second(time)) => write!(f, " {}", time.unix_ms()),
            Some(Behind::Event { time, line, id }) => {
                write!(f, " {} {} {id}", time.unix_ms(), OrAbsent(*line))
            }
        }
    }
}

/// Something, or the word for nothing.
struct OrAbsent<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for OrAbsent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(it) => it.fmt(f),
            None => f.write_str(ABSENT),
        }
    }
}

/// Text that is no bookmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoBookmark;

impl FromStr for Bookmark {
    type Err = NoBookmark;

    fn from_str(text: &str) -> Result<Self, NoBookmark> {
        let words: Vec<&str> = text.split(' ').collect();
        let [FORM, before, first_read, begun_at, behind @ ..] = words.as_slice() else {
            return Err(NoBookmark);
        };
        let behind = match behind {
            [] => None,
            [time] => Some(Behind::Second(timestamp(time)?)),
            [time, line, id] => Some(Behind::Event {
                time: timestamp(time)?,
                line: or_absent(line)?,
                id: id.parse().map_err(|_| NoBookmark)?,
            }),
            _ => return Err(NoBookmark),
        };
        Ok(Self {
            before: before.parse().map_err(|_| NoBookmark)?,
            first_read: or_absent(first_read)?,
            begun_at: timestamp(begun_at)?,
            behind,
        })
    }
}

fn or_absent<T: FromStr>(word: &str) -> Result<Option<T>, NoBookmark> {
    if word == ABSENT {
        return Ok(None);
    }
    word.parse().map(Some).map_err(|_| NoBookmark)
}

fn timestamp(word: &str) -> Result<Timestamp, NoBookmark> {
    word.parse().map(Timestamp::from_unix_ms).map_err(|_| NoBookmark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(segment: u64, offset: u64) -> JournalPosition {
        JournalPosition { segment, offset }
    }

    fn time(s: i64) -> Timestamp {
        Timestamp::from_unix_ms(s * 1000)
    }

    #[test]
    fn a_bookmark_is_read_as_it_was_written_and_nothing_else_is_one() {
        let id = Uuid::from_u128(7);
        for behind in [
            None,
            Some(Behind::Second(time(-5))),
            Some(Behind::Event { time: time(9), line: None, id }),
            Some(Behind::Event { time: time(9), line: Some(at(3, 4)), id }),
        ] {
            for first_read in [None, Some(id)] {
                let before = at(1, u64::MAX);
                let bookmark = Bookmark { before, first_read, begun_at: time(1), behind };
                assert_eq!(bookmark.to_string().parse(), Ok(bookmark));
            }
        }
        let of_before = format!("1772619302/{id}");
        for text in ["", "2", "2 1:1 -", "1 1:1 - 5", "2 1:1 - 5 6 7", "2 1:1 - 5 -", &of_before] {
            assert_eq!(text.parse::<Bookmark>(), Err(NoBookmark), "{text}");
        }
    }

    #[test]
    fn a_file_stands_before_a_line_behind_it_or_on_both_sides() {
        let bookmark =
            Bookmark { before: at(2, 50), first_read: None, begun_at: time(10_000), behind: None };
        let standing =
            |from, to, delivered_s| bookmark.standing(Some(Lines { from, to }), time(delivered_s));
        assert_eq!(standing(at(2, 0), at(2, 50), 10_000), Standing::Earlier);
        assert_eq!(standing(at(2, 0), at(2, 51), 10_000), Standing::Both);
        assert_eq!(standing(at(2, 50), at(2, 51), 10_000), Standing::Later);
        // Of a journal that was lost long ago.
        assert_eq!(standing(at(9, 0), at(9, 1), 6_399), Standing::Earlier);
        assert_eq!(bookmark.standing(None, time(10_000)), Standing::Earlier);
    }
}
