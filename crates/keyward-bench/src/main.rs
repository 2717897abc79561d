//! The end-to-end benchmark: Keyward and a bare hyper server under the same load on loopback, in
//! turn, in one run. Machines are noisy, so what counts is the ratio of processor time that the
//! server processes spent per request; the load's own cost is not in it.
//!
//! Knows the program only from outside: its arguments, its files and its wire.
#![expect(clippy::print_stdout, reason = "the result is the output")]

mod load;
mod process;
mod request;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::load::{Load, Measured};
use crate::process::Server;
use crate::request::{Credentials, Requests};

/// Measures what a signed and audited call costs the server, as a ratio to a bare server.
#[derive(Parser)]
struct Arguments {
    /// The program under test, built for release.
    #[arg(long, default_value = "target/release/keyward")]
    keyward: PathBuf,
    /// The bare server, built for release.
    #[arg(long, default_value = "target/release/bare")]
    bare: PathBuf,
    /// Seconds of each measured load.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that each have one request under way.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How often everything is measured, in turn; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// One load against one server, over all rounds.
struct Row {
    name: &'static str,
    runs: Vec<Measured>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let directory = tempfile::tempdir()?;
    let credentials = process::init(&arguments.keyward, directory.path())?;
    let keyward = Server::keyward(&arguments.keyward, directory.path()).await?;
    let bare = Server::bare(&arguments.bare).await?;
    let loads = prepare(&keyward, &bare, &credentials).await?;
    let rows = measure(&arguments, &loads).await?;
    report(&arguments, &rows);
    Ok(())
}

async fn prepare<'a>(
    keyward: &'a Server,
    bare: &'a Server,
    credentials: &Credentials,
) -> Result<Vec<(&'static str, Load<'a>)>> {
    let mut requests = Requests::new(credentials, keyward.address());
    let key_id = requests.create_key().await?;
    let ciphertext = requests.encrypt_once(&key_id).await?;
    let encrypt = requests.encrypt(&key_id);
    Ok(vec![
        ("bare hyper server", Load { server: bare, requests: encrypt.clone() }),
        ("Encrypt, 32 bytes", Load { server: keyward, requests: encrypt }),
        ("Decrypt, 32 bytes", Load { server: keyward, requests: requests.decrypt(&ciphertext) }),
        (
            "GenerateDataKey, AES_256",
            Load { server: keyward, requests: requests.data_key(&key_id) },
        ),
    ])
}

async fn measure(arguments: &Arguments, loads: &[(&'static str, Load<'_>)]) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = loads.iter().map(|(name, _)| Row { name, runs: Vec::new() }).collect();
    let duration = Duration::from_secs(arguments.seconds);
    for (_, load) in loads {
        load.run(arguments.connections, Duration::from_secs(1)).await?;
    }
    for _ in 0..arguments.rounds {
        for (row, (_, load)) in rows.iter_mut().zip(loads) {
            row.runs.push(load.run(arguments.connections, duration).await?);
        }
    }
    Ok(rows)
}

fn report(arguments: &Arguments, rows: &[Row]) {
    let Arguments { connections, seconds, rounds, .. } = arguments;
    println!("{connections} connections, {seconds} s each, median of {rounds} rounds in turn\n");
    println!("| load | requests/s | server CPU per request | ratio to bare |");
    println!("|---|---|---|---|");
    let Some(bare) = rows.first().map(|row| row.median(Measured::cpu_us)) else { return };
    for row in rows {
        let (rate, cpu) = (row.median(Measured::rate), row.median(Measured::cpu_us));
        println!("| {} | {rate:.0} | {cpu:.1} µs | {:.2} |", row.name, cpu / bare);
    }
}

impl Row {
    fn median(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        let mut figures: Vec<_> = self.runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    }
}
