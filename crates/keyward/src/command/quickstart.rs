//! `keyward quickstart`

use anyhow::Result;

use super::{init, print, serve, warn_of_unread_variables};
use crate::arguments::{Quickstart, SealName};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::{logging, passphrase, serving};

pub(super) fn run(arguments: Quickstart) -> Result<()> {
    let dir = DataDir::locate(Some(arguments.data_dir))?;
    dir.create()?;
    let lock = dir.lock()?;
    let mut config = Config::load(&dir, None)?;
    serve::apply(&arguments.listeners, &mut config);
    logging::start(&config.log)?;
    warn_of_unread_variables()?;
    let source = arguments.passphrase;
    if !dir.is_initialised()? {
        let seal =
            if passphrase::is_offered(&source) { SealName::Passphrase } else { SealName::File };
        init::make_deployment(&dir, (&arguments.birth, false), seal, &source, &lock)?;
    }
    serving::serve(&dir, &config, &source, &lock, |profiles| {
        print(&format!(
            "Keyward serves {}. In another shell:\n\n{}\naws kms create-key\n\nStop it with \
             Ctrl-C.\n",
            dir.path().display(),
            profiles.environment()?
        ))
    })
}
