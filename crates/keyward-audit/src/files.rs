//! The file system, as far as the journal and the delivery of records need it.
//!
//! A trait, so that tests put disks here that are full, slow or failing. The program has
//! [`RealFiles`] and nothing else. All calls block.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use keyward_model::Timestamp;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// Files and directories made here are the operator's alone.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// Makes, opens, names and removes files.
pub trait Files: Send + Sync {
    /// A new, empty file, open for appending; fails if it exists.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;

    /// An existing file, open for appending, and its length.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn AppendFile>, u64)>;

    /// An existing file, open for reading at any place.
    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;

    /// A whole file; one of more than `bytes_max` bytes is refused with
    /// [`io::ErrorKind::FileTooLarge`].
    fn read(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>>;

    /// The names in a directory, in no order.
    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>>;

    /// What is known of a file or directory without reading it.
    fn describe(&self, path: &Path) -> io::Result<FileDescription>;

    /// Gives a file another name in the same file system, in one step. A file that has that name
    /// is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// The same, but a file that has that name stays, and then it fails with
    /// [`io::ErrorKind::AlreadyExists`]. In two steps, unless the file system knows better.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.describe(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.rename(from, to),
            found => found.and(Err(io::ErrorKind::AlreadyExists.into())),
        }
    }

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    fn remove_directory(&self, _directory: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Makes a directory and those above it, unless they exist.
    fn create_directories(&self, directory: &Path) -> io::Result<()>;

    /// Makes the names in `directory` survive a power loss.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// A file open for appending.
pub trait AppendFile: Send {
    /// Writes at the end, with one call; returns how much of `bytes` was taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Makes what was written survive a power loss.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `length`.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// How long the file is now, whoever wrote it.
    fn length(&self) -> io::Result<u64>;

    /// Behind the bytes appended last: where they went is known afterwards, for others may append to
    /// the same file.
    fn end(&mut self) -> io::Result<u64>;

    /// The same file once more, so that it can be synced while it is written to.
    fn duplicate(&self) -> io::Result<Box<dyn AppendFile>>;

    /// Whether this file is the one that stands at `path`. Another may have taken its place, and
    /// what is written here would be lost.
    fn is_at(&self, path: &Path) -> io::Result<bool>;
}

/// A file open for reading.
pub trait ReadFile: Send {
    /// Reads at `offset`, with one call; 0 at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How long the file is now.
    fn length(&self) -> io::Result<u64>;
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDescription {
    /// Its length.
    pub bytes: u64,
    /// When it was last written to, by the clock of the machine.
    pub written_at: Timestamp,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// Writes all of `bytes`: with one call, unless the system takes only a part.
pub fn append_all(file: &mut dyn AppendFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.append(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

impl Files for RealFiles {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = OpenOptions::new().append(true).create_new(true).mode(FILE_MODE).open(path)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn AppendFile>, u64)> {
        let file = OpenOptions::new().append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok((Box::new(file), length))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn read(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::FileTooLarge.into())
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn describe(&self, path: &Path) -> io::Result<FileDescription> {
        let metadata = fs::metadata(path)?;
        let written_ms = metadata.mtime().saturating_mul(1000) + metadata.mtime_nsec() / 1_000_000;
        Ok(FileDescription {
            bytes: metadata.len(),
            written_at: Timestamp::from_unix_ms(written_ms),
            is_directory: metadata.is_dir(),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Network file systems do not rename so, but they have links.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                fs::hard_link(from, to)?;
                fs::remove_file(from)
            }
            done => Ok(done?),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_directory(&self, directory: &Path) -> io::Result<()> {
        fs::remove_dir(directory)
    }

    fn create_directories(&self, directory: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

impl AppendFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn end(&mut self) -> io::Result<u64> {
        // A write in append mode leaves the file's place behind what it wrote.
        self.stream_position()
    }

    fn duplicate(&self) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(self.try_clone()?))
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let (here, there) = (self.metadata()?, fs::metadata(path)?);
        Ok((here.dev(), here.ino()) == (there.dev(), there.ino()))
    }
}

impl ReadFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}
