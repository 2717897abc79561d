//! What can go wrong below a lookup.

/// A failed lookup. Absence is not among them.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The backend failed: disk, connection, SQL.
    #[error("the database failed")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row's authentication code does not fit the row: it was edited, moved or invented. A row
    /// that decides and holds a value outside its type is one of these, for no such row was ever
    /// written.
    #[error("a row of `{table}` fails its authentication")]
    Forged {
        /// The table that holds the row.
        table: &'static str,
    },
    /// A row could not be given its authentication code.
    #[error("a row could not be authenticated for writing")]
    TagFailed,
    /// A row of a table without authentication codes holds a value outside its type.
    #[error("a row of `{table}` holds a value that cannot be read")]
    Unreadable {
        /// The table that holds the row.
        table: &'static str,
    },
}
