//! Segment files: their names, and the repair of their tails.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Repair;

const EXTENSION: &str = "jsonl";
const BLOCK: u64 = 64 * 1024;

/// Makes the journal's directory, the operator's alone, unless it exists.
pub(super) fn create_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The file of a segment. Names sort as numbers do.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016}.{EXTENSION}"))
}

/// The numbers of all segments in `directory`, in order. Other files are none of ours.
pub(super) fn list(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = PathBuf::from(entry?.file_name());
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        // Written back, so that two spellings of one number cannot both be segments.
        if let Ok(number) = stem.parse()
            && path(Path::new(""), number) == file
        {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
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
    let mut torn = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path.with_extension("torn"))?;
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
