//! The side of the admin socket that answers.
//!
//! The socket's mode keeps other users out, and the uid of each peer is checked again: only the
//! user the server runs as, and root, are answered.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{info, warn};

use super::Desk;
use super::path::SocketPath;
use super::protocol::{Answer, COMMAND_BYTES_MAX, Command, line, read_line};
use crate::logging::chain;
use crate::private_file;

const CONNECTIONS_MAX: usize = 8;
const COMMAND_WITHIN: Duration = Duration::from_secs(10);

/// The socket; its file is removed with it.
pub(crate) struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Binds the socket in place of one that a killed server left. The caller holds the lock of
    /// the data directory.
    pub(crate) fn bind(path: PathBuf) -> Result<Self> {
        private_file::remove(&path).with_context(|| path.display().to_string())?;
        let listener = SocketPath::of(&path)
            .and_then(|path| UnixListener::bind(path.as_path()))
            .with_context(|| format!("could not listen at {}", path.display()))?;
        // The umask has kept others out since the bind; this only drops the useless x.
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers commands until dropped.
    pub(crate) async fn serve(&self, desk: Arc<Desk>) {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let desk = Arc::clone(&desk);
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, &desk).await {
                            warn!(error = chain(error), "an admin connection failed");
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    warn!(%error, "the admin socket cannot accept");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        // A file that stays is replaced at the next start.
        let _ = private_file::remove(&self.path);
    }
}

/// Answers the one command of a connection.
async fn answer(stream: UnixStream, desk: &Desk) -> Result<()> {
    let uid = stream.peer_cred()?.uid();
    let (reader, mut writer) = stream.into_split();
    let answer = if is_admitted(uid, rustix::process::geteuid().as_raw()) {
        let mut reader = BufReader::new(reader);
        match timeout(COMMAND_WITHIN, read_line(&mut reader, COMMAND_BYTES_MAX)).await {
            Ok(Ok(Some(command))) => carry_out(desk, &command, uid).await,
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => Answer::Refused(format!("the command cannot be read: {error:#}")),
            Err(_) => Answer::Refused("the command did not arrive in time".to_owned()),
        }
    } else {
        warn!(uid, "an admin connection of another user was refused");
        Answer::Refused("only the user the server runs as, and root, may give commands".to_owned())
    };
    writer.write_all(&line(&answer)?).await?;
    Ok(())
}

async fn carry_out(desk: &Desk, command: &Command, uid: u32) -> Answer {
    match desk.carry_out(command, &format!("uid {uid}")).await {
        Ok(outcome) => {
            info!(uid, ?command, "an operator's command is done");
            Answer::Done(outcome)
        }
        Err(error) => {
            warn!(uid, ?command, error = format!("{error:#}"), "an operator's command failed");
            Answer::Refused(format!("{error:#}"))
        }
    }
}

const fn is_admitted(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[tokio::test]
    async fn the_socket_is_closed_to_others_and_replaces_a_stale_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        std::fs::write(&path, "").unwrap();
        let socket = AdminSocket::bind(path.clone()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_directory_too_deep_for_a_socket_path_has_one_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x".repeat(200)).join("admin.sock");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        let socket = AdminSocket::bind(path.clone()).unwrap();
        let reached = SocketPath::of(&path).unwrap();
        let asked = UnixStream::connect(reached.as_path());
        let (asked, answered) = tokio::join!(asked, socket.listener.accept());
        asked.unwrap();
        answered.unwrap();
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn only_the_own_user_and_root_are_admitted() {
        assert!(is_admitted(1000, 1000));
        assert!(is_admitted(0, 1000));
        assert!(!is_admitted(1001, 1000));
        assert!(!is_admitted(1000, 0));
    }
}
