//! A session token, version 1: base64 of what a session says of itself, sealed.
//!
//! ```text
//! offset  bytes
//!      0      1  version 01
//!      1      4  domain key number, big-endian
//!      5     16  salt, random
//!     21      n  ciphertext
//!   21+n     16  tag
//! ```
//!
//! From the domain key's key for sessions and the salt, SP 800-108 derives with a label each the
//! AES-256-GCM key of this token alone, so that its nonce is zero, and the secret access key of the
//! session. The token therefore carries no secret that could be taken out of it, and the secret is
//! found again by whoever holds the domain key. The associated data is everything before the
//! ciphertext, and the access key id: a token belongs to one access key.
//!
//! A token opens as long as the ring holds its domain key. Whoever destroys domain keys waits until
//! the last session under them has ended.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::aead::{self, NONCE_BYTES, TAG_BYTES};
use crate::domain::{DomainKey, DomainKeys};
use crate::error::{ModuleFailure, SealError};
use crate::random;
use crate::secret::{Secret, SigningSecret};
use crate::{canonical, kdf};

/// The longest session token taken or made.
pub const SESSION_TOKEN_CHARS_MAX: usize = 8192;

const VERSION: u8 = 1;
const NUMBER_BYTES: usize = 4;
const SALT_BYTES: usize = 16;
const PREFIX_BYTES: usize = 1 + NUMBER_BYTES + SALT_BYTES;
const TOKEN_BYTES_MAX: usize = SESSION_TOKEN_CHARS_MAX / 4 * 3;
const SEAL_LABEL: &str = "keyward/session/seal/v1";
const SECRET_LABEL: &str = "keyward/session/secret/v1";
/// No two tokens have one key, so none has two nonces.
const NONCE: [u8; NONCE_BYTES] = [0; NONCE_BYTES];
/// Of the derived bytes, so many become the 40 characters of a secret access key.
const SECRET_BYTES: usize = 30;

/// A session's token and secret, when it is made.
#[derive(Debug)]
pub struct SealedSession {
    /// `SessionToken`.
    pub token: String,
    /// `SecretAccessKey`.
    pub secret: SigningSecret,
}

/// What a session token was found to hold.
#[derive(Debug)]
pub struct OpenedSession {
    /// What the session says of itself, as it was sealed.
    pub content: Vec<u8>,
    /// The secret of the session's access key.
    pub secret: SigningSecret,
}

impl DomainKeys {
    /// Seals what a session says of itself for its access key, under the current domain key.
    pub fn seal_session(
        &self,
        access_key_id: &str,
        content: &[u8],
    ) -> Result<SealedSession, SealError> {
        self.current().seal_session_with(random::public()?, access_key_id, content)
    }

    /// Opens the token of the access key's session; `None` for text that is none of ours, was
    /// changed, or is another access key's.
    pub fn open_session(&self, access_key_id: &str, token: &str) -> Option<OpenedSession> {
        if token.len() > SESSION_TOKEN_CHARS_MAX {
            return None;
        }
        let token = STANDARD.decode(token).ok()?;
        let (prefix, sealed) = token.split_first_chunk::<PREFIX_BYTES>()?;
        let (number, salt) = prefix.strip_prefix(&[VERSION])?.split_first_chunk()?;
        let keys = self.find(u32::from_be_bytes(*number))?.session_keys(salt).ok()?;
        let mut content = vec![0; sealed.len().checked_sub(TAG_BYTES)?];
        let associated = associated(prefix, access_key_id).ok()?;
        aead::open(&keys.sealing, NONCE, &associated, sealed, &mut content).ok()?;
        Some(OpenedSession { content, secret: keys.secret })
    }
}

struct SessionKeys {
    sealing: aws_lc_rs::aead::LessSafeKey,
    secret: SigningSecret,
}

impl DomainKey {
    /// The salt is a parameter for the known answers only.
    pub(super) fn seal_session_with(
        &self,
        salt: [u8; SALT_BYTES],
        access_key_id: &str,
        content: &[u8],
    ) -> Result<SealedSession, SealError> {
        let len = PREFIX_BYTES + content.len() + TAG_BYTES;
        if len > TOKEN_BYTES_MAX {
            return Err(SealError::TooLong);
        }
        let keys = self.session_keys(&salt)?;
        let mut token = Vec::with_capacity(len);
        token.push(VERSION);
        token.extend_from_slice(&self.number.to_be_bytes());
        token.extend_from_slice(&salt);
        let associated = associated(&token, access_key_id)?;
        token.resize(len, 0);
        let (_, out) = token.split_at_mut_checked(PREFIX_BYTES).ok_or(ModuleFailure)?;
        aead::seal(&keys.sealing, NONCE, &associated, content, out)?;
        Ok(SealedSession { token: STANDARD.encode(token), secret: keys.secret })
    }

    fn session_keys(&self, salt: &[u8]) -> Result<SessionKeys, ModuleFailure> {
        let sealing = aead::key(&*kdf::derive(&self.sessions, SEAL_LABEL, salt)?)?;
        let derived = kdf::derive(&self.sessions, SECRET_LABEL, salt)?;
        let (bytes, _) = derived.split_at_checked(SECRET_BYTES).ok_or(ModuleFailure)?;
        let mut text = Zeroizing::new(vec![0; SECRET_BYTES / 3 * 4]);
        STANDARD.encode_slice(bytes, &mut text).map_err(|_| ModuleFailure)?;
        Ok(SessionKeys { sealing, secret: Secret::from(text).into() })
    }
}

