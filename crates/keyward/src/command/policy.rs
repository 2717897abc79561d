//! `keyward policy simulate | check`

mod check;
mod simulate;

use anyhow::Result;

use crate::arguments::Policy;

pub(super) fn run(arguments: &Policy) -> Result<()> {
    match arguments {
        Policy::Simulate(_) => {
            simulate::run(&mut std::io::stdin().lock(), &mut std::io::stdout().lock())
        }
        Policy::Check(arguments) => check::run(arguments),
    }
}
