//! The types that hold secrets, one per role.
//!
//! Zeroing is `Zeroizing`'s: the whole capacity of the buffer is overwritten on drop. Looking at
//! freed memory to prove it needs `unsafe`, which this crate forbids. What the types can and do
//! promise is that a secret is not copied, printed or compared by accident.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that must not outlive their use.
///
/// Deliberately absent: `Clone`, `Serialize`, `Display`, `PartialEq`, `Deref`. Each would be a way
/// to copy, print or compare a secret without anyone noticing in review.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over a buffer. One that grew while it was filled left copies behind: reserve first,
    /// or use [`Secret::filled_by`].
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A secret of exactly `len` bytes, written in place; wiped if `fill` fails.
    pub fn filled_by<E>(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut bytes = Zeroizing::new(vec![0; len]);
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The one way in. Every call site is listed by `grep -rn '\.expose()'`.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes; not secret.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Equality in time that depends on the lengths only.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.len())
    }
}

/// Takes over a buffer that is wiped already. There is no way back.
impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl AsRef<Secret> for Secret {
    fn as_ref(&self) -> &Secret {
        self
    }
}

/// Declares role types over [`Secret`]: same rules, not interchangeable.
macro_rules! roles {
    ($($(#[$doc:meta])+ $role:ident;)+) => {$(
        $(#[$doc])+
        pub struct $role(Secret);

        impl $role {
            /// Takes over a buffer; see [`Secret::new`].
            pub fn new(bytes: Vec<u8>) -> Self {
                Self(Secret::new(bytes))
            }

            /// The one way in; see [`Secret::expose`].
            pub fn expose(&self) -> &[u8] {
                self.0.expose()
            }

            /// Length in bytes; not secret.
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Whether there are no bytes.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// Equality in time that depends on the lengths only.
            pub fn ct_eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0)
            }
        }

        impl From<Secret> for $role {
            fn from(secret: Secret) -> Self {
                Self(secret)
            }
        }

        impl From<Zeroizing<Vec<u8>>> for $role {
            fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
                Self(Secret::from(bytes))
            }
        }

        impl AsRef<Secret> for $role {
            fn as_ref(&self) -> &Secret {
                &self.0
            }
        }

        impl fmt::Debug for $role {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($role), "({} bytes)"), self.len())
            }
        }
    )+};
}

roles! {
    /// The bytes of a KMS key: a symmetric key, or a private key in its stored encoding.
    KeyMaterial;
    /// The seed of an MFA device, which its codes are made from.
    MfaSeed;
    /// What a passphrase seal is opened with, exactly as the operator gave it.
    Passphrase;
    /// What a client encrypts, or gets back from Decrypt, `GenerateDataKey` or `GenerateRandom`.
    Plaintext;
    /// The secret of an access key, which signs requests.
    SigningSecret;
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;
    use std::hash::Hash;
    use std::ops::Deref;

    use static_assertions::{assert_impl_all, assert_not_impl_any};

    use super::*;

    macro_rules! assert_is_a_secret {
        ($($role:ty),+) => {$(
            assert_not_impl_any!(
                $role: Clone, Copy, Display, PartialEq, PartialOrd, Hash, Default,
                Deref, AsRef<[u8]>, Into<Vec<u8>>, IntoIterator
            );
            assert_impl_all!($role: Send, Sync, fmt::Debug);
        )+};
    }

    assert_is_a_secret!(Secret, KeyMaterial, MfaSeed, Passphrase, Plaintext, SigningSecret);
    assert_not_impl_any!(KeyMaterial: Into<Plaintext>, Into<Secret>, Into<Zeroizing<Vec<u8>>>);
    assert_impl_all!(Zeroizing<Vec<u8>>: zeroize::ZeroizeOnDrop);

    #[test]
    fn debug_shows_the_role_and_the_length_only() {
        assert_eq!(format!("{:?}", Secret::new(b"attack".to_vec())), "Secret(6 bytes)");
        assert_eq!(format!("{:?}", KeyMaterial::new(vec![7; 32])), "KeyMaterial(32 bytes)");
        assert!(!format!("{:#?}", Some(Passphrase::new(vec![b'x']))).contains('x'));
    }

    #[test]
    fn secrets_are_equal_only_with_equal_bytes_and_length() {
        let secret = Secret::new(b"abc".to_vec());
        assert!(secret.ct_eq(&Secret::new(b"abc".to_vec())));
        assert!(!secret.ct_eq(&Secret::new(b"abd".to_vec())));
        assert!(!secret.ct_eq(&Secret::new(b"ab".to_vec())));
    }

    #[test]
    fn a_failed_fill_yields_no_secret() {
        assert_eq!(Secret::filled_by(4, |_| Err("no")).unwrap_err(), "no");
        let secret = Secret::filled_by(2, |bytes| {
            bytes.copy_from_slice(b"ok");
            Ok::<(), ()>(())
        });
        assert_eq!(secret.unwrap().expose(), b"ok");
    }
}
