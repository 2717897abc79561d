//! The rules of the wire, each over a real connection or through `Server::handle`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "these are tests; a failed step fails the test"
)]

mod authentication;
mod backend;
mod client;
mod health;
mod http1;
mod http2;
mod limits;
mod log;
mod proxies;
mod query;
mod requests;
mod shutdown;
mod strangers;
mod tls;
