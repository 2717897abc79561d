//! The data directory: where everything a deployment keeps lives, and whose turn it is to write.
//!
//! ```text
//! DIR/                0700
//!   keyward.toml      configuration, optional, written by the operator
//!   keyward.db        the database
//!   root.key          the root key, for the seal `file`
//!   journal/          the audit journal
//!   audit/            log files and digests made of it
//!   aws/              credentials and config, in the AWS format
//!   tls/              the private CA and the server's certificate, if made here
//!   admin.sock        operator commands, while a server runs
//!   run/address       where the server listens, while one runs
//!   lock              locked by whoever writes
//! ```

use std::ffi::OsString;
use std::fs::{File, Metadata, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use keyward_crypto::RootKeyFile;

use crate::private_file;
use crate::shell::quoted;

/// A data directory. Its path is absolute.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

/// The right to write. It ends with the value, and with the process.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl DataDir {
    /// The directory named, or the one of this user.
    pub(crate) fn locate(named: Option<PathBuf>) -> Result<Self> {
        let path = match named {
            Some(path) => path,
            None => {
                default_path(|name| std::env::var_os(name), rustix::process::geteuid().is_root())
                    .ok_or_else(|| {
                        anyhow!("no home directory to put data in; name one with --data-dir")
                    })?
            }
        };
        if path.to_str().is_none_or(|path| path.contains(['\n', '\r'])) {
            bail!("the path of the data directory is not plain text: {}", path.display());
        }
        std::path::absolute(&path).map(Self).with_context(|| path.display().to_string())
    }

    /// Creates the directory, or closes an empty one to others. One that others may look into and
    /// that holds something is left as it is: it may be no place for a deployment at all.
    pub(crate) fn create(&self) -> Result<()> {
        let path = self.0.display();
        private_file::make_directory(&self.0)?;
        let mode = self.require_present()?.mode() & 0o7777;
        if RootKeyFile::is_private(mode) {
            return self.require_safe();
        }
        if std::fs::read_dir(&self.0)?.next().is_some() {
            bail!(
                "{path} is not empty and open to others (mode {mode:04o}); run `chmod 700` on it \
                 if it is the place for a deployment, or name another directory"
            );
        }
        std::fs::set_permissions(&self.0, Permissions::from_mode(private_file::DIRECTORY_MODE))
            .with_context(|| format!("could not close {path} to others"))?;
        self.require_safe()
    }

    /// Refuses a path at which there is no directory.
    pub(crate) fn require_present(&self) -> Result<Metadata> {
        let path = self.0.display();
        match std::fs::metadata(&self.0) {
            Ok(metadata) if metadata.is_dir() => Ok(metadata),
            Ok(_) => bail!("{path} is not a directory"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("there is no {path}; make a deployment with `{}`", self.command("init"))
            }
            Err(error) => Err(error).with_context(|| path.to_string()),
        }
    }

    /// Refuses a directory that others may write in, or that is another user's: what is made in
    /// it must stay readable for the server.
    pub(crate) fn require_safe(&self) -> Result<()> {
        let path = self.0.display();
        let metadata = self.require_present()?;
        let owner = metadata.uid();
        if owner != rustix::process::geteuid().as_raw() && owner != 0 {
            bail!("{path} belongs to another user (uid {owner}); run keyward as that user");
        }
        if metadata.mode() & 0o022 != 0 {
            bail!(
                "others may write in {path} (mode {:04o}); run `chmod 700` on it",
                metadata.mode() & 0o7777
            );
        }
        Ok(())
    }

    /// Takes the right to write; `None` while someone else has it.
    pub(crate) fn try_lock(&self) -> Result<Option<Lock>> {
        let path = self.lock_path();
        let file = private_file::open_lock(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        self.try_lock_file(file)
    }

    /// Whether someone else has the right to write. Nothing is made in the directory, which may be
    /// another user's.
    pub(crate) fn is_locked(&self) -> Result<bool> {
        let path = self.lock_path();
        let file = private_file::open_lock_present(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        match file {
            Some(file) => Ok(self.try_lock_file(file)?.is_none()),
            None => Ok(false),
        }
    }

    fn try_lock_file(&self, file: File) -> Result<Option<Lock>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("could not lock {}", self.lock_path().display()))
            }
        }
    }

    fn lock_path(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Takes the right to write, or says who has it.
    pub(crate) fn lock(&self) -> Result<Lock> {
        self.try_lock()?.ok_or_else(|| {
            anyhow!("another keyward is at work on {}; stop it first", self.0.display())
        })
    }

    /// Whether a deployment was made here.
    pub(crate) fn is_initialised(&self) -> Result<bool> {
        let path = self.database();
        path.try_exists().with_context(|| path.display().to_string())
    }

    /// Refuses a directory that is not safe or holds no deployment.
    pub(crate) fn require_initialised(&self) -> Result<()> {
        self.require_safe()?;
        self.require_deployment()
    }

    /// Refuses a directory without a deployment, and says what to do.
    pub(crate) fn require_deployment(&self) -> Result<()> {
        self.require_present()?;
        if !self.is_initialised()? {
            bail!(
                "{} holds no deployment; make one with `{}`",
                self.0.display(),
                self.command("init")
            );
        }
        Ok(())
    }

    /// A command on this directory, to be pasted into a shell.
    pub(crate) fn command(&self, words: &str) -> String {
        format!("keyward {words} --data-dir {}", quoted(&self.0.to_string_lossy()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("keyward.toml")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("keyward.db")
    }

    pub(crate) fn root_key(&self) -> PathBuf {
        self.0.join("root.key")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.0.join("audit")
    }

    /// What sinks' receivers refused for good.
    pub(crate) fn dead_letters(&self) -> PathBuf {
        self.audit().join("dead-letters.jsonl")
    }

    pub(crate) fn aws(&self) -> PathBuf {
        self.0.join("aws")
    }

    pub(crate) fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.0.join("admin.sock")
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    pub(crate) fn address(&self) -> PathBuf {
        self.run().join("address")
    }
}

/// `/var/lib/keyward` for root, and the place XDG gives to users' data for everyone else.
fn default_path(variable: impl Fn(&str) -> Option<OsString>, is_root: bool) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(data) = absolute("XDG_DATA_HOME") {
        return Some(data.join("keyward"));
    }
    if is_root {
        return Some("/var/lib/keyward".into());
    }
    absolute("HOME").map(|home| home.join(".local/share/keyward"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_dir() -> (tempfile::TempDir, DataDir) {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::locate(Some(parent.path().join("data"))).unwrap();
        (parent, dir)
    }

    #[test]
    fn a_data_directory_is_closed_to_others() {
        let (_parent, dir) = data_dir();
        dir.create().unwrap();
        assert_eq!(std::fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o700);

        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        dir.create().unwrap();
        assert_eq!(std::fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_with_things_in_it_is_not_closed_behind_its_users_back() {
        let (_parent, dir) = data_dir();
        dir.create().unwrap();
        std::fs::write(dir.path().join("letter"), "").unwrap();
        dir.create().unwrap();
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(dir.create().unwrap_err().to_string().contains("not empty"));
        assert_eq!(std::fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_directory_others_may_write_in_is_refused() {
        let (_parent, dir) = data_dir();
        dir.create().unwrap();
        for mode in [0o770, 0o707, 0o777] {
            std::fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
            assert!(dir.require_safe().unwrap_err().to_string().contains("chmod 700"), "{mode:o}");
        }
    }

    #[test]
    fn only_one_holds_the_lock_until_it_is_dropped() {
        let (_parent, dir) = data_dir();
        dir.create().unwrap();
        let lock = dir.lock().unwrap();
        assert!(dir.try_lock().unwrap().is_none());
        assert!(dir.lock().unwrap_err().to_string().contains("another keyward"));
        assert!(dir.is_locked().unwrap());
        drop(lock);
        assert!(!dir.is_locked().unwrap());
        dir.lock().unwrap();
    }

    #[test]
    fn a_lock_that_is_a_symbolic_link_is_refused() {
        let (_parent, dir) = data_dir();
        dir.create().unwrap();
        std::os::unix::fs::symlink("/dev/null", dir.path().join("lock")).unwrap();
        assert!(dir.try_lock().is_err());
    }

    #[test]
    fn asking_whether_a_directory_is_locked_makes_nothing_in_it() {
        let (_parent, dir) = data_dir();
        dir.create().unwrap();
        assert!(!dir.is_locked().unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_absent_deployment_is_answered_with_the_command_that_makes_one() {
        let (_parent, dir) = data_dir();
        let words = format!("keyward init --data-dir {}", dir.path().display());
        assert!(dir.require_initialised().unwrap_err().to_string().contains(&words));
        dir.create().unwrap();
        assert!(dir.require_initialised().unwrap_err().to_string().contains(&words));
    }

    #[test]
    fn a_printed_command_can_be_pasted_whatever_the_directory_is_called() {
        let dir = DataDir::locate(Some("/my kms".into())).unwrap();
        assert_eq!(dir.command("serve"), "keyward serve --data-dir '/my kms'");
    }

    #[test]
    fn the_default_follows_xdg_and_root_has_a_place_of_its_own() {
        fn found(variables: &[(&str, &str)], is_root: bool) -> Option<PathBuf> {
            let variable = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            };
            default_path(variable, is_root)
        }
        let home = ("HOME", "/users/a");
        assert_eq!(found(&[home], false), Some("/users/a/.local/share/keyward".into()));
        assert_eq!(found(&[home, ("XDG_DATA_HOME", "/data")], true), Some("/data/keyward".into()));
        assert_eq!(
            found(&[home, ("XDG_DATA_HOME", "relative")], false),
            Some("/users/a/.local/share/keyward".into())
        );
        assert_eq!(found(&[("HOME", "/root")], true), Some("/var/lib/keyward".into()));
        assert_eq!(found(&[], false), None);
    }
}
