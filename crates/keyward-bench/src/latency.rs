//! How long an Encrypt takes while the program is busy with slow work of others.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::sync::oneshot;

use crate::Bench;
use crate::load::{self, Load};
use crate::request::Requests;

/// Between the answer to one Encrypt and the next.
const PAUSE: Duration = Duration::from_millis(1);
/// How long slow work runs before anything is measured.
const RAMP: Duration = Duration::from_millis(200);
/// How many at a time make key pairs. More than the program has threads for.
const GENERATING: usize = 4;

/// What the program does meanwhile.
struct Situation {
    name: &'static str,
    requests: Vec<Vec<u8>>,
    connections: usize,
    latencies: Vec<Duration>,
    rates: Vec<f64>,
}

/// Prints the percentiles of an Encrypt in each situation.
pub(crate) async fn under_slow_work(bench: &Bench) -> Result<()> {
    let key_id = bench.requests().create_key("SYMMETRIC_DEFAULT").await?;
    let encrypt = bench.requests().encrypt(&key_id);
    let mut situations = situations(bench).await?;
    for _ in 0..bench.arguments.rounds {
        for situation in &mut situations {
            situation.measure(bench, &encrypt).await?;
        }
    }
    report(&mut situations);
    Ok(())
}

async fn situations(bench: &Bench) -> Result<Vec<Situation>> {
    let requests = bench.requests();
    let symmetric = requests.create_key("SYMMETRIC_DEFAULT").await?;
    let rsa = requests.create_key("RSA_4096").await?;
    let ml_dsa = requests.create_key("ML_DSA_87").await?;
    let sign = |key_id: &str, algorithm| {
        requests.operation("Sign", &[Requests::sign_body(key_id, algorithm)])
    };
    let create = json!({ "KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY" });
    let pair = json!({ "KeyId": symmetric, "KeyPairSpec": "RSA_4096" });
    let busy = |name, requests, connections| Situation {
        name,
        requests,
        connections,
        latencies: Vec::new(),
        rates: Vec::new(),
    };
    let signing = bench.arguments.connections;
    Ok(vec![
        busy("nothing", Vec::new(), 0),
        busy("CreateKey, RSA_4096", requests.operation("CreateKey", &[create]), GENERATING),
        busy(
            "GenerateDataKeyPair, RSA_4096",
            requests.operation("GenerateDataKeyPair", &[pair]),
            GENERATING,
        ),
        busy("Sign, RSA_4096", sign(&rsa, "RSASSA_PSS_SHA_256"), signing),
        busy("Sign, ML_DSA_87", sign(&ml_dsa, "ML_DSA_SHAKE_256"), signing),
    ])
}

impl Situation {
    async fn measure(&mut self, bench: &Bench, encrypt: &[Vec<u8>]) -> Result<()> {
        let duration = Duration::from_secs(bench.arguments.seconds);
        let slow = Load { server: &bench.keyward, requests: self.requests.clone() };
        let slow = slow.run(self.connections, RAMP + duration);
        let (address, encrypt) = (bench.keyward.address(), encrypt.to_vec());
        let (slow, latencies) = tokio::join!(slow, latencies(address, encrypt, duration));
        self.rates.push(slow?.rate());
        self.latencies.extend(latencies?);
        Ok(())
    }

    /// The latency that `share` of the requests stay below, in milliseconds.
    fn percentile(&self, share: (usize, usize)) -> f64 {
        let rank = self.latencies.len().saturating_sub(1) * share.0 / share.1;
        self.latencies.get(rank).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }

    fn percentiles(&self) -> [f64; 3] {
        [(50, 100), (99, 100), (999, 1000)].map(|share| self.percentile(share))
    }
}

/// Sends from a thread of its own: what waits in the load's thread is not the program's doing.
async fn latencies(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    duration: Duration,
) -> Result<Vec<Duration>> {
    let (done, is_done) = oneshot::channel();
    let probe = move || drop(done.send(probe(address, &requests, duration)));
    thread::Builder::new().name("probe".to_owned()).spawn(probe)?;
    is_done.await.context("the probe ended early")?
}

fn probe(address: SocketAddr, requests: &[Vec<u8>], duration: Duration) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(8192);
    let start = load::now() + RAMP;
    thread::park_timeout(RAMP);
    for request in requests.iter().cycle() {
        let sent = load::now();
        if sent >= start + duration {
            break;
        }
        stream.write_all(request)?;
        let status = receive(&mut stream, &mut buffer)?;
        ensure!(status == 200, "an Encrypt was refused with {status}");
        push(&mut latencies, load::now() - sent);
        thread::park_timeout(PAUSE);
    }
    Ok(latencies)
}

/// Counts those too that would have been sent while this one was waited for: otherwise a stop of
/// half a second would count once, and be nothing among thousands.
fn push(latencies: &mut Vec<Duration>, latency: Duration) {
    let mut waited = Some(latency);
    while let Some(latency) = waited {
        latencies.push(latency);
        waited = latency.checked_sub(PAUSE).filter(|rest| *rest > PAUSE);
    }
}

fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    let mut chunk = [0; 4096];
    loop {
        let len = stream.read(&mut chunk)?;
        ensure!(len > 0, "the server closed the connection");
        buffer.extend_from_slice(chunk.get(..len).unwrap_or_default());
        if let Some((status, length)) = load::head(buffer)
            && buffer.len() >= length
        {
            return Ok(status);
        }
    }
}

fn report(situations: &mut [Situation]) {
    for situation in &mut *situations {
        situation.latencies.sort_unstable();
    }
    println!(
        "\n| meanwhile | per s | Encrypt p50 | p99 | p99.9 | ratio to idle: p50 | p99 | p99.9 |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let Some(idle) = situations.first().map(Situation::percentiles) else { return };
    for situation in &*situations {
        let [p50, p99, p999] = situation.percentiles();
        let rate = crate::median(situation.rates.iter().copied());
        let [idle50, idle99, idle999] = idle;
        println!(
            "| {} | {rate:.0} | {p50:.2} ms | {p99:.2} ms | {p999:.2} ms | {:.1} | {:.1} | {:.1} |",
            situation.name,
            p50 / idle50,
            p99 / idle99,
            p999 / idle999,
        );
    }
}
