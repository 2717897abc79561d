//! Files that only the owner of the data directory may read.
//!
//! Written whole or not at all, with mode 0600; read with a bound, and never through a symbolic
//! link, so that whoever may write beside a file cannot choose another one.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use keyward_crypto::{RootKeyFile, Secret};
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

/// The mode of every directory of ours.
pub(crate) const DIRECTORY_MODE: u32 = 0o700;

const LOCK_FLAGS: OFlags =
    OFlags::WRONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
const MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Creates a directory and its parents; one that exists stays as it is.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
        .with_context(|| format!("could not create {}", path.display()))
}

/// Creates a file that must not exist yet, and makes it durable.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, MODE)?);
    file.write_all(content)?;
    file.sync_all()?;
    sync_parent(path)
}

/// Replaces a file in one step: readers see the old content or the new one.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let new = path.with_file_name(name);
    // What an interrupted run left; callers hold the lock that keeps others away.
    remove(&new)?;
    create(&new, content)?;
    rename(&new, path)
}

/// Opens a file whose only use is to be locked, and makes it if it is not there.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    Ok(File::from(rustix::fs::open(path, LOCK_FLAGS | OFlags::CREATE, MODE)?))
}

/// The same, without making it.
pub(crate) fn open_lock_present(path: &Path) -> io::Result<Option<File>> {
    match rustix::fs::open(path, LOCK_FLAGS, Mode::empty()) {
        Ok(file) => Ok(Some(File::from(file))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives a file another name in one step, and makes that durable.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_parent(to)
}

/// Removes a file; its absence is success.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads a text of at most `bytes_max` bytes; `None` when there is no such file.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<Option<Zeroizing<String>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let bytes = read_bounded(file, bytes_max).with_context(|| path.display().to_string())?;
    match std::str::from_utf8(bytes.expose()) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => bail!("{} is not a text file", path.display()),
    }
}

/// Reads a secret of at most `bytes_max` bytes from a file that only its owner may read; `None`
/// when there is no such file.
pub(crate) fn read_secret(path: &Path, bytes_max: usize) -> Result<Option<Secret>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        bail!("{} is not a regular file", path.display());
    }
    if !RootKeyFile::is_private(metadata.mode()) {
        bail!(
            "others than its owner may read or write {} (mode {:04o}); run `chmod 600` on it, \
             and consider the secret known to them",
            path.display(),
            metadata.mode() & 0o7777,
        );
    }
    read_bounded(file, bytes_max).with_context(|| path.display().to_string()).map(Some)
}

/// Reads at most `bytes_max` bytes; more is an error, not a truncation.
pub(crate) fn read_bounded(source: impl Read, bytes_max: usize) -> Result<Secret> {
    // Reserved in full, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max.saturating_add(1)));
    let limit = u64::try_from(bytes_max)?.saturating_add(1);
    source.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        bail!("longer than {bytes_max} bytes");
    }
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

fn open(path: &Path) -> Result<Option<File>> {
    // Without O_NONBLOCK a named pipe put in the file's place would hold the program up.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(Some(File::from(file))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(rustix::io::Errno::LOOP) => {
            bail!("{} is a symbolic link, which is not followed", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("could not open {}", path.display())),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_created_once_and_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(create(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_file_is_replaced_even_after_an_interrupted_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(dir.path().join("config.new"), "half").unwrap();
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path, 3).unwrap().unwrap().as_str(), "two");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_longer_than_its_bound_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        create(&path, b"1234").unwrap();
        assert!(format!("{:#}", read(&path, 3).unwrap_err()).contains("longer than 3 bytes"));
        assert!(read(&dir.path().join("absent"), 3).unwrap().is_none());
    }

    #[test]
    fn a_secret_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"s").unwrap();
        assert_eq!(read_secret(&path, 1).unwrap().unwrap().expose(), b"s");
        for mode in [0o640, 0o604, 0o660, 0o620] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(read_secret(&path, 1).is_err(), "{mode:o}");
        }
    }

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("secret"), dir.path().join("link"));
        create(&path, b"s").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read_secret(&link, 1).unwrap_err().to_string().contains("symbolic link"));
        assert!(create(&link, b"t").is_err());
    }
}
