//! Import tokens: bytes that name an import wrapping key and notice when they were changed.
//!
//! ```text
//! offset  bytes
//!      0      1  version 01
//!      1      8  end of life, ms since the epoch, big-endian
//!      9     32  nonce, random
//!     41     32  id: SHA-256(label ‖ u32be(len) ‖ subject ‖ the bytes before)
//! ```
//!
//! The id names the wrapping key's row. The row is what decides: it is authenticated, lives as long
//! as the token, and says whose key it is and how long. The token itself needs no code under a
//! domain key, which could be destroyed within the token's life: whoever makes one up names no row.
//! The hash only tells a token that outlived its row from one that was altered or is another key's.

use crate::canonical::push_prefixed;
use crate::digest::{SHA256_BYTES, sha256};
use crate::error::SealError;
use crate::random;

const VERSION: u8 = 1;
const LABEL: &[u8] = b"keyward/import-token/v1";
const NONCE_BYTES: usize = 32;

/// What an import token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportToken {
    content: [u8; 1 + 8 + NONCE_BYTES],
    id: [u8; SHA256_BYTES],
}

impl ImportToken {
    /// A new token for `subject`, the key that material is imported into.
    pub fn new(subject: &[u8], expires_at_ms: i64) -> Result<Self, SealError> {
        Self::with(random::public()?, subject, expires_at_ms)
    }

    /// Reads a token; `None` for bytes that are none of ours for `subject`, or were changed.
    pub fn read(subject: &[u8], token: &[u8]) -> Option<Self> {
        let (content, rest) = token.split_first_chunk()?;
        let token = Self { content: *content, id: rest.try_into().ok()? };
        let is_ours = content.starts_with(&[VERSION]) && id_of(subject, content).ok()? == token.id;
        is_ours.then_some(token)
    }

    /// The bytes to hand out.
    pub fn encode(&self) -> Vec<u8> {
        [&self.content[..], &self.id].concat()
    }

    /// What names the wrapping key.
    pub const fn id(&self) -> &[u8; SHA256_BYTES] {
        &self.id
    }

    /// The end of its life, in milliseconds since the epoch.
    pub fn expires_at_ms(&self) -> i64 {
        let [_, content @ ..] = &self.content;
        content.first_chunk().copied().map_or(0, i64::from_be_bytes)
    }

    /// The nonce is a parameter for the known answer only.
    fn with(
        nonce: [u8; NONCE_BYTES],
        subject: &[u8],
        expires_at_ms: i64,
    ) -> Result<Self, SealError> {
        let mut content = [VERSION; 1 + 8 + NONCE_BYTES];
        let varying = expires_at_ms.to_be_bytes().into_iter().chain(nonce);
        content.iter_mut().skip(1).zip(varying).for_each(|(to, from)| *to = from);
        Ok(Self { content, id: id_of(subject, &content)? })
    }
}

fn id_of(subject: &[u8], content: &[u8]) -> Result<[u8; SHA256_BYTES], SealError> {
    let mut prefixed = Vec::with_capacity(4 + subject.len());
    push_prefixed(&mut prefixed, subject)?;
    Ok(sha256(&[LABEL, &prefixed, content]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_for_its_subject_only() {
        let token = ImportToken::new(b"key", 1_700_000_000_123).unwrap();
        let bytes = token.encode();
        assert_eq!(ImportToken::read(b"key", &bytes), Some(token));
        assert_eq!(token.expires_at_ms(), 1_700_000_000_123);
        assert_eq!(ImportToken::read(b"yek", &bytes), None);
        assert_eq!(ImportToken::read(b"", &bytes), None);
        assert_ne!(ImportToken::new(b"key", 1_700_000_000_123).unwrap(), token);
    }

    #[test]
    fn a_token_changed_anywhere_is_none() {
        let bytes = ImportToken::new(b"key", 5).unwrap().encode();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert_eq!(ImportToken::read(b"key", &altered), None, "{at}");
            assert_eq!(ImportToken::read(b"key", &bytes[..at]), None, "{at}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(ImportToken::read(b"key", &longer), None);
        assert_eq!(ImportToken::read(b"key", &[1; 6144]), None);
    }

    /// Computed outside this program with another SHA-256: tokens are with clients.
    #[test]
    fn a_token_of_version_1_is_always_read() {
        let token = ImportToken::with([7; NONCE_BYTES], b"key", 1_700_000_000_123).unwrap();
        let encoded = token.encode();
        assert_eq!(hex::encode(&encoded), V1);
        assert_eq!(ImportToken::read(b"key", &encoded), Some(token));
    }

    const V1: &str = "010000018bcfe5687b07070707070707070707070707070707070707070707070707070707070707079bc85d825f75c53e10cce49cc8d881d5625c481877e91d4db10502fea22cad88";
}
