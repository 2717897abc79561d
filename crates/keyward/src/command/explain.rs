//! `keyward explain`

use anyhow::Result;

use super::operate::operate;
use crate::admin::Command;
use crate::arguments::Explain;

pub(super) fn run(arguments: &Explain) -> Result<()> {
    let command = Command::Explain { request_id: arguments.request_id.to_string() };
    operate(&arguments.deployment, &command, arguments.json)
}
