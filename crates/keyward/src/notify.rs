//! What systemd is told: `sd_notify`, without its library.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tracing::warn;

/// Requests are served from now on.
pub(crate) fn ready() {
    tell("READY=1");
}

/// No more requests are taken.
pub(crate) fn stopping() {
    tell("STOPPING=1");
}

/// Without a supervisor that asked, nothing happens.
fn tell(state: &str) {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&name),
    };
    let sent = address.and_then(|address| {
        UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
    });
    if let Err(error) = sent {
        warn!(%error, state, "the service manager could not be told");
    }
}
