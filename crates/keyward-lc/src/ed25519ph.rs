//! Ed25519ph (RFC 8032, section 5.1) with an empty context: the message is hashed with SHA-512,
//! the hash is signed under a prefix of its own.

use std::fmt;
use std::ptr;

use aws_lc_sys::{ED25519_keypair_from_seed, ED25519ph_sign, ED25519ph_verify};
use zeroize::Zeroizing;

use crate::Failure;

const SEED_BYTES: usize = 32;
const PUBLIC_KEY_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;
/// AWS-LC's form of a private key: the seed, then the public key.
const PRIVATE_KEY_BYTES: usize = SEED_BYTES + PUBLIC_KEY_BYTES;

/// A private key that signs with Ed25519ph.
///
/// It is made from the seed alone: signing with a public key that does not belong to the seed
/// would give the seed away.
pub struct Ed25519phKey(Box<Zeroizing<[u8; PRIVATE_KEY_BYTES]>>);

impl Ed25519phKey {
    /// The key of a seed. Every seed has one.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        let mut private_key = Box::new(Zeroizing::new([0; PRIVATE_KEY_BYTES]));
        derive(seed, &mut private_key);
        Self(private_key)
    }

    /// Signs the SHA-512 hash of `message`.
    #[expect(unsafe_code, reason = "aws-lc-rs has no Ed25519ph")]
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Failure> {
        let mut signature = [0; SIGNATURE_BYTES];
        // SAFETY: `signature` has the 64 writable bytes and the key the 64 readable ones that the
        // function takes; pointer and length of `message` are those of one slice; a context of
        // length zero is not read, so its pointer may be null. No pointer is kept.
        let returned = unsafe {
            ED25519ph_sign(
                signature.as_mut_ptr(),
                message.as_ptr(),
                message.len(),
                self.0.as_ptr(),
                ptr::null(),
                0,
            )
        };
        Failure::unless_one(returned).map(|()| signature)
    }
}

/// Whether `signature` is one of `message` under `public_key`, by Ed25519ph.
#[expect(unsafe_code, reason = "aws-lc-rs has no Ed25519ph")]
pub fn verify_ed25519ph(
    public_key: &[u8; PUBLIC_KEY_BYTES],
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> bool {
    // SAFETY: signature and key have the 64 and 32 readable bytes that the function takes; pointer
    // and length of `message` are those of one slice; a context of length zero is not read, so its
    // pointer may be null. Nothing is written and no pointer is kept.
    let returned = unsafe {
        ED25519ph_verify(
            message.as_ptr(),
            message.len(),
            signature.as_ptr(),
            public_key.as_ptr(),
            ptr::null(),
            0,
        )
    };
    returned == 1
}

#[expect(unsafe_code, reason = "the form of the key that ED25519ph_sign takes is made here")]
fn derive(seed: &[u8; SEED_BYTES], private_key: &mut [u8; PRIVATE_KEY_BYTES]) {
    let mut public_key = [0; PUBLIC_KEY_BYTES];
    // SAFETY: the three pointers are to arrays of exactly the 32 and 64 writable bytes and the 32
    // readable ones that the function takes; they do not overlap, and none is kept.
    unsafe {
        ED25519_keypair_from_seed(public_key.as_mut_ptr(), private_key.as_mut_ptr(), seed.as_ptr());
    }
}

impl fmt::Debug for Ed25519phKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519phKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8032, section 7.3.
    #[test]
    fn ed25519ph_gives_the_published_signature() {
        let seed = bytes("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
        let public_key = bytes("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf");
        let expected: [u8; 64] = bytes(
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
             31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
        );
        let signature = Ed25519phKey::from_seed(&seed).sign(b"abc").unwrap();
        assert_eq!(signature, expected);
        assert!(verify_ed25519ph(&public_key, b"abc", &signature));
    }

    #[test]
    fn another_message_key_or_signature_does_not_verify() {
        let key = Ed25519phKey::from_seed(&[7; 32]);
        let public_key: [u8; 32] = key.0[32..].try_into().unwrap();
        let signature = key.sign(b"").unwrap();
        assert!(verify_ed25519ph(&public_key, b"", &signature));
        assert!(!verify_ed25519ph(&public_key, b"a", &signature));
        assert!(!verify_ed25519ph(&[1; 32], b"", &signature));
        for bit in 0..512 {
            let mut altered = signature;
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_ed25519ph(&public_key, b"", &altered), "bit {bit}");
        }
    }

    #[test]
    fn debug_shows_the_kind_only() {
        assert_eq!(format!("{:?}", Ed25519phKey::from_seed(&[7; 32])), "Ed25519phKey");
    }
}
