//! What the audit trail costs: the program under each durability, beside the same service on a disk
//! that keeps no record.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use crate::load::{Measured, now};
use crate::process::{self, Server};
use crate::request::{Credentials, Requests};
use crate::throughput::{Row, measure};
use crate::{Arguments, median};

/// The load the aims are stated for.
const CONNECTIONS: usize = 64;
/// How often the disk is asked in a round.
const SYNCS: usize = 100;

/// A deployment of its own, served in a way of its own.
struct Contender {
    name: &'static str,
    credentials: Credentials,
    server: Server,
    directory: tempfile::TempDir,
}

/// Encrypt under each durability, beside no audit at all.
pub(crate) async fn beside_unrecorded(arguments: &Arguments) -> Result<()> {
    let contenders = [
        Contender::start(arguments, "no journal").await?,
        Contender::start(arguments, "written").await?,
        Contender::start(arguments, "fsync").await?,
    ];
    let mut rows = Vec::new();
    for Contender { name, credentials, server, .. } in &contenders {
        let requests = Requests::new(credentials, server.address());
        let key_id = requests.create_key("SYMMETRIC_DEFAULT").await?;
        rows.push(Row::new(name, server, requests.encrypt(&key_id)));
    }
    let mut syncs = Vec::new();
    for round in 0..arguments.rounds {
        measure(arguments, CONNECTIONS, &mut rows, round == 0).await?;
        for contender in contenders.iter().skip(1) {
            syncs.push(sync_us(contender.directory.path())?);
        }
    }
    print(&rows, median(syncs.into_iter()));
    Ok(())
}

impl Contender {
    async fn start(arguments: &Arguments, name: &'static str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let credentials = process::init(&arguments.keyward, directory.path())?;
        let server = if name == "no journal" {
            Server::unrecorded(&arguments.servers.join("unrecorded"), directory.path()).await?
        } else {
            let config = directory.path().join("bench.toml");
            std::fs::write(&config, format!("[audit]\ndurability = \"{name}\"\n"))?;
            Server::configured(&arguments.keyward, directory.path(), &config).await?
        };
        Ok(Self { name, credentials, server, directory })
    }
}

fn print(rows: &[Row<'_>], sync_us: f64) {
    let rates: Vec<_> = rows.iter().map(|row| row.median(Measured::rate)).collect();
    let [none, _, _] = *rates.as_slice() else { return };
    let most_synced = none.min(CONNECTIONS_F * 1e6 / sync_us);
    println!("\n{CONNECTIONS} connections, Encrypt of 32 bytes");
    println!("\n| journal | requests/s | server CPU per request | of no journal | aim |");
    println!("|---|---|---|---|---|");
    let aims = [String::new(), "0.85".to_owned(), format!("{:.2}", 0.5 * most_synced / none)];
    for ((row, rate), aim) in rows.iter().zip(&rates).zip(aims) {
        let (cpu, part) = (row.median(Measured::cpu_us), of_none(rows, row));
        println!("| {} | {rate:.0} | {cpu:.1} µs | {part:.2} | {aim} |", row.name());
    }
    println!(
        "\nfdatasync after a batch of {CONNECTIONS} records: {sync_us:.0} µs, so at most {:.0}/s",
        CONNECTIONS_F * 1e6 / sync_us
    );
}

const CONNECTIONS_F: f64 = 64.0;

/// The median over the rounds of what a row is of the first one.
fn of_none(rows: &[Row<'_>], row: &Row<'_>) -> f64 {
    let Some(none) = rows.first() else { return f64::NAN };
    median(none.runs().iter().zip(row.runs()).map(|(none, run)| run.rate() / none.rate()))
}

/// How long the disk below a data directory takes to make a batch of records last.
fn sync_us(directory: &Path) -> Result<f64> {
    let batch = batch(&directory.join("journal"))?;
    let mut file = File::options().append(true).create(true).open(directory.join("syncs"))?;
    let mut times = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&batch)?;
        let start = now();
        file.sync_data()?;
        times.push((now() - start).as_secs_f64() * 1e6);
    }
    Ok(median(times.into_iter()))
}

/// As many records as wait for each other when all connections do.
fn batch(journal: &Path) -> Result<Vec<u8>> {
    let newest = std::fs::read_dir(journal)?.filter_map(Result::ok).map(|entry| entry.path()).max();
    let text = std::fs::read(newest.context("an empty journal")?)?;
    let lines = text.split_inclusive(|byte| *byte == b'\n').skip(1).take(CONNECTIONS);
    Ok(lines.flatten().copied().collect())
}
