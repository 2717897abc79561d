//! `keyward seal rotate-domain-key`

use anyhow::Result;

use super::operate::operate;
use crate::admin::Command;
use crate::arguments::Seal;

pub(super) fn run(arguments: &Seal) -> Result<()> {
    let Seal::RotateDomainKey(deployment) = arguments;
    operate(deployment, &Command::SealRotateDomainKey {}, false)
}
