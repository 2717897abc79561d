//! AWS-LC's keys and operation contexts, owned: freed once, never null, never used after.

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use aws_lc_sys::{
    CBS, EVP_PKEY, EVP_PKEY_CTX, EVP_PKEY_CTX_free, EVP_PKEY_CTX_new, EVP_PKEY_free,
    EVP_PKEY_get_raw_private_key, EVP_PKEY_get_raw_public_key, EVP_PKEY_id, EVP_PKEY_sign,
    EVP_PKEY_sign_init, EVP_PKEY_verify, EVP_PKEY_verify_init, EVP_parse_private_key,
    EVP_parse_public_key,
};

use crate::Failure;

#[derive(Clone, Copy)]
enum Half {
    Private,
    Public,
}

/// A parsed key that nothing alters any more.
// INVARIANT: the pointer is the only reference that Rust holds, and no call here alters the key.
pub(crate) struct Pkey(NonNull<EVP_PKEY>);

// SAFETY: an EVP_PKEY is bound to no thread, and its reference count is atomic.
#[expect(unsafe_code, reason = "a raw pointer is not Send, the key behind it is")]
unsafe impl Send for Pkey {}

// SAFETY: AWS-LC allows concurrent use of a key by functions that do not alter it, and by the
// invariant of `Pkey` there are no others. A context made from it counts a reference, atomically.
#[expect(unsafe_code, reason = "a raw pointer is not Sync, the key behind it is")]
unsafe impl Sync for Pkey {}

impl Pkey {
    /// A private key of the given kind from PKCS#8 in DER, without a byte after it.
    pub(crate) fn from_pkcs8(der: &[u8], kind: c_int) -> Result<Self, Failure> {
        Self::parse(der, Half::Private, kind)
    }

    /// A public key of the given kind from a SubjectPublicKeyInfo in DER, without a byte after it.
    pub(crate) fn from_spki(der: &[u8], kind: c_int) -> Result<Self, Failure> {
        Self::parse(der, Half::Public, kind)
    }

    /// Writes the raw private key, which is exactly as long as `out`.
    pub(crate) fn raw_private_key(&self, out: &mut [u8]) -> Result<(), Failure> {
        self.raw(out, Half::Private)
    }

    /// Writes the raw public key, which is exactly as long as `out`.
    pub(crate) fn raw_public_key(&self, out: &mut [u8]) -> Result<(), Failure> {
        self.raw(out, Half::Public)
    }

    /// Signs what is hashed already.
    #[expect(unsafe_code, reason = "calls AWS-LC")]
    pub(crate) fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, Failure> {
        let context = Context::new(self)?;
        // SAFETY: `context` is valid, and this thread alone has it.
        Failure::unless_one(unsafe { EVP_PKEY_sign_init(context.as_ptr()) })?;
        let mut len = 0;
        // SAFETY: as above; with a null output the function only writes the length it would need.
        let returned = unsafe {
            EVP_PKEY_sign(
                context.as_ptr(),
                ptr::null_mut(),
                &raw mut len,
                digest.as_ptr(),
                digest.len(),
            )
        };
        Failure::unless_one(returned)?;
        let mut signature = vec![0; len];
        // SAFETY: as above; `signature` has `len` writable bytes, and the function writes no more
        // than `len` says; pointer and length of `digest` are those of one slice.
        let returned = unsafe {
            EVP_PKEY_sign(
                context.as_ptr(),
                signature.as_mut_ptr(),
                &raw mut len,
                digest.as_ptr(),
                digest.len(),
            )
        };
        Failure::unless_one(returned)?;
        signature.truncate(len);
        Ok(signature)
    }

    /// Verifies a signature of what is hashed already.
    #[expect(unsafe_code, reason = "calls AWS-LC")]
    pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Failure> {
        let context = Context::new(self)?;
        // SAFETY: `context` is valid, and this thread alone has it.
        Failure::unless_one(unsafe { EVP_PKEY_verify_init(context.as_ptr()) })?;
        // SAFETY: as above; both pointers are to slices of the length that follows, only read.
        let returned = unsafe {
            EVP_PKEY_verify(
                context.as_ptr(),
                signature.as_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
            )
        };
        Failure::unless_one(returned)
    }

    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn parse(der: &[u8], half: Half, kind: c_int) -> Result<Self, Failure> {
        let mut input = CBS { data: der.as_ptr(), len: der.len() };
        let parsed = match half {
            // SAFETY: `input` spans the bytes of `der`, which outlive the call, and the key copies
            // what it keeps of them. What is returned is owned, or null.
            Half::Private => unsafe { EVP_parse_private_key(&raw mut input) },
            // SAFETY: as above.
            Half::Public => unsafe { EVP_parse_public_key(&raw mut input) },
        };
        // From here on the key is freed, whatever is found.
        let key = Self(NonNull::new(parsed).ok_or(Failure)?);
        if input.len != 0 || key.kind() != kind {
            return Err(Failure);
        }
        Ok(key)
    }

    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn raw(&self, out: &mut [u8], half: Half) -> Result<(), Failure> {
        let mut len = out.len();
        let (key, start) = (self.0.as_ptr(), out.as_mut_ptr());
        let returned = match half {
            // SAFETY: the key is valid and only read; `out` has the `len` writable bytes beyond
            // which the function refuses to write.
            Half::Private => unsafe { EVP_PKEY_get_raw_private_key(key, start, &raw mut len) },
            // SAFETY: as above.
            Half::Public => unsafe { EVP_PKEY_get_raw_public_key(key, start, &raw mut len) },
        };
        Failure::unless_one(returned)?;
        if len == out.len() { Ok(()) } else { Err(Failure) }
    }

    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn kind(&self) -> c_int {
        // SAFETY: the key is valid and only read.
        unsafe { EVP_PKEY_id(self.0.as_ptr()) }
    }
}

impl Drop for Pkey {
    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn drop(&mut self) {
        // SAFETY: the pointer came from a parser that gave up the only reference, and is not used
        // again. AWS-LC wipes the private key when the last reference goes.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) }
    }
}

/// One operation under way. It borrows nothing: it counts a reference to its key.
struct Context(NonNull<EVP_PKEY_CTX>);

impl Context {
    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn new(key: &Pkey) -> Result<Self, Failure> {
        // SAFETY: the key is valid; all that is altered in it is its reference count, which is
        // atomic. A null engine stands for the default.
        let context = unsafe { EVP_PKEY_CTX_new(key.0.as_ptr(), ptr::null_mut()) };
        NonNull::new(context).map(Self).ok_or(Failure)
    }

    fn as_ptr(&self) -> *mut EVP_PKEY_CTX {
        self.0.as_ptr()
    }
}

impl Drop for Context {
    #[expect(unsafe_code, reason = "calls AWS-LC")]
    fn drop(&mut self) {
        // SAFETY: the pointer came from EVP_PKEY_CTX_new, is owned, and is not used again.
        unsafe { EVP_PKEY_CTX_free(self.0.as_ptr()) }
    }
}
