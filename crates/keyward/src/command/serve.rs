//! `keyward serve`

use anyhow::Result;

use super::{print, warn_of_unread_variables};
use crate::arguments::{Listeners, Serve};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::{logging, serving};

pub(super) fn run(arguments: Serve) -> Result<()> {
    let Serve { deployment, listeners, print_config } = arguments;
    let dir = DataDir::locate(deployment.directory.data_dir)?;
    let mut config = Config::load(&dir, deployment.config.as_deref())?;
    apply(&listeners, &mut config);
    if print_config {
        logging::start(&config.log)?;
        warn_of_unread_variables()?;
        return print(&config.print()?);
    }
    dir.require_initialised()?;
    let lock = dir.lock()?;
    logging::start(&config.log)?;
    warn_of_unread_variables()?;
    serving::serve(&dir, &config, &deployment.passphrase, &lock, |_| Ok(()))
}

/// Lays the arguments over the configuration.
pub(super) fn apply(listeners: &Listeners, config: &mut Config) {
    if let Some(address) = listeners.listen {
        config.server.listen = address;
    }
    if let Some(address) = listeners.metrics_listen {
        config.metrics.listen = address.to_string();
    }
    if listeners.expose_plaintext_http_to_the_network {
        config.server.expose_plaintext_http_to_the_network = true;
    }
}
