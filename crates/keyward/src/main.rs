//! The program: arguments, configuration, wiring, subcommands.
fn main() {}
