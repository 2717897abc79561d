//! `keyward audit deliver`

use anyhow::Result;

use crate::admin::Command;
use crate::arguments::AuditDeliver;
use crate::command::operate::operate;

pub(super) fn run(arguments: &AuditDeliver) -> Result<()> {
    let command = Command::AuditDeliver { digest: arguments.digest };
    operate(&arguments.deployment, &command, arguments.json)
}
