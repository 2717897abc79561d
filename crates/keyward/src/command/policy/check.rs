//! `keyward policy check`

use anyhow::{Result, bail};

use crate::arguments::PolicyCheck;

pub(super) fn run(_: &PolicyCheck) -> Result<()> {
    bail!("not yet")
}
