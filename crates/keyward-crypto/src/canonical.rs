//! Unambiguous bytes: every part is preceded by its length as a 32-bit big-endian number.

use crate::error::SealError;

/// Appends the length of `part` and `part`.
pub(crate) fn push_prefixed(out: &mut Vec<u8>, part: &[u8]) -> Result<(), SealError> {
    let len = u32::try_from(part.len()).map_err(|_| SealError::TooLong)?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(part);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_between_parts_cannot_move() {
        let joined = |parts: [&[u8]; 2]| {
            let mut out = Vec::new();
            for part in parts {
                push_prefixed(&mut out, part).unwrap();
            }
            out
        };
        assert_ne!(joined([b"ab", b"c"]), joined([b"a", b"bc"]));
        assert_eq!(joined([b"a", b""]), b"\0\0\0\x01a\0\0\0\0");
    }
}
