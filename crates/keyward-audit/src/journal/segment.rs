//! Segment files: their names, and the repair of their tails.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Repair;
use crate::files::{Files as _, RealFiles};

const EXTENSION: &str = "jsonl";
/// What a repair moves aside has this instead.
pub(super) const TORN: &str = "torn";
const BLOCK: u64 = 64 * 1024;

/// The file of a segment. Names sort as numbers do.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016}.{EXTENSION}"))
}

/// The numbers of all segments in `directory`, in order.
pub(super) fn list(directory: &Path) -> io::Result<Vec<u64>> {
    RealFiles.list(directory).map(numbers)
}

/// The numbers of the segments among `names`, in order. Other files are none of ours.
pub(super) fn numbers(names: Vec<OsString>) -> Vec<u64> {
    let mut numbers: Vec<_> = names.into_iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn number(name: OsString) -> Option<u64> {
    let file = PathBuf::from(name);
    let number = file.file_stem()?.to_str()?.parse().ok()?;
    // Written back, so that two spellings of one number cannot both be segments.
    (path(Path::new(""), number) == file).then_some(number)
}

/// Cuts every segment behind its last line end. A power loss can tear more than the newest.
pub(super) fn repair_all(directory: &Path) -> io::Result<Repair> {
    let mut repair = Repair::default();
    for number in list(directory)? {
        let path = path(directory, number);
        let torn_bytes = repair_tail(&path)?;
        if torn_bytes > 0 {
            tracing::warn!(path = %path.display(), torn_bytes, "a journal segment had a torn tail");
            repair.torn_lines += 1;
            repair.torn_bytes += torn_bytes;
        }
    }
    Ok(repair)
}

/// Moves what stands behind the last line end of a segment to a `.torn` file beside it; returns
/// how many bytes that were.
fn repair_tail(path: &Path) -> io::Result<u64> {
    let mut segment = OpenOptions::new().read(true).write(true).open(path)?;
    let length = segment.metadata()?.len();
    let whole = end_of_last_line(&segment, length)?;
    if whole == length {
        return Ok(0);
    }
    let mut torn =
        OpenOptions::new().append(true).create(true).mode(0o600).open(path.with_extension(TORN))?;
    segment.seek(SeekFrom::Start(whole))?;
    io::copy(&mut (&segment).take(length - whole), &mut torn)?;
    // The copy first: a crash between the two leaves it twice, never not at all.
    torn.sync_all()?;
    segment.set_len(whole)?;
    segment.sync_all()?;
    Ok(length - whole)
}

/// Where the last line end stands, searched backwards; 0 without one.
fn end_of_last_line(segment: &File, length: u64) -> io::Result<u64> {
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = vec![0; usize::try_from(end - start).unwrap_or_default()];
        segment.read_exact_at(&mut block, start)?;
        if let Some(at) = block.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + u64::try_from(at).unwrap_or_default() + 1);
        }
        end = start;
    }
    Ok(0)
}
