//! The KMS: one file per operation, their table, their errors.
