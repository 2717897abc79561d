//! Compression. A file is one gzip member (RFC 1952) and nothing behind it, for the standard client
//! refuses what follows the first member.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

/// The longest log file that is read, compressed or not. Delivery writes far smaller ones.
pub const LOG_FILE_BYTES_MAX: usize = 128 << 20;

/// Why bytes are not the one gzip member that was expected. Offsets are into the compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GunzipError {
    /// The stream is not gzip, or was damaged: at this byte at the latest.
    #[error("the compressed data is damaged at or before byte {offset}")]
    Corrupt {
        /// How far the stream could be read.
        offset: usize,
    },
    /// Another member or other data stands behind the first member.
    #[error("data follows the compressed stream from byte {offset} on")]
    TrailingData {
        /// Where the first member ended.
        offset: usize,
    },
    /// The content is longer than allowed.
    #[error("the content is longer than {bytes_max} bytes")]
    TooLong {
        /// What was allowed.
        bytes_max: usize,
    },
    /// The stream ends too early.
    #[error("the compressed data ends too early, after {bytes} bytes")]
    Truncated {
        /// How many bytes there are.
        bytes: usize,
    },
}

/// Compresses into one member without name and time: the same content gives the same bytes.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // A vector takes every write.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default()
}

/// The content of exactly one member, at most `bytes_max` long.
pub fn gunzip(compressed: &[u8], bytes_max: usize) -> Result<Vec<u8>, GunzipError> {
    let mut decoder = GzDecoder::new(compressed);
    let mut content = Vec::new();
    let mut bounded = decoder.by_ref().take(limit(bytes_max));
    let outcome = bounded.read_to_end(&mut content);
    let rest = decoder.into_inner().len();
    let offset = compressed.len() - rest;
    match outcome {
        Ok(_) if content.len() > bytes_max => Err(GunzipError::TooLong { bytes_max }),
        Ok(_) if rest > 0 => Err(GunzipError::TrailingData { offset }),
        Ok(_) => Ok(content),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(GunzipError::Truncated { bytes: compressed.len() })
        }
        Err(_) => Err(GunzipError::Corrupt { offset }),
    }
}

/// The first byte of a member's header that [`gzip`] would not have written. The checksum of the
/// content does not cover the header.
pub fn foreign_header_byte(compressed: &[u8]) -> Option<usize> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    /// How hard the compressor tried: 2 most, 4 least. A later release may try another way.
    const EXTRA_FLAGS: usize = 8;
    let is_foreign = |(place, (found, own)): (usize, (&u8, &u8))| {
        found != own && !(place == EXTRA_FLAGS && matches!(found, 2 | 4))
    };
    compressed.iter().zip(&HEADER).enumerate().position(is_foreign)
}

/// One byte more than allowed tells that there is more.
fn limit(bytes_max: usize) -> u64 {
    u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_may_be_as_long_as_allowed_and_no_longer() {
        let compressed = gzip(&[7; 1000]);
        assert_eq!(gunzip(&compressed, 1000).unwrap(), vec![7; 1000]);
        assert_eq!(gunzip(&compressed, 999), Err(GunzipError::TooLong { bytes_max: 999 }));
    }

    #[test]
    fn what_follows_the_first_member_is_refused_where_it_begins() {
        let mut compressed = gzip(b"one");
        let offset = compressed.len();
        compressed.extend(gzip(b"two"));
        assert_eq!(gunzip(&compressed, 100), Err(GunzipError::TrailingData { offset }));
        compressed.truncate(offset);
        compressed.push(0);
        assert_eq!(gunzip(&compressed, 100), Err(GunzipError::TrailingData { offset }));
    }

    #[test]
    fn every_cut_is_noticed() {
        let compressed = gzip(br#"{"Records":[]}"#);
        for bytes in 0..compressed.len() {
            let cut = &compressed[..bytes];
            assert_eq!(gunzip(cut, 100), Err(GunzipError::Truncated { bytes }), "{bytes}");
        }
    }

    #[test]
    fn every_changed_byte_of_the_stream_is_noticed_or_leaves_the_content() {
        let content = br#"{"Records":[{"eventName":"Encrypt"},{"eventName":"Decrypt"}]}"#;
        let compressed = gzip(content);
        for place in 0..compressed.len() {
            let mut changed = compressed.clone();
            changed[place] ^= 0x55;
            if let Ok(read) = gunzip(&changed, 1000) {
                // The header's time and system say nothing of the content.
                assert!((4..10).contains(&place), "{place}");
                assert_eq!(read, content);
            }
        }
    }

    #[test]
    fn a_changed_byte_of_the_header_is_foreign() {
        let compressed = gzip(b"content");
        assert_eq!(foreign_header_byte(&compressed), None);
        for place in 0..10 {
            let mut changed = compressed.clone();
            changed[place] ^= 0x40;
            assert_eq!(foreign_header_byte(&changed), Some(place));
        }
    }

    proptest! {
        #[test]
        fn content_is_read_back(content: Vec<u8>) {
            let compressed = gzip(&content);
            prop_assert_eq!(gunzip(&compressed, content.len()).unwrap(), content);
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(gunzip(&bytes, 1000).is_err());
        }
    }
}
