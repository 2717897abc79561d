//! From a token that was read to claims that can be believed.

use crate::{Claims, KeySet, Token};

/// Claims that the issuer's key has signed, and whose time it is.
///
/// Whether the issuer may make them, and for whom, is for the caller to say.
#[derive(Debug)]
pub struct Verified(Claims);

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// Past its expiry.
    #[error("the token has expired")]
    Expired {
        /// The time now, in seconds.
        now_s: i64,
        /// `exp`.
        expires_at_s: i64,
    },
    /// The issuer has no such key, or none that fits the algorithm.
    #[error("no key of the issuer fits the token")]
    Key,
    /// Issued in the future, or not to be used yet.
    #[error("the token is not valid yet")]
    NotYet,
    /// The key has not made the signature.
    #[error("the signature of the token is not valid")]
    Signature,
}

/// How far the issuer's clock may be ahead.
const LEAD_S_MAX: i64 = 300;

impl Token<'_> {
    /// Refuses a token whose time it is not. The machine's clock tells `now_s`.
    pub const fn require_current(&self, now_s: i64) -> Result<(), NotVerified> {
        let expires_at_s = self.claims.expires_at_s;
        if expires_at_s <= now_s {
            return Err(NotVerified::Expired { now_s, expires_at_s });
        }
        let latest = now_s.saturating_add(LEAD_S_MAX);
        let is_early = match self.claims.not_before_s {
            Some(not_before_s) => not_before_s > latest,
            None => false,
        };
        if is_early || self.claims.issued_at_s > latest {
            return Err(NotVerified::NotYet);
        }
        Ok(())
    }

    /// The claims, if a key of the issuer has signed them and it is their time.
    pub fn verify(self, keys: &KeySet, now_s: i64) -> Result<Verified, NotVerified> {
        self.require_current(now_s)?;
        let mut candidates = keys.candidates(self.key_id.as_deref(), self.algorithm).peekable();
        if candidates.peek().is_none() {
            return Err(NotVerified::Key);
        }
        let signed = self.signed.as_bytes();
        if candidates.any(|key| key.verifies(self.algorithm, signed, &self.signature)) {
            Ok(Verified(self.claims))
        } else {
            Err(NotVerified::Signature)
        }
    }
}

impl Verified {
    /// The claims.
    pub const fn claims(&self) -> &Claims {
        &self.0
    }
}
