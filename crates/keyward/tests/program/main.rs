//! The built program, as its users meet it: arguments, files, signals, sockets and sentences.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

mod accounts;
mod configuration;
mod development;
mod initialisation;
mod root_key;
mod sandbox;
mod serving;
mod tls;
mod wire;
