//! `keyward certificate renew`

use anyhow::Result;
use keyward_model::Clock;

use super::print;
use crate::arguments::Certificate;
use crate::certificate::PrivateCa;
use crate::data_dir::DataDir;
use crate::wiring::SystemClock;

/// Writes in DIR/tls only, which has a lock of its own: a server that runs keeps that of the data
/// directory.
pub(super) fn run(arguments: Certificate) -> Result<()> {
    let Certificate::Renew(arguments) = arguments;
    let dir = DataDir::locate(arguments.directory.data_dir)?;
    dir.require_initialised()?;
    let ca = PrivateCa::at(dir.tls());
    ca.renew(&arguments.tls_names, SystemClock.now())?;
    print(&format!("{} is new\n", ca.server_certificate().display()))
}
