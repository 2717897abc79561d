//! What the process asks of the system so that its secrets stay in its memory.

use anyhow::{Result, bail};
use rustix::fs::Mode;
use rustix::mm::MlockAllFlags;
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::thread::CapabilitySet;
use tracing::{info, warn};

use crate::config::LockMemory;

/// No core dump, no debugger of the same user, and files closed to others whoever creates them.
///
/// Nothing here can fail on a system we run on; should it, the process is as safe as any other.
pub(crate) fn before_anything_else() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(Resource::Core, none);
}

/// Takes as many open files as the system grants: each connection is one.
pub(crate) fn raise_open_files() {
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Nofile);
    // The limit as it stands will do for fewer connections.
    let _ = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
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
