//! Files on their way from `staging` to their places, so that a loss of power loses none.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use keyward_audit::files::{Files, append_all};
use tracing::{error, warn};

use super::DeliveryError;
use crate::format::{LOG_FILE_BYTES_MAX, PUBLIC_KEYS_BYTES_MAX, PublicKeys};
use crate::layout::TrailLayout;

/// How many directories are known to be on the disk before some are forgotten.
const DURABLE_MAX: usize = 10_000;

/// The places of files, and what of them is not yet on the disk.
pub(super) struct Places {
    files: Arc<dyn Files>,
    layout: TrailLayout,
    /// Directories whose names were synced by this process.
    durable: HashSet<PathBuf>,
    /// Directories with new names in them.
    changed: BTreeSet<PathBuf>,
}

/// One gzip member, made fast.
pub(super) fn compress(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // A vector takes every write.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default()
}

impl Places {
    pub(super) fn new(files: Arc<dyn Files>, layout: TrailLayout) -> Self {
        Self { files, layout, durable: HashSet::new(), changed: BTreeSet::new() }
    }

    pub(super) const fn layout(&self) -> &TrailLayout {
        &self.layout
    }

    /// Forgets what is known of the disk.
    pub(super) fn forget(&mut self) {
        self.durable.clear();
        self.changed.clear();
    }

    /// Makes the directories that are always there.
    pub(super) fn prepare(&mut self) -> Result<(), DeliveryError> {
        self.make_directory(&self.layout.staging())
    }

    /// Removes from `staging` what no row names any more. What was not made here stays.
    pub(super) fn clear_staging(&self) -> Result<(), DeliveryError> {
        let staging = self.layout.staging();
        for name in at(&staging, self.files.list(&staging))? {
            let path = staging.join(&name);
            if TrailLayout::may_be_staged(&name) && !self.is_directory(&path)? {
                at(&path, self.files.remove(&path))?;
            } else {
                warn!(path = %path.display(), "this is none of the files that audit files are made of");
            }
        }
        Ok(())
    }

    fn is_directory(&self, path: &Path) -> Result<bool, DeliveryError> {
        match self.files.describe(path) {
            // A link to nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            described => Ok(at(path, described)?.is_directory),
        }
    }

    /// Writes a new file, and syncs what is in it.
    pub(super) fn stage(&self, path: &Path, bytes: &[u8]) -> Result<(), DeliveryError> {
        at(path, self.write_new(path, bytes))
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.files.create_new(path)?;
        append_all(&mut *file, bytes)?;
        file.sync()
    }

    /// Makes the names in `staging` survive a loss of power.
    pub(super) fn sync_staging(&self) -> Result<(), DeliveryError> {
        let staging = self.layout.staging();
        at(&staging, self.files.sync_directory(&staging))
    }

    /// Renames a staged file into its place.
    pub(super) fn put(&mut self, bucket: &str, object: &str) -> Result<(), DeliveryError> {
        let (from, to) = (self.layout.staged(object), self.layout.object(bucket, object));
        self.rename(&from, &to)
    }

    /// Renames a staged digest into its place: first what proves it, so that none is seen without.
    pub(super) fn put_digest(&mut self, bucket: &str, object: &str) -> Result<(), DeliveryError> {
        let (from, to) =
            (self.layout.staged_metadata(object), self.layout.metadata(bucket, object));
        self.rename(&from, &to)?;
        self.put(bucket, object)
    }

    /// A log file in its place, if it can be read.
    pub(super) fn read(&self, bucket: &str, object: &str) -> Option<Vec<u8>> {
        let bytes_max = u64::try_from(LOG_FILE_BYTES_MAX).unwrap_or(u64::MAX);
        self.files.read(&self.layout.object(bucket, object), bytes_max).ok()
    }

