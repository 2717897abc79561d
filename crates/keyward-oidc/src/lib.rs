//! Tokens of identity providers (OpenID Connect Core 1.0): their form, their signatures, and where
//! the keys that verify them come from.
//!
//! [`Token::parse`] reads a token and believes nothing; [`Token::verify`] yields [`Verified`] claims
//! for a key of the issuer's [`KeySet`]. [`Issuers`] finds that set: in a file, or with the one
//! outbound client of the service.
//!
//! Owns the algorithms taken (RSA and ECDSA signatures; `none` and shared secrets are not), every
//! bound on what a stranger sends, and when keys are fetched again. Does not know which issuers are
//! registered, what a role is, or what an audience means.

mod claims;
mod issuers;
mod jwks;
mod token;
mod verify;

pub use claims::{Claims, TokenTags};
pub use issuers::{Issuers, KeysError, Settings};
pub use jwks::{KeySet, NotAKeySet};
pub use token::{Malformed, TOKEN_CHARS_MAX, Token};
pub use verify::{NotVerified, Verified};
