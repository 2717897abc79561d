//! SP 800-108 key derivation in counter mode with HMAC-SHA-256 and 256 bits of output.
//!
//! One block: `HMAC(key, 00000001 ‖ label ‖ 00 ‖ context ‖ 00000100)`. The counter stands before
//! the fixed data and has 32 bits; the last field is the output length in bits. A label is a
//! constant without a zero byte and each use has its own, so no derived key serves two purposes.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::aead::KEY_BYTES;
use crate::error::ModuleFailure;

const COUNTER: [u8; 4] = [0, 0, 0, 1];
const OUTPUT_BITS: [u8; 4] = [0, 0, 1, 0];

/// Room for the longest input: the blob header is 75 bytes, its label 15.
const INPUT_BYTES_MAX: usize = 128;

/// A derived key; wiped on drop.
pub(crate) type DerivedKey = Zeroizing<[u8; KEY_BYTES]>;

/// Prepares a secret for deriving from it. AWS-LC wipes the prepared key when it is dropped.
pub(crate) fn prepare(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

/// Derives the key for one purpose (`label`) and one instance of it (`context`).
pub(crate) fn derive(
    key: &hmac::Key,
    label: &str,
    context: &[u8],
) -> Result<DerivedKey, ModuleFailure> {
    block(key, &[&COUNTER, label.as_bytes(), &[0], context, &OUTPUT_BITS])
}

/// HMAC over the parts, written straight into a buffer that is wiped: the streaming interface of
/// AWS-LC would leave a copy of the result on the stack.
fn block(key: &hmac::Key, parts: &[&[u8]]) -> Result<DerivedKey, ModuleFailure> {
    let mut input = [0; INPUT_BYTES_MAX];
    let mut free = input.as_mut_slice();
    for part in parts {
        let (here, rest) = free.split_at_mut_checked(part.len()).ok_or(ModuleFailure)?;
        here.copy_from_slice(part);
        free = rest;
    }
    let unused = free.len();
    let (filled, _) =
        input.split_at_checked(INPUT_BYTES_MAX.saturating_sub(unused)).ok_or(ModuleFailure)?;

    let mut derived = Zeroizing::new([0; KEY_BYTES]);
    hmac::sign_to_buffer(key, filled, derived.as_mut_slice()).map_err(|_| ModuleFailure)?;
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};

    use super::*;

    /// NIST CAVS 14.4, KDFCTR, PRF=HMAC_SHA256, CTRLOCATION=BEFORE_FIXED, RLEN=32_BITS:
    /// COUNT 0 (L=128) and COUNT 10 (L=256) as (KI, fixed input, KO).
    const CAVS: [[&str; 3]; 2] = [
        [
            "dd1d91b7d90b2bd3138533ce92b272fbf8a369316aefe242e659cc0ae238afe0",
            "01322b96b30acd197979444e468e1c5c6859bf1b1cf951b7e725303e237e46b8\
             64a145fab25e517b08f8683d0315bb2911d80a0e8aba17f3b413faac",
            "10621342bfb0fd40046c0e29f2cfdbf0",
        ],
        [
            "e204d6d466aad507ffaf6d6dab0a5b26152c9e21e764370464e360c8fbc765c6",
            "7b03b98d9f94b899e591f3ef264b71b193fba7043c7e953cde23bc5384bc1a62\
             93580115fae3495fd845dadbd02bd6455cf48d0f62b33e62364a3a80",
            "770dfab6a6a4a4bee0257ff335213f78d8287b4fd537d5c1fffa956910e7c779",
        ],
    ];

    #[test]
    fn counter_mode_gives_the_published_answers() {
        for [key, fixed, expected] in CAVS.map(|case| case.map(|text| hex::decode(text).unwrap())) {
            let derived = block(&prepare(&key), &[&COUNTER, &fixed]).unwrap();
            assert_eq!(derived[..expected.len()], expected);
        }
    }

    #[test]
    fn derive_encodes_label_context_and_length_as_sp_800_108_says() {
        let algorithm = get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).unwrap();
        let mut expected = [0; KEY_BYTES];
        kbkdf_ctr_hmac(algorithm, &[9; 32], b"some/label\0context\0\0\x01\0", &mut expected)
            .unwrap();
        assert_eq!(*derive(&prepare(&[9; 32]), "some/label", b"context").unwrap(), expected);
    }

    #[test]
    fn every_label_and_every_context_derives_another_key() {
        let key = prepare(&[1; 32]);
        let first = derive(&key, "a", b"bc").unwrap();
        assert_ne!(*first, *derive(&key, "ab", b"c").unwrap());
        assert_ne!(*first, *derive(&key, "a", b"bd").unwrap());
        assert_eq!(*first, *derive(&key, "a", b"bc").unwrap());
    }

    #[test]
    fn an_input_beyond_the_bound_is_refused() {
        assert_eq!(derive(&prepare(&[1; 32]), "a", &[0; 119]).unwrap_err(), ModuleFailure);
        assert!(derive(&prepare(&[1; 32]), "a", &[0; 118]).is_ok());
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_sha_256_gives_the_published_answer() {
        let tag = hmac::sign(&prepare(b"Jefe"), b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(tag), expected);
    }
}
