//! Servers as child processes, and what they cost.

use std::ffi::OsStr;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::load;
use crate::request::Credentials;

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

/// Makes a deployment; its root credentials.
pub(crate) fn init(program: &Path, directory: &Path) -> Result<Credentials> {
    let status = Command::new(program)
        .args(["init", "--account-id", "111122223333", "--data-dir"])
        .arg(directory)
        .stdout(Stdio::null())
        .status()
        .context("the program under test cannot be run")?;
    ensure!(status.success(), "the deployment could not be made");
    Credentials::read(&directory.join("aws/credentials"))
}

impl Server {
    /// Starts the program under test and waits until it is ready.
    pub(crate) async fn keyward(program: &Path, directory: &Path) -> Result<Self> {
        Self::serve(program, directory, &[]).await
    }

    /// The same, with a configuration file.
    pub(crate) async fn configured(
        program: &Path,
        directory: &Path,
        config: &Path,
    ) -> Result<Self> {
        Self::serve(program, directory, &["--config".as_ref(), config.as_os_str()]).await
    }

    async fn serve(program: &Path, directory: &Path, arguments: &[&OsStr]) -> Result<Self> {
        let address = free_address()?;
        let child = Command::new(program)
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(directory)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { child, address };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Starts the bare server and waits until it takes connections.
    pub(crate) async fn bare(program: &Path) -> Result<Self> {
        Self::compared(program, "").await
    }

    /// Starts the server that authenticates and calls the library, for the one caller it knows.
    pub(crate) async fn ceiling(program: &Path, caller: &Credentials) -> Result<Self> {
        Self::compared(program, &caller.lines()).await
    }

    /// Starts the service without a journal on a deployment.
    pub(crate) async fn unrecorded(program: &Path, directory: &Path) -> Result<Self> {
        let directory = directory.to_str().context("a directory whose name is no text")?;
        Self::compared(program, directory).await
    }

    async fn compared(program: &Path, input: &str) -> Result<Self> {
        let address = free_address()?;
        let mut child = Command::new(program)
            .arg(address.to_string())
            .stdin(Stdio::piped())
            .spawn()
            .with_context(|| format!("`{}` cannot be run", program.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let server = Self { child, address };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The processor time it has spent, in user and system mode.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields 14 and 15 of proc(5), counted behind the command's closing parenthesis.
        let (_, fields) = stat.rsplit_once(')').context("an unreadable stat file")?;
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u64>)
            .sum::<Result<u64, _>>()?;
        // Linux reports in hundredths of a second on every supported architecture.
        Ok(Duration::from_millis(ticks * 10))
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..500 {
            tick.tick().await;
            if self.is_ready().await.unwrap_or(false) {
                return Ok(());
            }
        }
        anyhow::bail!("the program under test did not get ready")
    }

    async fn is_ready(&self) -> Result<bool> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        // Who takes no unsigned request takes requests.
        Ok(matches!(load::response(&mut stream, &mut Vec::new()).await?, 200 | 400))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; there is nothing else to do about it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
