//! What a call costs the server, beside servers that do less.

use std::time::Duration;

use anyhow::Result;
use keyward_bench::{SIGNATURES, target};

use crate::load::{Load, Measured};
use crate::process::Server;
use crate::request::Requests;
use crate::{Arguments, Bench, median};

/// Long enough to fill caches and connect.
const WARM_UP: Duration = Duration::from_millis(300);

/// Symmetric operations beside a server that only answers.
pub(crate) async fn beside_bare(bench: &Bench) -> Result<()> {
    let bare = Server::bare(&bench.arguments.servers.join("bare")).await?;
    let requests = bench.requests();
    let key_id = requests.create_key("SYMMETRIC_DEFAULT").await?;
    let ciphertext = requests.encrypt_once(&key_id).await?;
    let keyward = &bench.keyward;
    let mut rows = [
        Row::new("bare hyper server", &bare, requests.encrypt(&key_id)),
        Row::new("Encrypt, 32 bytes", keyward, requests.encrypt(&key_id)),
        Row::new("Decrypt, 32 bytes", keyward, requests.decrypt(&ciphertext)),
        Row::new("GenerateDataKey, AES_256", keyward, requests.data_key(&key_id)),
    ];
    measure_all(bench, &mut rows).await?;

    println!("\n| load | requests/s | server CPU per request | ratio to bare |");
    println!("|---|---|---|---|");
    let Some(bare) = rows.first().map(|row| row.median(Measured::cpu_us)) else { return Ok(()) };
    for row in &rows {
        let (rate, cpu) = (row.median(Measured::rate), row.median(Measured::cpu_us));
        println!("| {} | {rate:.0} | {cpu:.1} µs | {:.2} |", row.name, cpu / bare);
    }
    Ok(())
}

/// Encrypt, Sign and Verify beside a server that authenticates and calls the library.
pub(crate) async fn beside_ceiling(bench: &Bench) -> Result<()> {
    let program = bench.arguments.servers.join("ceiling");
    let ceiling = Server::ceiling(&program, &bench.credentials).await?;
    let mut rows = ceiling_rows(bench, &ceiling).await?;
    measure_all(bench, &mut rows).await?;

    println!("\n| call | program | | ceiling | | CPU, ceiling to program | aim |");
    println!("|---|---|---|---|---|---|---|");
    for pair in rows.chunks_exact(2) {
        let [ceiling, program] = pair else { continue };
        let ratio = median(
            ceiling
                .runs
                .iter()
                .zip(&program.runs)
                .map(|(ceiling, program)| ceiling.cpu_us() / program.cpu_us()),
        );
        println!(
            "| {} | {:.0}/s | {:.1} µs | {:.0}/s | {:.1} µs | {ratio:.2} | {} |",
            program.name,
            program.median(Measured::rate),
            program.median(Measured::cpu_us),
            ceiling.median(Measured::rate),
            ceiling.median(Measured::cpu_us),
            aim(&program.name),
        );
    }
    Ok(())
}

/// Pairs: the ceiling, then the program.
async fn ceiling_rows<'a>(bench: &'a Bench, ceiling: &'a Server) -> Result<Vec<Row<'a>>> {
    let own = bench.requests();
    let theirs = Requests::new(&bench.credentials, ceiling.address());
    let mut rows = Vec::new();
    let mut pair = |name: String, work: String, operation: &str, bodies: &[serde_json::Value]| {
        rows.push(Row::new(&name, ceiling, theirs.signed_all(&target(&work), bodies)));
        rows.push(Row::new(&name, &bench.keyward, own.operation(operation, bodies)));
    };
    let key_id = own.create_key("SYMMETRIC_DEFAULT").await?;
    pair(
        "Encrypt, 32 bytes".into(),
        "Encrypt".into(),
        "Encrypt",
        &Requests::encrypt_bodies(&key_id),
    );
    for (spec, algorithm) in SIGNATURES {
        let key_id = own.create_key(spec.as_str()).await?;
        let sign = Requests::sign_body(&key_id, algorithm.as_str());
        let verify = Requests::verify_body(&sign, &own.sign_once(&sign).await?);
        for (operation, body) in [("Sign", sign), ("Verify", verify)] {
            let work = format!("{operation}.{spec}.{algorithm}");
            pair(format!("{operation}, {algorithm}, {spec}"), work, operation, &[body]);
        }
    }
    Ok(rows)
}

/// What part of the program's time the ceiling's is to be at least.
fn aim(name: &str) -> &'static str {
    match name.split(", ").next() {
        Some("Sign") if name.ends_with("RSA_2048") => "0.95",
        Some("Sign" | "Verify") if name.ends_with("ECC_NIST_P256") => "0.85",
        _ => "",
    }
}

/// One load against one server, over all rounds.
pub(crate) struct Row<'a> {
    name: String,
    load: Load<'a>,
    runs: Vec<Measured>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(name: &str, server: &'a Server, requests: Vec<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), load: Load { server, requests }, runs: Vec::new() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it cost in each round.
    pub(crate) fn runs(&self) -> &[Measured] {
        &self.runs
    }

    pub(crate) fn median(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        median(self.runs.iter().map(figure))
    }
}

/// All rounds, every load in turn.
async fn measure_all(bench: &Bench, rows: &mut [Row<'_>]) -> Result<()> {
    let arguments = &bench.arguments;
    for round in 0..arguments.rounds {
        measure(arguments, arguments.connections, rows, round == 0).await?;
    }
    Ok(())
}

/// One round. The first begins with a warm-up.
pub(crate) async fn measure(
    arguments: &Arguments,
    connections: usize,
    rows: &mut [Row<'_>],
    is_first: bool,
) -> Result<()> {
    if is_first {
        for row in &*rows {
            row.load.run(connections, WARM_UP).await?;
        }
    }
    for row in rows {
        let duration = Duration::from_secs(arguments.seconds);
        row.runs.push(row.load.run(connections, duration).await?);
    }
    Ok(())
}
