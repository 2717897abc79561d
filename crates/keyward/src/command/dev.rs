//! `keyward dev advance`

use anyhow::Result;

use super::operate::operate;
use crate::admin::Command;
use crate::arguments::Dev;

pub(super) fn run(arguments: &Dev) -> Result<()> {
    match arguments {
        Dev::Advance(arguments) => {
            let command = Command::DevAdvance { by_s: arguments.by.as_secs() };
            operate(&arguments.deployment, &command, arguments.json)
        }
    }
}
