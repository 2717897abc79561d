//! The baseline of the end-to-end benchmark: what hyper alone can do with the same connections.
//!
//! Reads a body and answers 400 bytes of JSON. No routing, no signature, no audit record.
//!
//!     cargo run --release -p keyward-bench --bin bare -- 127.0.0.1:8099

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

const REPLY_BYTES: usize = 400;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let reply = Bytes::from(format!(r#"{{"Plaintext":"{}"}}"#, "a".repeat(REPLY_BYTES - 16)));
    keyward_bench::serve(address, move |_, _| Some(reply.clone())).await
}
