//! Verification from outside: published vectors, an independent signer, and every refusal.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop where it is")]

mod hostile;
mod independent_signer;
mod order;
mod refusals;
mod request;
mod vectors;
