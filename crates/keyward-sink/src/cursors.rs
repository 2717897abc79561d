//! How far sinks are, kept over restarts.

use async_trait::async_trait;
use keyward_audit::JournalPosition;

/// Keeps how far each sink is. The program has one over its database.
#[async_trait]
pub trait Cursors: Send + Sync {
    /// Where the sink of this name was; `None` when it never ran.
    async fn load(&self, name: &str) -> Result<Option<JournalPosition>, CursorError>;

    /// Keeps where the sink is.
    async fn store(&self, name: &str, position: JournalPosition) -> Result<(), CursorError>;
}

/// A cursor that was not read or not kept.
#[derive(Debug, thiserror::Error)]
#[error("the sink's place in the journal cannot be read or kept")]
pub struct CursorError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
