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
    pub(super) append_errors: u32,
    pub(super) create_errors: u32,
    pub(super) read_errors: u32,
    pub(super) sync_errors: u32,
    pub(super) truncate_errors: u32,
    pub(super) directory_errors: u32,
    /// Bytes until the process is killed: nothing of it reaches the disk from then on.
    pub(super) bytes_to_live: Option<usize>,
    is_dead: bool,
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

    /// Takes back hooks that no append met.
    pub(super) fn forget_hooks(&self) {
        self.set(|faults| faults.hooks.clear());
    }
}

impl Faults {
    /// The disk is well again; a process that was killed stays dead.
    pub(super) fn heal(&mut self) {
        let Self { bytes_to_live, is_dead, .. } = *self;
        *self = Self { bytes_to_live, is_dead, ..Self::default() };
    }

    /// Counts an error down; everything fails for a process that is dead.
    fn fail_while(&mut self, left: fn(&mut Self) -> &mut u32) -> io::Result<()> {
        let is_dead = self.is_dead;
        let left = left(self);
        if *left == 0 && !is_dead {
            return Ok(());
        }
        *left = left.saturating_sub(1);
        Err(io::Error::from_raw_os_error(5))
    }

    /// How much of so many bytes is taken.
    fn take(&mut self, bytes: usize) -> io::Result<usize> {
        if self.interrupts > 0 {
            self.interrupts -= 1;
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.appends += 1;
        self.fail_while(|faults| &mut faults.append_errors)?;
        let mut taken = self.append_bytes_max.unwrap_or(usize::MAX).min(bytes);
        if let Some(left) = &mut self.bytes_to_live {
            self.is_dead = *left <= taken;
            taken = taken.min(*left);
            *left -= taken;
        }
        if let Some(free) = &mut self.bytes_free {
            taken = taken.min(*free);
            *free -= taken;
        }
        if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }
}

struct FaultyFile {
    file: Box<dyn AppendFile>,
    disk: Disk,
}

impl Files for Disk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        self.set(|faults| faults.fail_while(|faults| &mut faults.create_errors))?;
        let file = RealFiles.create_new(path)?;
        Ok(Box::new(FaultyFile { file, disk: self.clone() }))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn AppendFile>, u64)> {
        let (file, length) = RealFiles.open(path)?;
        Ok((Box::new(FaultyFile { file, disk: self.clone() }), length))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.set(|faults| faults.fail_while(|faults| &mut faults.directory_errors))?;
        // Nothing loses power here.
        RealFiles.describe(directory).map(drop)
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        let file = RealFiles.open_to_read(path)?;
        Ok(Box::new(FaultyReadFile { file, disk: self.clone() }))
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
        let taken = self.disk.set(|faults| faults.take(bytes.len()))?;
        let mut rest = &bytes[..taken];
        while !rest.is_empty() {
            rest = &rest[self.file.append(rest)?..];
        }
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.set(|faults| {
            faults.fail_while(|faults| &mut faults.sync_errors)?;
            faults.syncs += 1;
            Ok(())
        })
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.set(|faults| faults.fail_while(|faults| &mut faults.truncate_errors))?;
        self.file.truncate(length)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn end(&mut self) -> io::Result<u64> {
        self.file.end()
    }

    fn duplicate(&self) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(Self { file: self.file.duplicate()?, disk: self.disk.clone() }))
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(path)
    }
}

struct FaultyReadFile {
    file: Box<dyn ReadFile>,
    disk: Disk,
}

impl ReadFile for FaultyReadFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // Who reads does not die with who writes.
        let is_refused = self.disk.set(|faults| {
            let is_refused = faults.read_errors > 0;
            faults.read_errors = faults.read_errors.saturating_sub(1);
            is_refused
        });
        if is_refused {
            return Err(io::Error::from_raw_os_error(5));
        }
        // A few bytes at a time, as a network's file system may do it.
        let most = buffer.len().min(61);
        self.file.read_at(&mut buffer[..most], offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}