    /// A file that is no longer in `staging` was renamed before, or somebody took it away. Then it
    /// is missing from its place, where verification will miss it; nothing can be done here.
    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), DeliveryError> {
        let directory = to.parent().unwrap_or(to).to_owned();
        self.make_directory(&directory)?;
        self.changed.insert(directory);
        match self.files.rename_new(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return self.end_renaming(from, to);
            }
            done => return at(to, done),
        }
        match self.files.describe(to) {
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => {
                error!(path = %to.display(), "a file of the audit trail was removed by somebody");
                Ok(())
            }
            found => at(to, found.map(drop)),
        }
    }

    /// Ends a renaming that was cut short when the file had both names. A file that says something
    /// else is evidence, and stays.
    fn end_renaming(&self, from: &Path, to: &Path) -> Result<(), DeliveryError> {
        let bytes_max = at(from, self.files.describe(from))?.bytes;
        let ours = at(from, self.files.read(from, bytes_max))?;
        match self.files.read(to, bytes_max) {
            Ok(theirs) if theirs == ours => self.remove(from),
            Err(error) if error.kind() != io::ErrorKind::FileTooLarge => at(to, Err(error)),
            _ => at(to, Err(io::ErrorKind::AlreadyExists.into())),
        }
    }

    /// Whether a file has the name of this digest, or that of what proves it.
    pub(super) fn has_digest(&self, bucket: &str, object: &str) -> Result<bool, DeliveryError> {
        for path in [self.layout.object(bucket, object), self.layout.metadata(bucket, object)] {
            match self.files.describe(&path) {
                Err(error) if is_absence(&error) => {}
                found => return at(&path, found.map(|_| true)),
            }
        }
        Ok(false)
    }

    /// The names in a directory of the trail, in no order; none if there is no directory.
    pub(super) fn names(&self, directory: &Path) -> Result<Vec<String>, DeliveryError> {
        match self.files.list(directory) {
            Err(error) if is_absence(&error) => Ok(Vec::new()),
            names => Ok(at(directory, names)?
                .into_iter()
                .filter_map(|it| it.into_string().ok())
                .collect()),
        }
    }

    /// The public keys beside the bucket; none if there is no such file, or it is none.
    pub(super) fn public_keys(&self) -> Result<PublicKeys, DeliveryError> {
        let path = self.layout.public_keys();
        let bytes_max = u64::try_from(PUBLIC_KEYS_BYTES_MAX).unwrap_or(u64::MAX);
        let bytes = match self.files.read(&path, bytes_max) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(PublicKeys::default());
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Vec::new(),
            read => at(&path, read)?,
        };
        Ok(PublicKeys::parse(&bytes).unwrap_or_else(|error| {
            warn!(path = %path.display(), error = %error, "the public keys of digests are written anew");
            PublicKeys::default()
        }))
    }

    /// Makes all renames survive a loss of power.
    pub(super) fn sync(&mut self) -> Result<(), DeliveryError> {
        while let Some(directory) = self.changed.first().cloned() {
            at(&directory, self.files.sync_directory(&directory))?;
            self.changed.remove(&directory);
        }
        Ok(())
    }

    /// Replaces a file that is always there, unless it holds the same.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), DeliveryError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.files.read(path, length).is_ok_and(|held| held == bytes) {
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default();
        let staged = self.layout.staging().join(name);
        // What an interrupted replacement left.
        self.remove(&staged)?;
        self.stage(&staged, bytes)?;
        at(path, self.files.rename(&staged, path))?;
        at(&self.layout.directory, self.files.sync_directory(&self.layout.directory))
    }

    /// Keeps lines that are no records: all of them or, after a failure, none. A process that is
    /// killed may leave them there twice.
    pub(super) fn set_aside(&self, lines: &[Vec<u8>]) -> Result<(), DeliveryError> {
        let path = self.layout.unreadable();
        let bytes = lines.iter().fold(Vec::new(), |mut bytes, line| {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
            bytes
        });
        let opened = match self.files.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.files.create_new(&path).map(|file| (file, 0))
            }
            opened => opened,
        };
        let (mut file, length) = at(&path, opened)?;
        let appended = append_all(&mut *file, &bytes);
        let done = appended.and_then(|()| file.sync());
        let done = done.and_then(|()| self.files.sync_directory(&self.layout.directory));
        if done.is_err() {
            // What fails here too stands there twice.
            let _ = file.truncate(length);
        }
        at(&path, done)
    }

    /// Removes a file of a bucket, if it is there. The removal is to be synced.
    pub(super) fn remove_object(&mut self, path: &Path) -> Result<(), DeliveryError> {
        match self.files.remove(path) {
            Err(error) if is_absence(&error) => Ok(()),
            done => {
                at(path, done)?;
                self.changed.extend(path.parent().map(Path::to_owned));
                Ok(())
            }
        }
    }

    /// Removes the directories of days, months and years that nothing is in any more. One that stays
    /// does no harm.
    pub(super) fn remove_empty(&mut self, object: &Path) {
        const LEVELS: usize = 3;
        for directory in object.ancestors().skip(1).take(LEVELS) {
            if self.files.remove_directory(directory).is_err() {
                return;
            }
            self.durable.remove(directory);
        }
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, path: &Path) -> Result<(), DeliveryError> {
        match self.files.remove(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => at(path, done),
        }
    }

    /// Makes a directory below the trail's, whose name and those above it are on the disk.
    fn make_directory(&mut self, directory: &Path) -> Result<(), DeliveryError> {
        if self.durable.contains(directory) {
            return Ok(());
        }
        at(directory, self.files.create_directories(directory))?;
        let root = self.layout.directory.parent().unwrap_or(&self.layout.directory).to_owned();
        for below in directory.ancestors().take_while(|it| *it != root) {
            if self.durable.contains(below) {
                break;
            }
            let parent = below.parent().unwrap_or(below);
            at(parent, self.files.sync_directory(parent))?;
        }
        if self.durable.len() >= DURABLE_MAX {
            self.durable.clear();
        }
        let names = directory.ancestors().take_while(|it| *it != root).map(Path::to_owned);
        self.durable.extend(names);
        Ok(())
    }
}

/// Whether nothing has the name.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, DeliveryError> {
    result.map_err(|source| DeliveryError::File { path: path.to_owned(), source })
}
