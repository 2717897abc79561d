//! AES-256-GCM as this crate uses it: a 96-bit nonce, the tag after the ciphertext.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::error::ModuleFailure;

pub(crate) const KEY_BYTES: usize = 32;
pub(crate) const NONCE_BYTES: usize = 12;
pub(crate) const TAG_BYTES: usize = 16;

/// The tag does not match, or the lengths cannot be right.
#[derive(Debug, PartialEq)]
pub(crate) struct NotAuthentic;

/// Expands a key; AWS-LC wipes its schedule when the key is dropped.
pub(crate) fn key(bytes: &[u8; KEY_BYTES]) -> Result<LessSafeKey, ModuleFailure> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| ModuleFailure)
}

/// Writes ciphertext and tag to `out`, which is exactly as long as both.
pub(crate) fn seal(
    key: &LessSafeKey,
    nonce: [u8; NONCE_BYTES],
    associated: &[u8],
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<(), ModuleFailure> {
    let (ciphertext, tag) = out.split_at_mut_checked(plaintext.len()).ok_or(ModuleFailure)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_out_of_place_scatter(nonce, Aad::from(associated), plaintext, ciphertext, &[], tag)
        .map_err(|_| ModuleFailure)
}

/// Writes the plaintext of `sealed` (ciphertext and tag) to `out`, which is exactly as long.
/// After a failure `out` holds nothing meaningful and is to be dropped.
pub(crate) fn open(
    key: &LessSafeKey,
    nonce: [u8; NONCE_BYTES],
    associated: &[u8],
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), NotAuthentic> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(NotAuthentic)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.open_separate_gather(nonce, Aad::from(associated), ciphertext, tag, out)
        .map_err(|_| NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 16 of the GCM submission (McGrew and Viega): 256-bit key, associated data.
    #[test]
    fn aes_256_gcm_gives_the_published_answer() {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let key = key(&bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
            .try_into()
            .unwrap())
        .unwrap();
        let nonce = bytes("cafebabefacedbaddecaf888").try_into().unwrap();
        let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plaintext = bytes(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let sealed = bytes(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
             76fc6ece0f4e1768cddf8853bb2d551b",
        );

        let mut out = vec![0; sealed.len()];
        seal(&key, nonce, &associated, &plaintext, &mut out).unwrap();
        assert_eq!(out, sealed);

        let mut opened = vec![0; plaintext.len()];
        open(&key, nonce, &associated, &sealed, &mut opened).unwrap();
        assert_eq!(opened, plaintext);
    }

    #[test]
    fn a_shortened_tag_is_refused() {
        let key = key(&[1; KEY_BYTES]).unwrap();
        let mut sealed = [0; 20];
        seal(&key, [0; 12], b"", b"data", &mut sealed).unwrap();
        assert_eq!(open(&key, [0; 12], b"", &sealed[..19], &mut [0; 4]), Err(NotAuthentic));
        assert_eq!(open(&key, [0; 12], b"", &sealed[..15], &mut [0; 4]), Err(NotAuthentic));
    }
}
