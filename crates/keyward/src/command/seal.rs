//! `keyward seal rotate-domain-key`

use anyhow::Result;

use super::operate::operate;
use super::print;
use crate::admin::{Command, Outcome};
use crate::arguments::Seal;

pub(super) fn run(arguments: &Seal) -> Result<()> {
    let Seal::RotateDomainKey(deployment) = arguments;
    match operate(deployment, &Command::SealRotateDomainKey {})? {
        Outcome::DomainKeyRotated { number } => {
            print(&format!("Everything is sealed under domain key {number}\n"))
        }
        Outcome::Accounts { .. } | Outcome::ClockAccepted { .. } | Outcome::Credential { .. } => {
            Ok(())
        }
    }
}
