//! What the process asks of the system so that its secrets stay in its memory.

use anyhow::{Result, bail};
use rustix::fs::Mode;
use rustix::mm::MlockAllFlags;
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::thread::CapabilitySet;
use tracing::{info, warn};

use crate::config::LockMemory;

/// Open files for everything that is no connection: database, journal, listeners, certificates.
const FILES_KEPT: u32 = 64;

/// No core dump, no debugger of the same user, and files closed to others whoever creates them.
///
/// Nothing here can fail on a system we run on; should it, the process is as safe as any other.
pub(crate) fn before_anything_else() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(Resource::Core, none);
}

/// Takes as many open files as the system grants, for each connection is one; how many of the
/// connections wished for can be served.
pub(crate) fn connections_max(wish: u32) -> u32 {
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Nofile);
    // Should the limit stay as it is, it is what counts.
    let _ = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = rustix::process::getrlimit(Resource::Nofile).current;
    let possible = possible_connections(wish, files);
    if possible < wish {
        warn!(
            connections_max = possible,
            "fewer connections than configured: the limit of open files is too low"
        );
    }
    possible
}

/// Beyond the limit accepting would fail, and so would the database and the journal.
fn possible_connections(wish: u32, files: Option<u64>) -> u32 {
    let files = files.map_or(u32::MAX, |files| u32::try_from(files).unwrap_or(u32::MAX));
    wish.min(files.saturating_sub(FILES_KEPT).max(1))
}

/// Keeps the process's memory out of swap.
pub(crate) fn lock_memory(wish: LockMemory) -> Result<()> {
    if wish == LockMemory::Off {
        return Ok(());
    }
    match try_lock_memory() {
        Ok(()) => info!("memory is locked: it is never swapped out"),
        Err(reason) if wish == LockMemory::Try => {
            warn!(reason, "memory is not locked: secrets may be swapped out");
        }
        Err(reason) => bail!("memory cannot be locked: {reason}"),
    }
    Ok(())
}

/// Under a finite limit later allocations would fail, and the process with them; so the limit is
/// looked at first.
fn try_lock_memory() -> Result<(), &'static str> {
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Memlock);
    let unlimited = Rlimit { current: maximum, maximum };
    let is_unlimited =
        maximum.is_none() && rustix::process::setrlimit(Resource::Memlock, unlimited).is_ok();
    let may_lock = rustix::thread::capabilities(None)
        .is_ok_and(|capabilities| capabilities.effective.contains(CapabilitySet::IPC_LOCK));
    if !is_unlimited && !may_lock {
        return Err("the limit is finite; give the service LimitMEMLOCK=infinity");
    }
    // On fault: pages are locked when they are first used, not all the memory ever reserved.
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    rustix::mm::mlockall(flags).map_err(|_| "the system refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (wish, files, expected) in [
            (10_000, None, 10_000),
            (10_000, Some(1_048_576), 10_000),
            (10_000, Some(1024), 960),
            (900, Some(1024), 900),
            (10, Some(30), 1),
            (u32::MAX, Some(u64::MAX), u32::MAX - 64),
        ] {
            assert_eq!(possible_connections(wish, files), expected, "{wish} {files:?}");
        }
    }
}
