//! A file system and a database that fail when told to.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use keyward_audit::files::{AppendFile, FileDescription, Files, ReadFile, RealFiles};
use keyward_store::{
    Accounts, Aliases, Change, CommitError, Committed, Credentials, Deployment, DomainKeys,
    Entities, Grants, ImportWrappingKeys, Keys, LastUses, Materials, Outbox, Policies,
    PrincipalUses, Resealing, Services, Store, StoreError, Tags, Trail,
};

use super::reads::FaultyTrail;

/// What happens to the operation whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process is killed before it: nothing works any more.
    Kill,
    /// It fails once.
    Once(io::ErrorKind),
    /// A commit is done, and yet reported to have failed; other operations fail once.
    DoneButRefused,
    /// A write takes a part of its bytes and says so; nothing fails.
    Short,
}

/// Which operation fails, of all that change or read files or the database.
pub(crate) struct Faults {
    left: AtomicI64,
    done: AtomicU64,
    fault: Mutex<Fault>,
    are_syncs_refused: AtomicBool,
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

const NEVER: i64 = i64::MAX;

impl Faults {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            left: AtomicI64::new(NEVER),
            done: AtomicU64::new(0),
            fault: Mutex::new(Fault::Kill),
            are_syncs_refused: AtomicBool::new(false),
            meanwhile: Mutex::new(None),
        })
    }

    /// Lets `operations` pass before the fault.
    pub(crate) fn arm(&self, operations: i64, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        self.left.store(operations, Ordering::SeqCst);
    }

    /// What happens elsewhere before the next operation.
    pub(crate) fn meanwhile(&self, event: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(event));
    }

    /// Whether from now on no file can be synced.
    pub(crate) fn refuse_syncs(&self, are_refused: bool) {
        self.are_syncs_refused.store(are_refused, Ordering::SeqCst);
    }

    /// Nothing fails; whether something did or would have to.
    pub(crate) fn disarm(&self) -> bool {
        self.left.swap(NEVER, Ordering::SeqCst) < 0
    }

    fn next(&self) -> Result<(), Fault> {
        self.done.fetch_add(1, Ordering::SeqCst);
        let event = self.meanwhile.lock().unwrap().take();
        if let Some(event) = event {
            event();
        }
        if self.left.load(Ordering::SeqCst) == NEVER {
            return Ok(());
        }
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        let fault = *self.fault.lock().unwrap();
        match (left, fault) {
            (0, fault) => Err(fault),
            (left, Fault::Kill) if left < 0 => Err(Fault::Kill),
            _ => Ok(()),
        }
    }

    pub(crate) fn pass(&self) -> io::Result<()> {
        match self.next() {
            Ok(()) | Err(Fault::Short) => Ok(()),
            Err(Fault::Once(kind)) => Err(kind.into()),
            Err(Fault::Kill | Fault::DoneButRefused) => Err(io::Error::from_raw_os_error(5)),
        }
    }
}

/// The machine's file system behind faults.
pub(crate) struct FaultyFiles(pub(crate) Arc<Faults>);

impl Files for FaultyFiles {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        self.0.pass()?;
        Ok(Box::new(FaultyFile(self.0.clone(), RealFiles.create_new(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn AppendFile>, u64)> {
        self.0.pass()?;
        let (file, length) = RealFiles.open(path)?;
        Ok((Box::new(FaultyFile(self.0.clone(), file)), length))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.0.pass()?;
        RealFiles.open_to_read(path)
    }

    fn read(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        self.0.pass()?;
        RealFiles.read(path, bytes_max)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        self.0.pass()?;
        RealFiles.list(directory)
    }

    fn describe(&self, path: &Path) -> io::Result<FileDescription> {
        self.0.pass()?;
        RealFiles.describe(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.pass()?;
        RealFiles.rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.pass()?;
        RealFiles.rename_new(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.pass()?;
        RealFiles.remove(path)
    }

    fn remove_directory(&self, directory: &Path) -> io::Result<()> {
        self.0.pass()?;
        RealFiles.remove_directory(directory)
    }

    fn create_directories(&self, directory: &Path) -> io::Result<()> {
        self.0.pass()?;
        RealFiles.create_directories(directory)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.0.pass()?;
        RealFiles.sync_directory(directory)
    }
}

struct FaultyFile(Arc<Faults>, Box<dyn AppendFile>);

impl AppendFile for FaultyFile {
    /// A disk that fills up takes a part.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len().div_ceil(2)];
        let error = match self.0.next() {
            Ok(()) => return self.1.append(bytes),
            Err(Fault::Short) => return self.1.append(part),
            Err(Fault::Once(kind)) => kind.into(),
            Err(Fault::Kill | Fault::DoneButRefused) => io::Error::from_raw_os_error(5),
        };
        let _ = self.1.append(part);
        Err(error)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.pass()?;
        if self.0.are_syncs_refused.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.1.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.pass()?;
        self.1.truncate(length)
    }

    fn length(&self) -> io::Result<u64> {
        self.1.length()
    }

    fn end(&mut self) -> io::Result<u64> {
        self.1.end()
    }

    fn duplicate(&self) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(Self(self.0.clone(), self.1.duplicate()?)))
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.1.is_at(path)
    }
}

/// A database whose commits fail, and reads of the trail.
pub(crate) struct FaultyStore(Arc<Faults>, Arc<dyn Store>, FaultyTrail);

impl FaultyStore {
    pub(crate) fn new(faults: Arc<Faults>, store: Arc<dyn Store>) -> Self {
        let trail = FaultyTrail(Arc::clone(&faults), Arc::clone(&store));
        Self(faults, store, trail)
    }
}

macro_rules! pass_on {
    ($($aggregate:ident -> $trait:ident,)+) => {
        #[async_trait]
        impl Store for FaultyStore {
            $(fn $aggregate(&self) -> &dyn $trait {
                self.1.$aggregate()
            })+

            fn trail(&self) -> &dyn Trail {
                &self.2
            }

            async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
                let refused = || {
                    let error = io::Error::from_raw_os_error(5);
                    Err(CommitError::Store(StoreError::Backend(Box::new(error))))
                };
                match self.0.next() {
                    Ok(()) | Err(Fault::Short) => self.1.commit(change).await,
                    Err(Fault::DoneButRefused) => {
                        self.1.commit(change).await?;
                        refused()
                    }
                    Err(_) => refused(),
                }
            }
        }
    };
}

pass_on! {
    accounts -> Accounts,
    aliases -> Aliases,
    credentials -> Credentials,
    deployment -> Deployment,
    domain_keys -> DomainKeys,
    entities -> Entities,
    grants -> Grants,
    import_wrapping_keys -> ImportWrappingKeys,
    keys -> Keys,
    last_uses -> LastUses,
    materials -> Materials,
    outbox -> Outbox,
    policies -> Policies,
    principal_uses -> PrincipalUses,
    resealing -> Resealing,
    services -> Services,
    tags -> Tags,
}