fn associated(prefix: &[u8], access_key_id: &str) -> Result<Vec<u8>, SealError> {
    let mut out = Vec::with_capacity(prefix.len() + 4 + access_key_id.len());
    out.extend_from_slice(prefix);
    canonical::push_prefixed(&mut out, access_key_id.as_bytes())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use static_assertions::assert_not_impl_any;

    use super::*;
    use crate::golden::Golden;
    use crate::seal::{RootKeyFile, Seal};

    assert_not_impl_any!(SealedSession: Clone, PartialEq, std::fmt::Display);
    assert_not_impl_any!(OpenedSession: Clone, PartialEq, std::fmt::Display);

    const KEY: &str = "ASIAIOSFODNN7EXAMPLE";

    fn seal() -> Seal {
        Seal::from_root_key_file(&RootKeyFile::generate().unwrap()).unwrap()
    }

    fn ring() -> DomainKeys {
        DomainKeys::generate(&seal()).unwrap().0
    }

    #[test]
    fn a_token_holds_its_content_and_finds_its_secret_again() {
        let ring = ring();
        let sealed = ring.seal_session(KEY, b"content").unwrap();
        let opened = ring.open_session(KEY, &sealed.token).unwrap();
        assert_eq!(opened.content, b"content");
        assert!(opened.secret.ct_eq(&sealed.secret));
        assert_eq!(sealed.secret.len(), 40);
        let another = ring.seal_session(KEY, b"content").unwrap();
        assert_ne!(another.token, sealed.token);
        assert!(!another.secret.ct_eq(&sealed.secret));
    }

    #[test]
    fn a_token_is_of_one_access_key_and_one_ring() {
        let (ours, theirs) = (ring(), ring());
        let token = ours.seal_session(KEY, b"content").unwrap().token;
        assert!(ours.open_session("ASIAIOSFODNN7EXAMPLF", &token).is_none());
        assert!(ours.open_session("", &token).is_none());
        assert!(theirs.open_session(KEY, &token).is_none());
    }

    #[test]
    fn a_token_changed_anywhere_does_not_open() {
        let ring = ring();
        let token = ring.seal_session(KEY, b"content").unwrap().token;
        let whole = STANDARD.decode(&token).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(ring.open_session(KEY, &STANDARD.encode(&changed)).is_none(), "{at}");
            assert!(ring.open_session(KEY, &STANDARD.encode(&whole[..at])).is_none(), "{at}");
        }
        for text in ["", "=", "not base64!", &format!("{token}="), &format!(" {token}")] {
            assert!(ring.open_session(KEY, text).is_none(), "{text}");
        }
        assert!(ring.open_session(KEY, &"A".repeat(SESSION_TOKEN_CHARS_MAX)).is_none());
        assert!(ring.open_session(KEY, &"A".repeat(SESSION_TOKEN_CHARS_MAX + 4)).is_none());
    }

    #[test]
    fn a_token_opens_after_a_rotation_until_its_domain_key_is_retired() {
        let seal = seal();
        let (first, _) = DomainKeys::generate(&seal).unwrap();
        let token = first.seal_session(KEY, b"content").unwrap().token;
        let (second, _) = first.rotate(&seal).unwrap();
        assert!(second.open_session(KEY, &token).is_some());
        assert!(second.retire(1).unwrap().open_session(KEY, &token).is_none());
    }

    #[test]
    fn a_token_is_bounded() {
        let ring = ring();
        let max = TOKEN_BYTES_MAX - PREFIX_BYTES - TAG_BYTES;
        let token = ring.seal_session(KEY, &vec![1; max]).unwrap().token;
        assert_eq!(token.len(), SESSION_TOKEN_CHARS_MAX);
        assert_eq!(ring.open_session(KEY, &token).unwrap().content.len(), max);
        assert_eq!(ring.seal_session(KEY, &vec![1; max + 1]).unwrap_err(), SealError::TooLong);
    }

    /// Tokens are with clients.
    #[test]
    fn the_golden_session_token_is_made_and_opened() {
        let key = DomainKey::derive(3, &Secret::new(vec![0x33; 32])).unwrap();
        let sealed = key.seal_session_with([0x5e; SALT_BYTES], KEY, b"a session").unwrap();
        let text = |secret: &SigningSecret| String::from_utf8(secret.expose().to_vec()).unwrap();
        let golden = Golden::agreeing(
            "sealed/session-token-v1.json",
            &[
                ("access_key_id", hex::encode(KEY)),
                ("content", hex::encode(b"a session")),
                ("domain_key", hex::encode([0x33; 32])),
                ("domain_key_number", "3".to_owned()),
                ("secret_access_key", hex::encode(text(&sealed.secret))),
                ("session_token", hex::encode(sealed.token)),
            ],
        );
        let token = String::from_utf8(golden.bytes("session_token")).unwrap();
        let opened = DomainKeys::with(Arc::new(key), Vec::new()).open_session(KEY, &token).unwrap();
        assert_eq!(opened.content, golden.bytes("content"));
        assert_eq!(opened.secret.expose(), golden.bytes("secret_access_key"));
    }
}
