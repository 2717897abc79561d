//! What tests are written with: the whole service in one process on a fresh database, callers as
//! values, a clock that tests move and a source of ids that repeats itself.
//!
//! Every reply that a [`Client`] sees is held to the API model, so each test of an operation also
//! tests its shapes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed, and says where"
)]

mod app;
mod client;
mod clock;
mod generator;
mod rng;

pub use app::{ACCOUNT, OTHER_ACCOUNT, TestApp, TestOptions};
pub use client::{Client, Refused, blob};
pub use clock::MockClock;
pub use generator::HeldGenerator;
pub use rng::SeededRng;
