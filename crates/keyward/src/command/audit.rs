//! `keyward audit`

mod deliver;
mod verify;

use anyhow::Result;

use crate::arguments::Audit;

pub(super) fn run(arguments: &Audit) -> Result<()> {
    match arguments {
        Audit::Deliver(arguments) => deliver::run(arguments),
        Audit::Verify(arguments) => verify::run(arguments),
    }
}
