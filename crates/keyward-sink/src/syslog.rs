//! Syslog: RFC 5424 messages over TCP (RFC 6587), TLS (RFC 5425) or a socket of this machine.
//!
//! Syslog has no acknowledgement. A batch counts as sent when it was written and the receiver has
//! not closed the connection a moment later. What the receiver, or the network to it, loses after
//! that is lost to it: the journal and the log files have it still.

mod message;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyward_outbound::{Client, Endpoint, Stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixDatagram, UnixStream};
use tokio::time::timeout;

use crate::{Failure, Record, Sent, Sink, Trouble};
pub use message::{Dialect, Facility, NotAFacility};

/// How long a receiver has to close a connection it does not read from any more.
const SETTLE: Duration = Duration::from_millis(100);
/// The longest message in a datagram: more does not fit the buffers of common systems.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;

/// Where messages go.
pub enum Destination {
    /// To a host, with TLS or without.
    Network(Box<Client>, Endpoint),
    /// To a socket of this machine, of either kind, within this time.
    Socket(PathBuf, Duration),
}

/// Sends messages to one receiver.
pub struct Syslog {
    destination: Destination,
    dialect: Dialect,
    connection: Option<Connection>,
    settle: Duration,
}

enum Connection {
    Stream(Box<dyn Stream>),
    Datagram(UnixDatagram),
}

impl Syslog {
    /// Is not connected yet.
    pub const fn new(destination: Destination, dialect: Dialect) -> Self {
        Self { destination, dialect, connection: None, settle: SETTLE }
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        match &self.destination {
            Destination::Network(client, to) => Ok(Connection::Stream(client.connect(to).await?)),
            Destination::Socket(path, _) => {
                connect_socket(path).await.map_err(|error| Trouble::Connection(error).into())
            }
        }
    }

    const fn deadline(&self) -> Duration {
        match &self.destination {
            Destination::Network(client, _) => client.deadline(),
            Destination::Socket(_, deadline) => *deadline,
        }
    }

    /// A connection that was open a moment ago.
    async fn open(&mut self) -> Result<Connection, Failure> {
        let mut kept = self.connection.take();
        if let Some(Connection::Stream(stream)) = &mut kept
            && is_closed(&mut **stream, Duration::ZERO).await
        {
            kept = None;
        }
        match kept {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        }
    }

    async fn write(&self, connection: &mut Connection, records: &[Record]) -> Sent {
        match connection {
            Connection::Stream(stream) => {
                let mut frames = Vec::new();
                for record in records {
                    self.dialect.write_frame(record, &mut frames);
                }
                let written = async {
                    stream.write_all(&frames).await?;
                    stream.flush().await
                };
                match written.await {
                    Err(error) => Sent::until(0, Trouble::Connection(error)),
                    Ok(()) if is_closed(&mut **stream, self.settle).await => {
                        Sent::until(0, Trouble::Closed)
                    }
                    Ok(()) => Sent::all(records.len()),
                }
            }
            Connection::Datagram(socket) => {
                for (at, record) in records.iter().enumerate() {
                    let message = self.dialect.message(record, DATAGRAM_BYTES_MAX);
                    if let Err(error) = socket.send(&message).await {
                        return Sent::until(at, Trouble::Connection(error));
                    }
                }
                Sent::all(records.len())
            }
        }
    }
}

impl Sink for Syslog {
    async fn send(&mut self, records: &[Record]) -> Sent {
        let deadline = self.deadline();
        let sending = async {
            let mut connection = match self.open().await {
                Ok(connection) => connection,
                Err(failure) => return Sent::until(0, failure),
            };
            let sent = self.write(&mut connection, records).await;
            if sent.failure.is_none() {
                self.connection = Some(connection);
            }
            sent
        };
        // Whatever was taken out and not put back is closed.
        timeout(deadline, sending).await.unwrap_or_else(|_| Sent::until(0, Trouble::Silent))
    }
}

/// Sockets are of two kinds, and a name does not tell which.
async fn connect_socket(path: &Path) -> io::Result<Connection> {
    let refused = match UnixStream::connect(path).await {
        Ok(stream) => return Ok(Connection::Stream(Box::new(stream))),
        Err(error) => error,
    };
    let socket = UnixDatagram::unbound()?;
    match socket.connect(path) {
        Ok(()) => Ok(Connection::Datagram(socket)),
        Err(_) => Err(refused),
    }
}

/// Whether the receiver closes the connection within a while. What it says is of no matter.
async fn is_closed(stream: &mut dyn Stream, within: Duration) -> bool {
    let mut words = [0; 512];
    let read = async {
        loop {
            match stream.read(&mut words).await {
                Ok(0) | Err(_) => return true,
                Ok(_) => {}
            }
        }
    };
    timeout(within, read).await.unwrap_or(false)
}
