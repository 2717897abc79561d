//! The rules of evaluation, held from three sides: cases written from the documentation, a second
//! evaluator written from it, and random policies on which both evaluators must agree.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

mod agreement;
mod cases;
mod naive;
