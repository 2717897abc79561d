//! A hash of what is not secret.

use aws_lc_rs::digest;

/// The length of a SHA-256 digest.
pub const SHA256_BYTES: usize = 32;

/// SHA-256 over the parts, one after the other. It does not tell where one ends: the caller's
/// encoding must.
pub fn sha256(parts: &[&[u8]]) -> [u8; SHA256_BYTES] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; SHA256_BYTES];
    // Both are 32 bytes long; zip stops at neither.
    bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn sha_256_gives_the_published_answer() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(sha256(&[b"abc"])), expected);
        assert_eq!(sha256(&[b"a", b"", b"bc"]), sha256(&[b"abc"]));
    }
}
