//! Checksums of the blocks of a stored file: so short that they can be kept for every file, and
//! enough to find the place of an edit.

use keyward_crypto::sha256;

/// How much of a file each checksum is of.
pub const BLOCK_BYTES: usize = 256;
/// How long a checksum is: the first bytes of the block's SHA-256.
pub const BLOCK_SUM_BYTES: usize = 4;

/// The checksums of all blocks, one after the other; the last block may be short.
pub fn block_sums(stored: &[u8]) -> Vec<u8> {
    stored.chunks(BLOCK_BYTES).flat_map(block_sum).collect()
}

/// The checksum of one block.
pub fn block_sum(block: &[u8]) -> [u8; BLOCK_SUM_BYTES] {
    let [a, b, c, d, ..] = sha256(&[block]);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_has_its_checksum() {
        let stored = [1; BLOCK_BYTES * 2 + 1];
        let sums = block_sums(&stored);
        assert_eq!(sums.len(), 3 * BLOCK_SUM_BYTES);
        assert_eq!(sums[..4], sha256(&[&[1; 256]])[..4]);
        assert_eq!(sums[8..], sha256(&[&[1]])[..4]);
        assert!(block_sums(&[]).is_empty());
    }
}
