//! A disk that fails on demand, in front of the real one.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::files::{AppendFile, FileDescription, Files, ReadFile, RealFiles};

/// What the disk does wrong, and what it was asked to do.
#[derive(Default)]
pub(super) struct Faults {
    /// Bytes until the disk is full.
    pub(super) bytes_free: Option<usize>,
    /// The most that one call takes.
    pub(super) append_bytes_max: Option<usize>,
    pub(super) interrupts: u32,
    pub(super) sync_errors: u32,
    pub(super) truncate_errors: u32,
    pub(super) directory_errors: u32,
    pub(super) appends: u32,
    pub(super) syncs: u32,
    hooks: VecDeque<Box<dyn FnOnce() + Send>>,
}

#[derive(Clone, Default)]
pub(super) struct Disk(Arc<Mutex<Faults>>);

impl Disk {
    pub(super) fn set<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// Calls `hook` in the middle of an append: of the next, if none is waiting already.
    pub(super) fn on_next_append(&self, hook: impl FnOnce() + Send + 'static) {
        self.set(|faults| faults.hooks.push_back(Box::new(hook)));
    }
}

struct FaultyFile {
    file: Box<dyn AppendFile>,
    disk: Disk,
}

impl Files for Disk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = RealFiles.create_new(path)?;
        Ok(Box::new(FaultyFile { file, disk: self.clone() }))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn AppendFile>, u64)> {
        let (file, length) = RealFiles.open(path)?;
        Ok((Box::new(FaultyFile { file, disk: self.clone() }), length))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.set(|faults| fail_while(&mut faults.directory_errors))?;
        RealFiles.sync_directory(directory)
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        RealFiles.open_to_read(path)
    }

    fn read(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        RealFiles.read(path, bytes_max)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        RealFiles.list(directory)
    }

    fn describe(&self, path: &Path) -> io::Result<FileDescription> {
        RealFiles.describe(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }

    fn create_directories(&self, directory: &Path) -> io::Result<()> {
        RealFiles.create_directories(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }
}

impl AppendFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(hook) = self.disk.set(|faults| faults.hooks.pop_front()) {
            hook();
        }
        let taken = self.disk.set(|faults| {
            if fail_while(&mut faults.interrupts).is_err() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            faults.appends += 1;
            let most = faults.append_bytes_max.unwrap_or(usize::MAX).min(bytes.len());
            let Some(free) = &mut faults.bytes_free else { return Ok(most) };
            let taken = most.min(*free);
            *free -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        })?;
        let mut rest = &bytes[..taken];
        while !rest.is_empty() {
            rest = &rest[self.file.append(rest)?..];
        }
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.set(|faults| {
            fail_while(&mut faults.sync_errors)?;
            faults.syncs += 1;
            Ok::<_, io::Error>(())
        })?;
        self.file.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.set(|faults| fail_while(&mut faults.truncate_errors))?;
        self.file.truncate(length)
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(path)
    }
}

/// EIO, as often as `left` says.
fn fail_while(left: &mut u32) -> io::Result<()> {
    if *left == 0 {
        return Ok(());
    }
    *left -= 1;
    Err(io::Error::from_raw_os_error(5))
}
