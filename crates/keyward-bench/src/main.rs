//! The end-to-end benchmark, in four parts, each a table in one run on loopback:
//!
//! - `symmetric`: the program beside a bare hyper server under the same load;
//! - `ceiling`: the program beside a server that authenticates, calls the library and does nothing
//!   else;
//! - `audit`: the program under each durability of its journal, beside the same service without a
//!   journal;
//! - `latency`: how long an Encrypt takes while the program is busy with slow work.
//!
//! Machines are noisy, so what counts are ratios within a run. Of a load, that is the processor
//! time which the server process spent per request; the client's own cost is not in it.
//!
//! Knows the program only from outside: its arguments, its files and its wire.
#![expect(clippy::print_stdout, reason = "the result is the output")]

mod audit;
mod latency;
mod load;
mod process;
mod request;
mod throughput;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::process::Server;
use crate::request::{Credentials, Requests};

/// Measures what a signed and audited call costs the server, and what slow calls cost the others.
#[derive(Parser)]
struct Arguments {
    /// The program under test, built for release.
    #[arg(long, default_value = "target/release/keyward")]
    keyward: PathBuf,
    /// The directory of the servers it is compared with, built for release.
    #[arg(long, default_value = "target/release")]
    servers: PathBuf,
    /// What to measure; all of it, if nothing is named.
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// Seconds of each load, and of each situation in which latency is measured.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Connections that each have one request under way.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How often everything is measured, in turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Audit,
    Symmetric,
    Ceiling,
    Latency,
}

/// What every part needs: the program, running, and who may call it.
struct Bench {
    arguments: Arguments,
    credentials: Credentials,
    keyward: Server,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let directory = tempfile::tempdir()?;
    let credentials = process::init(&arguments.keyward, directory.path())?;
    let keyward = Server::keyward(&arguments.keyward, directory.path()).await?;
    let bench = Bench { arguments, credentials, keyward };
    let Arguments { connections, seconds, rounds, .. } = &bench.arguments;
    println!("{rounds} rounds in turn, {seconds} s each, {connections} connections");
    if bench.measures(Part::Symmetric) {
        throughput::beside_bare(&bench).await?;
    }
    if bench.measures(Part::Ceiling) {
        throughput::beside_ceiling(&bench).await?;
    }
    if bench.measures(Part::Audit) {
        audit::beside_unrecorded(&bench.arguments).await?;
    }
    if bench.measures(Part::Latency) {
        latency::under_slow_work(&bench).await?;
    }
    Ok(())
}

impl Bench {
    fn measures(&self, part: Part) -> bool {
        self.arguments.part.is_empty() || self.arguments.part.contains(&part)
    }

    /// Requests to the program.
    fn requests(&self) -> Requests<'_> {
        Requests::new(&self.credentials, self.keyward.address())
    }
}

/// The one in the middle.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
