//! Events on stdout: a line each for people, or the records themselves.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Stdout, Write as _};

use anyhow::{Context, Result};
use keyward_audit::iso_date;
use keyward_trail::search::Summary;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

use crate::arguments::Shown;
use crate::command::operate::explanation;
use crate::terminal::{has_colour, is_watched, printable};

const TITLES: Row<&str> =
    ["TIME", "ACCOUNT", "REGION", "EVENT", "WHO", "WHAT", "OUTCOME", "REQUEST"];
/// Wide enough for most, so that columns seldom move.
const WIDTHS: Row<usize> = [20, 12, 9, 20, 16, 40, 12, 36];
const OUTCOME: usize = 6;
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

type Row<T> = [T; 8];

/// What is printed of an event.
#[derive(Clone, Copy)]
enum Form {
    /// The record, with its note or without.
    Json { explains: bool },
    /// A line.
    Line,
    /// What happened and why, in words.
    Words,
}

/// Prints events. Once nobody reads them any more, nothing is printed and nothing fails.
pub(super) struct Printer {
    out: BufWriter<Stdout>,
    form: Form,
    has_colour: bool,
    widths: Row<usize>,
    /// Whether titles are due.
    has_titles: bool,
    is_read: bool,
}

impl Printer {
    pub(super) fn new(shown: &Shown) -> Self {
        let form = match (shown.json, shown.explain) {
            (true, explains) => Form::Json { explains },
            (false, true) => Form::Words,
            (false, false) => Form::Line,
        };
        Self {
            out: BufWriter::new(io::stdout()),
            form,
            has_colour: has_colour(),
            widths: WIDTHS,
            has_titles: is_watched(),
            is_read: true,
        }
    }

    /// Prints one event: the record as accounts get it, and what operators alone are told of it.
    pub(super) fn print(&mut self, record: &[u8], note: Option<&[u8]>) -> Result<()> {
        match self.form {
            Form::Json { explains } => {
                let note = note.filter(|_| explains);
                self.write(&[&with_note(record, note), b"\n".as_slice()].concat())
            }
            Form::Line => self.print_line(record),
            Form::Words => {
                let record: Value = serde_json::from_slice(&with_note(record, note))?;
                self.write(explanation::words(&record).as_bytes())
            }
        }
    }

    fn print_line(&mut self, record: &[u8]) -> Result<()> {
        let Some(summary) = Summary::read(record) else { return Ok(()) };
        let mut text = String::new();
        if std::mem::take(&mut self.has_titles) {
            text.push_str(&self.line(&TITLES.map(str::to_owned), false));
        }
        let has_failed = summary.error.is_some();
        let line = self.line(&row(summary), has_failed && self.has_colour);
        text.push_str(&line);
        self.write(text.as_bytes())
    }

    fn line(&mut self, row: &Row<String>, is_red: bool) -> String {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(&mut self.widths).enumerate() {
            *width = (*width).max(cell.chars().count());
            let (on, off) = if is_red && place == OUTCOME { (RED, PLAIN) } else { ("", "") };
            // Writing to a string cannot fail.
            let _ = write!(line, "{on}{cell:<0$}{off}  ", *width);
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }

    /// Lets readers have what is printed so far.
    pub(super) fn flush(&mut self) -> Result<()> {
        let flushed = self.out.flush();
        self.unless_unread(flushed)
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()
    }

    /// Whether somebody can read what is printed.
    pub(super) fn is_read(&mut self) -> bool {
        if self.is_read {
            let mut stdout = [PollFd::new(self.out.get_ref(), PollFlags::empty())];
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            let is_closed = poll(&mut stdout, Some(&now)).is_ok_and(|count| count > 0);
            self.is_read = !is_closed;
        }
        self.is_read
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = if self.is_read { self.out.write_all(bytes) } else { Ok(()) };
        self.unless_unread(written)
    }

    fn unless_unread(&mut self, result: io::Result<()>) -> Result<()> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_read = false;
                Ok(())
            }
            result => result.context("could not print"),
        }
    }
}

/// The record with its note as the journal has it.
fn with_note(record: &[u8], note: Option<&[u8]>) -> Vec<u8> {
    match (note, record.strip_suffix(b"}")) {
        (Some(note), Some(open)) => [open, b",\"operatorNote\":", note, b"}"].concat(),
        _ => record.to_vec(),
    }
}

fn row(summary: Summary) -> Row<String> {
    let Summary { time, account, region, event, who, what, error, request_id } = summary;
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    [
        iso_date(time).to_string(),
        account,
        region,
        event,
        or_dash(who),
        or_dash(what),
        error.unwrap_or_else(|| "ok".to_owned()),
        request_id.unwrap_or_else(|| "-".to_owned()),
    ]
    .map(|cell| printable(&cell))
}
