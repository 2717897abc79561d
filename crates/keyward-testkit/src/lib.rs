//! What tests are written with: the whole service in one process on a fresh database, callers as
//! values, a clock that tests move and a source of ids that repeats itself.
//!
//! Every reply that a [`Client`] sees is held to the API model, so each test of an operation also
//! tests its shapes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed, and says where"
)]

mod app;
mod attestation;
mod client;
mod clock;
mod generator;
mod golden;
mod hidden;
mod import;
mod issuer;
mod key_request;
mod mfa;
mod principals;
mod query;
mod record;
mod refused;
mod rng;
mod xml;

pub use app::{ACCOUNT, OTHER_ACCOUNT, TestApp, TestOptions, WrapStore};
pub use attestation::{attester, enclave, recipient_info};
pub use client::{Client, blob, unblob};
pub use clock::MockClock;
pub use generator::HeldGenerator;
pub use golden::{Bindings, Proven, RecordTable, compact, play, play_all};
pub use hidden::hidden_members_told;
pub use import::ImportParameters;
pub use issuer::TestIssuer;
pub use key_request::{
    ABSENT, KeyRequest, PENDING_DELETION, UNUSABLE, denied_by_policy, denied_ciphertext,
    denied_elsewhere,
};
pub use mfa::mfa_seed;
pub use record::resource;
pub use refused::Refused;
pub use rng::SeededRng;
