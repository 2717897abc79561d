//! The file system, as far as the journal's writer needs it. Tests put failing disks here.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Segments and the journal's directory are the operator's alone.
const MODE: u32 = 0o600;

/// Makes and opens segments.
pub(super) trait Files: Send {
    /// A new, empty segment; fails if the file exists.
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;

    /// An existing segment, for appending, and its length.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn SegmentFile>, u64)>;

    /// Makes the names in `directory` survive a power loss.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// One segment, open for appending.
pub(super) trait SegmentFile: Send {
    /// Writes at the end, with one call; returns how much of `bytes` was taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Makes what was written survive a power loss.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `length`.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// The file system of the machine.
pub(super) struct RealFiles;

impl Files for RealFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let file = OpenOptions::new().append(true).create_new(true).mode(MODE).open(path)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn SegmentFile>, u64)> {
        let file = OpenOptions::new().append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok((Box::new(file), length))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

impl SegmentFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
