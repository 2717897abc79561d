//! `keyward dev advance | load`

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

use super::operate::operate;
use crate::admin::{Command, KEY_FILE_BYTES_MAX, KeyFile};
use crate::arguments::Dev;
use crate::private_file;

pub(super) fn run(arguments: &Dev) -> Result<()> {
    match arguments {
        Dev::Advance(arguments) => {
            let command = Command::DevAdvance { by_s: arguments.by.as_secs() };
            operate(&arguments.deployment, &command, arguments.json)
        }
        Dev::Load(arguments) => {
            let file = read(&arguments.file)
                .with_context(|| format!("could not read {}", arguments.file.display()))?;
            operate(&arguments.deployment, &Command::DevLoad { file }, arguments.json)
        }
    }
}

/// Reads the file, or what comes from stdin.
fn read(file: &Path) -> Result<KeyFile> {
    let bytes = if file == Path::new("-") {
        private_file::read_bounded(std::io::stdin().lock(), KEY_FILE_BYTES_MAX)?
    } else {
        private_file::read_bounded(File::open(file)?, KEY_FILE_BYTES_MAX)?
    };
    Ok(KeyFile(str::from_utf8(bytes.expose())?.to_owned()))
}
