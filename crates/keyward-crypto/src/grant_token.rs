//! Grant tokens: text that names a grant and notices when it was changed on the way.
//!
//! A token is URL-safe base64 of `version ‖ nonce ‖ name ‖ digest`. The digest is SHA-256 over a
//! label and everything before it; the nonce makes each token of a grant a new one.
//!
//! A token is not authenticated, and need not be: it gives nobody a right. It makes the grant it
//! names count, which is looked up and must be there, and whose id is 256 random bits. A token has
//! no end but its grant's, so a code under a domain key, which is destroyed some weeks after its
//! rotation, could not vouch for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::{SHA256_BYTES, sha256};
use crate::error::SealError;
use crate::random;

/// The longest token the API carries.
pub const GRANT_TOKEN_CHARS_MAX: usize = 8192;
/// The longest name in a token.
pub const GRANT_NAME_BYTES_MAX: usize = 256;

const VERSION: u8 = 1;
const LABEL: &[u8] = b"keyward/grant-token/v1";
const NONCE_BYTES: usize = 96;

/// A new token for the grant of this name, which is not hidden.
pub fn new_grant_token(name: &[u8]) -> Result<String, SealError> {
    token_with(&random::public()?, name)
}

/// The name in a token; `None` for text that is none of ours, or was changed.
pub fn read_grant_token(token: &str) -> Option<Vec<u8>> {
    if token.len() > GRANT_TOKEN_CHARS_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (content, digest) = bytes.split_last_chunk::<SHA256_BYTES>()?;
    if sha256(&[LABEL, content]) != *digest {
        return None;
    }
    let (_, name) = content.strip_prefix(&[VERSION])?.split_first_chunk::<NONCE_BYTES>()?;
    (name.len() <= GRANT_NAME_BYTES_MAX).then(|| name.to_vec())
}

/// The nonce is a parameter for the known answer only.
fn token_with(nonce: &[u8; NONCE_BYTES], name: &[u8]) -> Result<String, SealError> {
    if name.len() > GRANT_NAME_BYTES_MAX {
        return Err(SealError::TooLong);
    }
    let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + name.len() + SHA256_BYTES);
    bytes.push(VERSION);
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(name);
    let digest = sha256(&[LABEL, &bytes]);
    bytes.extend_from_slice(&digest);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &[u8] = b"111122223333 and what else names a grant";

    #[test]
    fn a_token_names_its_grant_and_each_is_a_new_one() {
        let (first, second) = (new_grant_token(NAME).unwrap(), new_grant_token(NAME).unwrap());
        assert_ne!(first, second);
        for token in [first, second] {
            assert_eq!(read_grant_token(&token).as_deref(), Some(NAME));
            assert!(token.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)));
        }
    }

    #[test]
    fn a_token_changed_anywhere_is_none() {
        let token = new_grant_token(NAME).unwrap();
        let whole = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(read_grant_token(&URL_SAFE_NO_PAD.encode(&changed)), None, "{at}");
            assert_eq!(read_grant_token(&URL_SAFE_NO_PAD.encode(&whole[..at])), None, "{at}");
        }
        for text in ["", "made-up", " ", "=", &format!("{token}A"), &format!("{token}=")] {
            assert_eq!(read_grant_token(text), None, "{text}");
        }
        assert_eq!(read_grant_token(&"A".repeat(GRANT_TOKEN_CHARS_MAX + 1)), None);
        assert_eq!(read_grant_token(&"A".repeat(GRANT_TOKEN_CHARS_MAX)), None);
    }

    #[test]
    fn a_name_is_bounded() {
        assert!(new_grant_token(&[0; GRANT_NAME_BYTES_MAX]).is_ok());
        assert!(new_grant_token(&[0; GRANT_NAME_BYTES_MAX + 1]).is_err());
    }

    /// Computed outside this program with another SHA-256: tokens are with clients.
    #[test]
    fn a_token_of_version_1_is_always_read() {
        assert_eq!(token_with(&[7; NONCE_BYTES], b"name").unwrap(), V1);
        assert_eq!(read_grant_token(V1).as_deref(), Some(&b"name"[..]));
    }

    const V1: &str = "AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\
        BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB25hbWUtTpStJvEw\
        EnS_8HUVXxXMvz05YCKL4b_7KuJQ9ddmrg";
}
