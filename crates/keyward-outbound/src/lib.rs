//! The one outbound client. It goes only where the operator allowed, to an address it has checked,
//! believes only the machine's certificate authorities and the operator's, follows no redirect, and
//! reads answers of bounded length within a deadline.
//!
//! [`Client::get`] fetches a document, [`Poster`] posts to one place again and again, and
//! [`Client::connect`] opens a connection for protocols that are not HTTP. None of them knows what
//! is sent or why. Errors name a host and a port, never a path: a path may hold a secret.

mod address;
mod client;
mod endpoint;
mod http1;
mod post;
mod retry_after;
mod tls;
mod url;

pub use address::{AddressRule, HostPattern, NotAHostPattern, Plaintext};
pub use client::{Client, OutboundError, Stream};
pub use endpoint::{Endpoint, NotAnEndpoint};
pub use post::{Answer, Poster};
pub use tls::{ClientCertificate, TlsError, trust, trust_as};
pub use url::{NotAUrl, Url};
