//! HTTP: listeners, TLS, limits, protocol codecs, request ids, shutdown.
//!
//! The journey of a request: [`Listener`]s accept connections and bound what they may cost; the
//! codec, AWS JSON or AWS Query, names the operation and reads the body up to its limit; the
//! signature is verified; the [`Backend`] runs the operation and has its audit record; the codec
//! writes the reply. `/health/live` and `/health/ready` are answered beside it.
//!
//! ```no_run
//! # async fn run(engine: std::sync::Arc<keyward_engine::Engine>) -> std::io::Result<()> {
//! use keyward_server::{Listener, Server};
//!
//! let server = Server::builder(engine, &[]).build();
//! let listener = Listener::bind(([127, 0, 0, 1], 8080).into()).await?;
//! server.serve(vec![listener], async { /* until told to stop */ }).await;
//! # Ok(())
//! # }
//! ```
//!
//! Knows no operation by name: the operations of a [`Service`] are a table it is given. Does not
//! know where keys, policies and secrets are stored, nor which addresses are wise to listen on.

mod authenticate;
mod aws_json;
mod aws_query;
mod backend;
mod body;
mod call;
mod connection;
mod failures;
mod forwarded;
mod health;
mod in_flight;
mod limits;
mod listener;
mod metrics;
mod network;
mod panics;
mod peer;
mod proxy_protocol;
mod refused;
mod response;
mod route;
mod server;
mod shares;
mod tls;
mod watchdog;

pub use backend::Backend;
pub use health::Readiness;
pub use limits::Limits;
pub use listener::Listener;
pub use metrics::serve_metrics;
pub use network::{Network, NotANetwork};
pub use panics::log_panics;
pub use peer::Peer;
pub use route::{Naming, QueryApi, Service, SigningRegion};
pub use server::{Builder, Server};
pub use tls::{CertificateSource, Certificates, TlsError};
