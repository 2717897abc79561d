//! How an operator's command reaches a deployment, whether a server runs or not.

use anyhow::Result;

use super::runtime;
use crate::admin::{self, Command, Desk, Outcome};
use crate::arguments::Deployment;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::{logging, wiring};

/// Carries a command out: through the running server's admin socket, or here when none runs.
pub(super) fn operate(deployment: &Deployment, command: &Command) -> Result<Outcome> {
    let dir = DataDir::locate(deployment.directory.data_dir.clone())?;
    dir.require_present()?;
    let Some(lock) = dir.try_lock()? else {
        return runtime()?.block_on(admin::ask(&dir, command));
    };
    dir.require_initialised()?;
    let config = Config::load(&dir, deployment.config.as_deref())?;
    logging::start(&config.log)?;
    let opened = wiring::open(&dir, &deployment.passphrase, &lock)?;
    runtime()?.block_on(async {
        let (engine, seal) = opened.start(&dir, &config).await?;
        let operator = format!("uid {}", rustix::process::getuid().as_raw());
        Desk::new(engine, seal, dir).carry_out(command, &operator).await
    })
}
