//! Every bound the server keeps, in one place.

use std::time::Duration;

/// The bounds on what clients may cost. Header lines are bounded at 100 a request as well.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at once, over all listeners. Beyond it new ones wait to be accepted.
    pub connections_max: u32,
    /// Requests of authenticated callers being answered at once. Beyond it the answer is 503.
    pub requests_max: usize,
    /// Memory for the bodies of callers not yet authenticated. Beyond it the answer is 503. A
    /// quarter is kept for bodies up to 8 KiB; of the rest one address may use an eighth.
    pub unauthenticated_body_bytes_max: usize,
    /// Bodies on one connection that may take longer than `body_patience`. Beyond it the answer
    /// is 503.
    pub slow_bodies_per_connection_max: usize,
    /// The same for all connections from one address, or from one IPv6 /64.
    pub slow_bodies_per_address_max: usize,
    /// The head of a request: request line and all header lines.
    pub head_bytes_max: u32,
    /// HTTP/2 streams open at once on one connection.
    pub streams_max: u32,
    /// How long a TLS handshake or a PROXY protocol header may take.
    pub handshake_timeout: Duration,
    /// How long the head of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long the body of a request may take to arrive before it counts as slow.
    pub body_patience: Duration,
    /// How long the body of a request may take to arrive at all.
    pub body_timeout: Duration,
    /// How long a connection may stay open with nothing asked on it.
    pub idle_timeout: Duration,
    /// How long requests already accepted may go on after the server was told to stop.
    pub grace: Duration,
    /// How old a presigned request may be, in seconds, although its signer promised more.
    pub presigned_age_s_max: i64,
    /// How old a signature may be, in seconds.
    pub signature_age_s_max: i64,
    /// The same at services that speak Query. Theirs may always be presigned.
    pub query_signature_age_s_max: i64,
    /// How far ahead the clock of a signer may be, in seconds.
    pub signature_lead_s_max: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            requests_max: 10_000,
            unauthenticated_body_bytes_max: 64 << 20,
            slow_bodies_per_connection_max: 8,
            slow_bodies_per_address_max: 128,
            head_bytes_max: 64 << 10,
            streams_max: 100,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            body_patience: Duration::from_secs(1),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            grace: Duration::from_secs(30),
            presigned_age_s_max: 300,
            signature_age_s_max: 300,
            query_signature_age_s_max: 900,
            signature_lead_s_max: 300,
        }
    }
}
