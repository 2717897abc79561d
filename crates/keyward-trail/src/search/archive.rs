//! The log files below the audit directory, in the order of their delivery.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use keyward_model::{AccountId, Region, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::filter::Filter;
use crate::format::{GunzipError, LOG_FILE_BYTES_MAX, LogFileName, gunzip};

/// What delivery works in, and no bucket.
const STAGING: &str = "staging";
const TOP: &str = "AWSLogs";
const KIND: &str = "CloudTrail";
/// How deep `AWSLogs` may lie below a bucket: as many words as a prefix can have.
const PREFIX_WORDS_MAX: usize = 100;

/// The directories of log files, one for each account and Region that ever had one.
pub(super) struct Archive {
    shelves: Vec<Shelf>,
}

/// The log files of an account's Region.
struct Shelf {
    /// The bucket's directory, which names are below.
    bucket: PathBuf,
    directory: PathBuf,
}

/// A day as its directories are called: `2026/03/04`.
pub(super) type Day = String;

/// Log files that were delivered in the same minute.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The minute.
    pub(super) delivered_at: Timestamp,
    pub(super) files: Vec<PathBuf>,
}

/// Why a log file could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogFileError {
    #[error(transparent)]
    Gunzip(#[from] GunzipError),
    #[error("it is no log file")]
    NotALogFile(#[from] serde_json::Error),
    #[error("it cannot be read")]
    Unreadable(#[from] io::Error),
}

impl Archive {
    /// Looks for what the filter asks for. An audit directory that is not there is empty.
    pub(super) fn open(audit: &Path, filter: &Filter) -> io::Result<Self> {
        let mut shelves = Vec::new();
        for name in names(audit)? {
            let bucket = audit.join(&name);
            // A bucket may be a link to another disk; what is below it is not followed.
            if name != STAGING && bucket.is_dir() {
                find_shelves(&bucket, &bucket, filter, PREFIX_WORDS_MAX, &mut shelves)?;
            }
        }
        Ok(Self { shelves })
    }

    /// Every day on which a file was delivered, in order.
    pub(super) fn days(&self) -> io::Result<BTreeSet<Day>> {
        let mut days = BTreeSet::new();
        for Shelf { directory, .. } in &self.shelves {
            for year in numbers(directory, 4)? {
                for month in numbers(&directory.join(&year), 2)? {
                    for day in numbers(&directory.join(&year).join(&month), 2)? {
                        days.insert(format!("{year}/{month}/{day}"));
                    }
                }
            }
        }
        Ok(days)
    }

    /// The files of a day by the minute of their delivery, in order.
    pub(super) fn groups(&self, day: &str) -> io::Result<Vec<Group>> {
        let mut files = Vec::new();
        for Shelf { bucket, directory } in &self.shelves {
            let directory = directory.join(day);
            for name in names(&directory)? {
                let path = directory.join(name);
                let key = path.strip_prefix(bucket).ok().and_then(Path::to_str);
                let name = key.and_then(|key| key.parse::<LogFileName>().ok());
                // Names tell the minute. Within it the files are as they were written, unless they
                // were copied: events of one second are in order then as well.
                let written = fs::metadata(&path).and_then(|it| it.modified()).ok();
                files.extend(name.map(|name| (name.delivered_at, written, path)));
            }
        }
        files.sort();
        let groups = files.chunk_by(|(a, ..), (b, ..)| a == b).filter_map(|files| {
            let (delivered_at, ..) = files.first()?;
            let files = files.iter().map(|(.., path)| path.clone()).collect();
            Some(Group { delivered_at: *delivered_at, files })
        });
        Ok(groups.collect())
    }

    /// The newest groups, newest first.
    pub(super) fn newest_groups(&self, count: usize) -> io::Result<Vec<Group>> {
        let mut newest = Vec::new();
        for day in self.days()?.into_iter().rev() {
            newest.extend(self.groups(&day)?.into_iter().rev());
            if newest.len() >= count {
                break;
            }
        }
        newest.truncate(count);
        Ok(newest)
    }
}

/// The records of a log file, each as it stands there.
pub(super) fn each_record(path: &Path, mut take: impl FnMut(&[u8])) -> Result<(), LogFileError> {
    #[derive(Deserialize)]
    struct LogFile<'f> {
        #[serde(rename = "Records", borrow)]
        records: Vec<&'f RawValue>,
    }
    let length = fs::metadata(path)?.len();
    if usize::try_from(length).map_or(true, |bytes| bytes > LOG_FILE_BYTES_MAX) {
        return Err(GunzipError::TooLong { bytes_max: LOG_FILE_BYTES_MAX }.into());
    }
    let content = gunzip(&fs::read(path)?, LOG_FILE_BYTES_MAX)?;
    let file: LogFile<'_> = serde_json::from_slice(&content)?;
    file.records.iter().for_each(|record| take(record.get().as_bytes()));
    Ok(())
}

fn find_shelves(
    bucket: &Path,
    directory: &Path,
    filter: &Filter,
    depth: usize,
    shelves: &mut Vec<Shelf>,
) -> io::Result<()> {
    let is_top = directory.file_name().is_some_and(|name| name == TOP);
    for name in directories(directory)? {
        let below = directory.join(&name);
        let account = name.to_str().and_then(|name| name.parse::<AccountId>().ok());
        let is_wanted = |account| filter.accounts.is_empty() || filter.accounts.contains(&account);
        match account.filter(|_| is_top) {
            Some(account) if is_wanted(account) => {
                add_regions(bucket, &below.join(KIND), filter, shelves)?;
            }
            None if depth > 0 => find_shelves(bucket, &below, filter, depth - 1, shelves)?,
            _ => {}
        }
    }
    Ok(())
}

fn add_regions(
    bucket: &Path,
    directory: &Path,
    filter: &Filter,
    shelves: &mut Vec<Shelf>,
) -> io::Result<()> {
    for name in directories(directory)? {
        let region = name.to_str().and_then(|name| name.parse::<Region>().ok());
        let is_wanted =
            |region: &Region| filter.regions.is_empty() || filter.regions.contains(region);
        if region.as_ref().is_some_and(is_wanted) {
            shelves.push(Shelf { bucket: bucket.to_owned(), directory: directory.join(name) });
        }
    }
    Ok(())
}

/// The names in a directory, none if it is not there: retention removes files and directories.
fn names(directory: &Path) -> io::Result<Vec<OsString>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn directories(directory: &Path) -> io::Result<Vec<OsString>> {
    let mut names = names(directory)?;
    names.retain(|name| {
        let is_directory = fs::symlink_metadata(directory.join(name)).map(|it| it.is_dir());
        is_directory.unwrap_or(false)
    });
    Ok(names)
}

fn numbers(directory: &Path, digits: usize) -> io::Result<Vec<String>> {
    let is_number =
        |name: &String| name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit());
    let names = directories(directory)?.into_iter().filter_map(|name| name.into_string().ok());
    Ok(names.filter(is_number).collect())
}
