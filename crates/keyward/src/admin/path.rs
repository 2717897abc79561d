//! A path of the admin socket that the kernel takes, however deep the data directory is.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// What the kernel takes as the path of a socket.
const BYTES_MAX: usize = 107;

/// The path to bind or connect to; it is good while this value lives.
pub(super) struct SocketPath {
    path: PathBuf,
    _directory: Option<OwnedFd>,
}

impl SocketPath {
    /// The path itself, or one through its open directory.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= BYTES_MAX {
            return Ok(Self { path: path.to_owned(), _directory: None });
        }
        let parts = path.parent().zip(path.file_name());
        let (parent, name) = parts.ok_or(io::ErrorKind::InvalidFilename)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(parent, flags, Mode::empty())?;
        let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
        Ok(Self { path: Path::new(&path).join(name), _directory: Some(directory) })
    }

    pub(super) fn as_path(&self) -> &Path {
        &self.path
    }
}
