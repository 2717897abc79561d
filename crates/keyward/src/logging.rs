//! Diagnostic logs on stderr. The audit journal is not among them.
//!
//! No log line holds a secret: secret types have no text form, and no request body, query string
//! or signature is ever a field.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Starts logging for the whole process.
pub(crate) fn start(log: &Log) -> Result<()> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    registry().with(lines.with_filter(log.filter()?)).try_init().context("logging cannot start")
}

/// An error with all its causes, as a field: `%error` would show the first one only.
pub(crate) fn chain(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}
