//! AES key wrap with padding (RFC 5649): what the material of RSA_AES_KEY_WRAP is wrapped with.

use aws_lc_rs::cipher::{self, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrapPadded};
use subtle::{Choice, ConstantTimeEq, ConstantTimeLess};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// It does not unwrap.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotWrapped;

const SEMIBLOCK: usize = 8;
const BLOCK: usize = 16;
const CONSTANT: [u8; 4] = [0xa6, 0x59, 0x59, 0xa6];

/// Unwraps under a key of 128, 192 or 256 bits.
pub(super) fn unwrap(key: &[u8], wrapped: &[u8]) -> Result<Secret, NotWrapped> {
    if wrapped.len() < BLOCK || !wrapped.len().is_multiple_of(SEMIBLOCK) {
        return Err(NotWrapped);
    }
    let kek = match key.len() {
        16 => AesKek::new(&key_wrap::AES_128, key),
        24 => return unwrap_under_192_bits(key, wrapped),
        32 => AesKek::new(&key_wrap::AES_256, key),
        _ => return Err(NotWrapped),
    };
    let kek = kek.map_err(|_| NotWrapped)?;
    let mut unwrapped = Zeroizing::new(vec![0; wrapped.len()]);
    let len = kek.unwrap_with_padding(wrapped, &mut unwrapped).map_err(|_| NotWrapped)?.len();
    unwrapped.truncate(len);
    Ok(Secret::from(unwrapped))
}

/// The binding to AWS-LC wraps under 128 and 256 bits only; for the size between them the
/// standard is followed here, block by block.
fn unwrap_under_192_bits(key: &[u8], wrapped: &[u8]) -> Result<Secret, NotWrapped> {
    let key = UnboundCipherKey::new(&cipher::AES_192, key).map_err(|_| NotWrapped)?;
    let key = DecryptingKey::ecb(key).map_err(|_| NotWrapped)?;
    let mut text = Zeroizing::new(wrapped.to_vec());
    if text.len() == BLOCK {
        decrypt(&key, &mut text)?;
    } else {
        unwind(&key, &mut text)?;
    }
    strip(&text)
}

/// W⁻¹ of SP 800-38F, 6.1: in place, the integrity check value first.
fn unwind(key: &DecryptingKey, text: &mut [u8]) -> Result<(), NotWrapped> {
    let (first, rest) = text.split_first_chunk_mut::<SEMIBLOCK>().ok_or(NotWrapped)?;
    let count = u64::try_from(rest.len() / SEMIBLOCK).map_err(|_| NotWrapped)?;
    let mut step = 6 * count;
    let mut block = Zeroizing::new([0; BLOCK]);
    for _ in 0..6 {
        for semiblock in rest.rchunks_exact_mut(SEMIBLOCK) {
            let (left, right) = block.split_first_chunk_mut::<SEMIBLOCK>().ok_or(NotWrapped)?;
            *left = (u64::from_be_bytes(*first) ^ step).to_be_bytes();
            right.copy_from_slice(semiblock);
            decrypt(key, &mut *block)?;
            let (left, right) = block.split_first_chunk::<SEMIBLOCK>().ok_or(NotWrapped)?;
            *first = *left;
            semiblock.copy_from_slice(right);
            step -= 1;
        }
    }
    Ok(())
}

fn decrypt(key: &DecryptingKey, block: &mut [u8]) -> Result<(), NotWrapped> {
    key.decrypt(block, DecryptionContext::None).map(drop).map_err(|_| NotWrapped)
}

/// The data without check value and padding. What is wrong with them takes no time of its own.
fn strip(text: &[u8]) -> Result<Secret, NotWrapped> {
    let (constant, rest) = text.split_first_chunk::<4>().ok_or(NotWrapped)?;
    let (len, padded) = rest.split_first_chunk::<4>().ok_or(NotWrapped)?;
    let len = u32::from_be_bytes(*len);
    let whole = u32::try_from(padded.len()).map_err(|_| NotWrapped)?;

    let mut is_wrapped = constant.ct_eq(&CONSTANT);
    is_wrapped &= !len.ct_eq(&0) & !whole.ct_lt(&len);
    is_wrapped &= whole.ct_lt(&len.saturating_add(8));
    for (at, byte) in (0_u32..whole).zip(padded).rev().take(SEMIBLOCK - 1) {
        let is_data: Choice = at.ct_lt(&len);
        is_wrapped &= is_data | byte.ct_eq(&0);
    }
    if !bool::from(is_wrapped) {
        return Err(NotWrapped);
    }
    let len = usize::try_from(len).map_err(|_| NotWrapped)?;
    padded.get(..len).map(|data| Secret::new(data.to_vec())).ok_or(NotWrapped)
}

#[cfg(test)]
mod tests;
