//! Load: many connections, each with one request under way.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::process::Server;

/// The same requests, over and over, to one server.
pub(crate) struct Load<'a> {
    pub(crate) server: &'a Server,
    /// Ready to write. A signature holds for five minutes, so each may be sent many times.
    pub(crate) requests: Vec<Vec<u8>>,
}

/// What a load cost.
pub(crate) struct Measured {
    requests: u32,
    wall: Duration,
    cpu: Duration,
}

impl Measured {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.requests) / self.wall.as_secs_f64()
    }

    /// Microseconds of processor time the server spent on a request.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.requests)
    }
}

impl Load<'_> {
    /// Runs the load and looks at the server's processor time before and after.
    pub(crate) async fn run(&self, connections: usize, duration: Duration) -> Result<Measured> {
        let before = self.server.cpu()?;
        let start = now();
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (address, requests) = (self.server.address(), self.requests.clone());
            tasks.spawn(async move { connection(address, &requests, start + duration).await });
        }
        let mut requests = 0;
        while let Some(done) = tasks.join_next().await {
            requests += done??;
        }
        Ok(Measured {
            requests,
            wall: now() - start,
            cpu: self.server.cpu()?.saturating_sub(before),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

async fn connection(
    address: std::net::SocketAddr,
    requests: &[Vec<u8>],
    end: Instant,
) -> Result<u32> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(8192);
    let mut done = 0;
    for request in requests.iter().cycle() {
        if now() >= end {
            break;
        }
        stream.write_all(request).await?;
        let status = response(&mut stream, &mut buffer).await?;
        ensure!(
            status == 200,
            "a request was refused with {status}: {}",
            String::from_utf8_lossy(&buffer)
        );
        done += 1;
    }
    Ok(done)
}

/// Reads one response into `buffer`; its status.
pub(crate) async fn response(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if let Some((status, length)) = head(buffer)
            && buffer.len() >= length
        {
            return Ok(status);
        }
    }
}

/// The status and the length of the whole response, once its head is there.
pub(crate) fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some((status, end + length.unwrap_or(0)))
}
