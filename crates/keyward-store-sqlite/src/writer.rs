//! The one thread that writes.
//!
//! It sleeps on its queue; when work arrives it takes all that waits, runs each piece in a savepoint
//! of one transaction, commits once and then answers. While it waits for the disk the next batch
//! gathers, so a lone change waits for nobody and a crowd shares one sync.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use keyward_store::{RowAuthenticator, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::fault::Cause;
use crate::sql::Sql;

/// How many changes may wait; beyond it they fail at once.
const QUEUE_MAX: usize = 1024;
/// How many share one commit.
const BATCH_MAX: usize = 256;

/// The way to the writing thread. Dropping it waits until queued work is done.
pub(crate) struct Writer {
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Work(Box<dyn Work>),
    EmptyLog(oneshot::Sender<Result<(), StoreError>>),
}

/// A piece of work whose answer waits for the commit.
trait Work: Send {
    /// Does it; whether to keep what it wrote.
    fn run(&mut self, sql: &Sql<'_>) -> bool;

    /// Answers, once the fate of the transaction is known.
    fn answer(self: Box<Self>, fate: Result<(), Cause>);
}

struct Waiting<F, T, E> {
    work: Option<F>,
    verdict: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl Writer {
    /// Starts the thread. It owns the connection from here on.
    pub(crate) fn start(
        connection: Connection,
        rows: Arc<dyn RowAuthenticator>,
    ) -> Result<Self, io::Error> {
        let (queue, messages) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(connection, rows.as_ref(), &messages))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// No thread: every change fails.
    pub(crate) const fn closed() -> Self {
        Self { queue: None, thread: None }
    }

    /// Runs `work` in the next transaction and answers once it is durable. An error of the work
    /// rolls back what the work wrote and nothing else. A caller that goes away does not stop it.
    pub(crate) async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Sql<'_>) -> Result<T, E> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let waiting = Waiting { work: Some(work), verdict: None, caller };
        self.send(Message::Work(Box::new(waiting)))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::from(Cause::Closed).into()))
    }

    /// Moves the write-ahead log into the database and empties it.
    pub(crate) async fn empty_log(&self) -> Result<(), StoreError> {
        let (caller, answer) = oneshot::channel();
        self.send(Message::EmptyLog(caller))?;
        answer.await.unwrap_or_else(|_| Err(Cause::Closed.into()))
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(Cause::Closed)?;
        queue.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => Cause::QueueFull.into(),
            TrySendError::Disconnected(_) => Cause::Closed.into(),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
    }
}

impl<F, T, E> Work for Waiting<F, T, E>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Sql<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, sql: &Sql<'_>) -> bool {
        self.verdict = self.work.take().map(|work| work(sql));
        matches!(self.verdict, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, fate: Result<(), Cause>) {
        let verdict = match (self.verdict, fate) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(cause)) => Err(StoreError::from(cause).into()),
            (Some(Ok(done)), Ok(())) => Ok(done),
            (None, Ok(())) => Err(StoreError::from(Cause::RolledBack).into()),
        };
        // The caller may have gone away; what was done stays done.
        drop(self.caller.send(verdict));
    }
}

fn serve(mut connection: Connection, rows: &dyn RowAuthenticator, messages: &Receiver<Message>) {
    while let Ok(first) = messages.recv() {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(Message::Work(work)) = next {
            batch.push(work);
            next = if batch.len() < BATCH_MAX { messages.try_recv().ok() } else { None };
        }
        let fate = commit(&mut connection, rows, &mut batch);
        if let Err(cause) = &fate {
            tracing::error!(%cause, changes = batch.len(), "a transaction failed");
        }
        for work in batch {
            work.answer(fate.clone());
        }
        if let Some(Message::EmptyLog(caller)) = next {
            drop(caller.send(empty_log(&connection).map_err(StoreError::from)));
        }
    }
    if let Err(cause) = empty_log(&connection) {
        // Not a loss: the next opening reads the log.
        tracing::warn!(%cause, "the write-ahead log could not be emptied");
    }
}

/// Runs the batch as one transaction. After an error nothing of it is in the database, unless the
/// disk failed in the middle of the commit itself: then a crash may still bring it back.
fn commit(
    connection: &mut Connection,
    rows: &dyn RowAuthenticator,
    batch: &mut [Box<dyn Work>],
) -> Result<(), Cause> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for work in batch {
        let mut savepoint = transaction.savepoint()?;
        let keep = work.run(&Sql::new(&savepoint, rows));
        // SQLite answers some errors (a full disk, say) by rolling back everything. Statements
        // would then commit one by one, so the batch ends here.
        if savepoint.is_autocommit() {
            return Err(Cause::RolledBack);
        }
        if !keep {
            savepoint.rollback()?;
        }
        savepoint.commit()?;
    }
    transaction.commit()?;
    Ok(())
}

fn empty_log(connection: &Connection) -> Result<(), Cause> {
    let is_busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy { Err(Cause::LogInUse) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
