//! How far readers of the journal are.

use std::sync::Arc;

use keyward_audit::JournalPosition;
use keyward_engine::Engine;
use keyward_store::{Change, CommitError, StoreError, TrailCursorRecord, Write};

/// The cursor of the delivery to log files.
pub const DELIVERY: &str = "delivery";

/// The places of all readers of the journal, in the database.
#[derive(Clone)]
pub struct Cursors {
    engine: Arc<Engine>,
}

impl Cursors {
    /// The places in this deployment's database.
    pub const fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Where a reader was; `None` when it never read.
    pub async fn load(&self, name: &str) -> Result<Option<JournalPosition>, StoreError> {
        Ok(self.engine.store().trail().cursor(name).await?.as_ref().map(position))
    }

    /// Keeps where a reader is.
    pub async fn store(&self, name: &str, position: JournalPosition) -> Result<(), CommitError> {
        let writes = vec![Write::PutTrailCursor(record(name, position))];
        self.engine.store().commit(Change { writes, ..Change::default() }).await.map(drop)
    }
}

pub(crate) fn position(record: &TrailCursorRecord) -> JournalPosition {
    JournalPosition { segment: record.segment, offset: record.offset }
}

pub(crate) fn record(name: &str, position: JournalPosition) -> TrailCursorRecord {
    let JournalPosition { segment, offset } = position;
    TrailCursorRecord { name: name.to_owned(), segment, offset }
}
