//! `keyward clock accept`

use anyhow::Result;

use super::operate::operate;
use super::print;
use crate::admin::{Command, Outcome};
use crate::arguments::Clock;

pub(super) fn run(arguments: &Clock) -> Result<()> {
    let Clock::Accept(deployment) = arguments;
    match operate(deployment, &Command::ClockAccept {})? {
        Outcome::ClockAccepted { now_unix_s } => {
            print(&format!("The time is accepted: {now_unix_s} s since 1970 (UTC)\n"))
        }
        Outcome::Accounts { .. }
        | Outcome::Credential { .. }
        | Outcome::DomainKeyRotated { .. } => Ok(()),
    }
}
