//! A private attester for tests: it makes documents of both kinds, sound ones and any unsound one,
//! and plays the enclave that receives the reply.
//!
//! [`Attester`] signs, [`Evidence`] is what it signs, [`Fields`] lets a test break the payload,
//! [`ChainDefect`] breaks the certificates, [`Recipient`] opens `CiphertextForRecipient`.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed, and says where"
)]

mod attester;
pub mod encode;
mod evidence;
mod recipient;

pub use attester::{Attester, ChainDefect, ES384_HEADER};
pub use evidence::{Evidence, Fields};
pub use recipient::Recipient;
