//! SHAKE256 (FIPS 202), of which mu is made.

use std::ptr::{self, NonNull};

use aws_lc_sys::{
    EVP_DigestFinalXOF, EVP_DigestInit_ex, EVP_DigestUpdate, EVP_MD_CTX, EVP_MD_CTX_free,
    EVP_MD_CTX_new, EVP_shake256,
};

use crate::Failure;

/// Fills `out` with the output of SHAKE256 over the parts, one after another.
#[expect(unsafe_code, reason = "aws-lc-rs has no SHAKE256")]
pub fn shake256(parts: &[&[u8]], out: &mut [u8]) -> Result<(), Failure> {
    let context = Context::new()?;
    // SAFETY: takes nothing and returns a pointer to a static value.
    let shake256 = unsafe { EVP_shake256() };
    // SAFETY: `context` is valid, and this thread alone has it; a null engine is the default.
    Failure::unless_one(unsafe {
        EVP_DigestInit_ex(context.0.as_ptr(), shake256, ptr::null_mut())
    })?;
    for part in parts {
        // SAFETY: as above; pointer and length are those of one slice, only read.
        Failure::unless_one(unsafe {
            EVP_DigestUpdate(context.0.as_ptr(), part.as_ptr().cast(), part.len())
        })?;
    }
    // SAFETY: as above; `out` has as many writable bytes as the length says.
    Failure::unless_one(unsafe {
        EVP_DigestFinalXOF(context.0.as_ptr(), out.as_mut_ptr(), out.len())
    })
}

struct Context(NonNull<EVP_MD_CTX>);

impl Context {
    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn new() -> Result<Self, Failure> {
        // SAFETY: takes nothing and returns an owned pointer or null.
        NonNull::new(unsafe { EVP_MD_CTX_new() }).map(Self).ok_or(Failure)
    }
}

impl Drop for Context {
    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn drop(&mut self) {
        // SAFETY: the pointer came from EVP_MD_CTX_new, is owned, and is not used again.
        unsafe { EVP_MD_CTX_free(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example values of FIPS 202 for the empty message.
    #[test]
    fn shake256_gives_the_published_answer() {
        let mut out = [0; 64];
        shake256(&[], &mut out).unwrap();
        assert_eq!(
            hex::encode(out),
            "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f\
             d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be"
        );
    }

    #[test]
    fn parts_are_joined() {
        let (mut whole, mut parts) = ([0; 200], [0; 200]);
        shake256(&[b"abcdef"], &mut whole).unwrap();
        shake256(&[b"ab", b"", b"cdef"], &mut parts).unwrap();
        assert_eq!(whole, parts);
    }
}
