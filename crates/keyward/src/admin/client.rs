//! The side of the admin socket that asks.

use std::io;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::path::SocketPath;
use super::protocol::{Answer, COMMAND_BYTES_MAX, Command, Outcome, line, read_answer};
use crate::data_dir::DataDir;

/// Sealing a large database anew takes its time.
const ANSWER_WITHIN: Duration = Duration::from_hours(1);

/// Has the server that runs on the directory carry out a command.
pub(crate) async fn ask(dir: &DataDir, command: &Command) -> Result<Outcome> {
    let path = dir.admin_socket();
    let reached = SocketPath::of(&path)?;
    let mut stream = match UnixStream::connect(reached.as_path()).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            bail!("{} belongs to another user; run this as that user or as root", path.display())
        }
        Err(_) => bail!(
            "another keyward is at work on {} and does not answer at {}; try again when it has \
             finished or started",
            dir.path().display(),
            path.display()
        ),
    };
    let line = line(command)?;
    if line.len() > COMMAND_BYTES_MAX {
        bail!("the command is longer than the server reads");
    }
    stream.write_all(&line).await.context("the server closed the admin socket")?;
    let mut reader = BufReader::new(stream);
    let answer = timeout(ANSWER_WITHIN, read_answer(&mut reader))
        .await
        .map_err(|_| anyhow!("the server did not answer within an hour; it may still be at it"))?;
    match answer.context("the answer of the server cannot be read")? {
        Some(Answer::Done(outcome)) => Ok(outcome),
        Some(Answer::Refused(sentence)) => bail!("{sentence}"),
        None => bail!("the server stopped before it answered; see its log for what was done"),
    }
}
