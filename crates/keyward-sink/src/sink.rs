//! What a sink is to the loop that feeds it.

use std::io;
use std::time::Duration;

use keyward_audit::FollowError;
use keyward_outbound::{Endpoint, OutboundError};

use crate::{CursorError, Record};

/// Gives records to a receiver.
pub trait Sink: Send + Sync {
    /// Gives records in their order, the first ones at least. Ends within a deadline of the sink's
    /// own. May be dropped halfway: the same records come again then.
    fn send(&mut self, records: &[Record]) -> impl Future<Output = Sent> + Send;
}

/// How far a sink came with what it was given.
#[derive(Debug)]
pub struct Sent {
    /// How many records, from the first, need not be given again.
    pub taken: usize,
    /// How many of those the receiver has. Some are nothing to it.
    pub accepted: usize,
    /// How many of those the receiver did not take and were put among the dead letters.
    pub put_aside: usize,
    /// Why it was not more.
    pub failure: Option<Failure>,
}

/// Why a receiver took no more.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub trouble: Trouble,
    /// How long the receiver wants to be left alone, if it said so.
    pub retry_after: Option<Duration>,
}

/// What keeps a sink from its work. Says nothing of what was sent, nor of a URL's path.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The receiver refused.
    #[error("{to} answered {status}")]
    Answer {
        /// Who answered.
        to: Endpoint,
        /// The HTTP status.
        status: u16,
    },
    /// The receiver has closed the connection.
    #[error("the receiver closed the connection")]
    Closed,
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] io::Error),
    /// The place in the journal is not known.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// A record that was refused for good cannot be put aside.
    #[error("the dead letters cannot be written")]
    DeadLetter(#[source] io::Error),
    /// The journal cannot be followed.
    #[error(transparent)]
    Journal(#[from] FollowError),
    /// The receiver was not reached.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// Nothing moved in time.
    #[error("the receiver took nothing in time")]
    Silent,
}

impl Sent {
    /// All of them, and the receiver has them.
    pub const fn all(accepted: usize) -> Self {
        Self { taken: accepted, accepted, put_aside: 0, failure: None }
    }

    /// The first ones, and why not more.
    pub fn until(accepted: usize, failure: impl Into<Failure>) -> Self {
        Self { failure: Some(failure.into()), ..Self::all(accepted) }
    }
}

impl<T: Into<Trouble>> From<T> for Failure {
    fn from(trouble: T) -> Self {
        Self { trouble: trouble.into(), retry_after: None }
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
