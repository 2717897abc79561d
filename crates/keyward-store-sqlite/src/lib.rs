//! The embedded backend: SQLite, WAL, full sync, one writer.
