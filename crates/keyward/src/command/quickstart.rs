//! `keyward quickstart`

use anyhow::Result;

use super::{init, print, serve};
use crate::arguments::{PassphraseSource, Quickstart, SealName};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::{logging, serving};

pub(super) fn run(arguments: Quickstart) -> Result<()> {
    let dir = DataDir::locate(Some(arguments.data_dir))?;
    dir.create()?;
    let lock = dir.lock()?;
    let mut config = Config::load(&dir, None)?;
    serve::apply(&arguments.listeners, &mut config);
    logging::start(&config.log)?;
    let source = PassphraseSource::default();
    if !dir.is_initialised()? {
        init::make_deployment(&dir, &arguments.birth, SealName::File, &source, &lock)?;
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
