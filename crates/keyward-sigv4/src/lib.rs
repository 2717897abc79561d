//! Signature Version 4 on received requests, over bytes.
//!
//! Owns the canonical form, the parsing and scoping of what a request claims, the order in which
//! those claims are refused with the exact words and names of each refusal, and the comparison of
//! signatures. [`present`] makes every check that needs no secret; [`Presented::verify`] makes the
//! one that does:
//!
//! ```
//! use keyward_sigv4::{present, RequestParts, Rules, SigningKey, Style};
//!
//! let headers: [(&str, &[u8]); 1] = [("host", b"kms.us-east-1.amazonaws.com")];
//! let parts = RequestParts { method: "POST", path: "/", query: "", headers: &headers };
//! let rules = Rules {
//!     service: "kms",
//!     region_is_served: &|region| region == "us-east-1",
//!     now: 1_792_324_800,
//!     past_window_s: 300,
//!     future_window_s: 300,
//!     expires_s_max: 300,
//!     ignores_expires: false,
//!     style: Style::Json,
//! };
//! match present(&parts, &rules) {
//!     Ok(presented) => {
//!         let key = presented.signing_key(b"the secret stored for presented.access_key_id()");
//!         assert!(presented.verify(&key, b"{}").is_err());
//!     }
//!     Err(refusal) => assert_eq!(refusal.message, "Missing Authentication Token"),
//! }
//! ```
//!
//! Does not know where secrets are stored, what time it is, what a session token holds, or any
//! HTTP library. Does no I/O.

mod canonical;
mod claims;
mod refusal;
mod request;
pub mod sign;
mod signing_key;
mod timestamp;
mod uri;
mod verify;

pub use refusal::{Refusal, RefusalCode, Style};
pub use request::{
    AUTHORIZATION_BYTES_MAX, PATH_BYTES_MAX, QUERY_BYTES_MAX, QUERY_PARAMETERS_MAX, RequestParts,
    Rules, SIGNED_HEADERS_MAX,
};
pub use signing_key::SigningKey;
pub use verify::{Presented, present};

/// The one algorithm that is accepted.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of every credential scope.
const TERMINATOR: &str = "aws4_request";
