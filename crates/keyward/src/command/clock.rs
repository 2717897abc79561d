//! `keyward clock accept`

use anyhow::Result;

use super::operate::operate;
use crate::admin::Command;
use crate::arguments::Clock;

pub(super) fn run(arguments: &Clock) -> Result<()> {
    let Clock::Accept(deployment) = arguments;
    operate(deployment, &Command::ClockAccept {}, false)
}
