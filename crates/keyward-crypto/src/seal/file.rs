//! The root key file: its content, and the rules for the program that reads and writes it.
//!
//! ```text
//! keyward root key v1
//! key <64 hexadecimal digits>
//! sum <16 hexadecimal digits>
//! ```
//!
//! The sum is the first 64 bits of SHA-256 over the lines before it. It tells a truncated or
//! mistyped file from the wrong one; it is no protection.
//!
//! The file is created with [`RootKeyFile::MODE`] and `O_EXCL`, never overwritten; file and
//! directory are synced before the first use; a file others may read is refused
//! ([`RootKeyFile::is_private`]).

use aws_lc_rs::digest;

use crate::aead::KEY_BYTES;
use crate::error::{ModuleFailure, RootKeyFileError};
use crate::random;
use crate::secret::Secret;

const FAMILY: &[u8] = b"keyward root key ";
const TITLE: &[u8] = b"keyward root key v1\n";
const KEY_FIELD: &[u8] = b"key ";
const SUM_FIELD: &[u8] = b"\nsum ";
const SUM_BYTES: usize = 8;
const GROUP_AND_OTHERS: u32 = 0o077;
/// Everything the sum covers.
const SUMMED_BYTES: usize = TITLE.len() + KEY_FIELD.len() + 2 * KEY_BYTES;

/// A root key file's content.
#[derive(Debug)]
pub struct RootKeyFile(Secret);

impl RootKeyFile {
    /// Length of the content: whoever reads a file stops one byte later.
    pub const BYTES: usize = SUMMED_BYTES + SUM_FIELD.len() + 2 * SUM_BYTES + 1;

    /// The permissions a root key file is created with.
    pub const MODE: u32 = 0o600;

    /// A fresh root key.
    pub fn generate() -> Result<Self, ModuleFailure> {
        random::secret(KEY_BYTES).map(Self)
    }

    /// Whether a file with this mode is closed to group and others.
    pub const fn is_private(mode: u32) -> bool {
        mode & GROUP_AND_OTHERS == 0
    }

    /// The text to write.
    pub fn encode(&self) -> Result<Secret, ModuleFailure> {
        Secret::filled_by(Self::BYTES, |out| self.write(out).ok_or(ModuleFailure))
    }

    /// Reads the text; a missing final newline is forgiven, nothing else is.
    pub fn parse(content: &Secret) -> Result<Self, RootKeyFileError> {
        let text = content.expose();
        if !text.starts_with(FAMILY) {
            return Err(if FAMILY.starts_with(text) && !text.is_empty() {
                RootKeyFileError::Damaged
            } else {
                RootKeyFileError::NotARootKeyFile
            });
        }
        let Some(rest) = text.strip_prefix(TITLE) else {
            return Err(if TITLE.starts_with(text) {
                RootKeyFileError::Damaged
            } else {
                RootKeyFileError::UnknownVersion
            });
        };
        Self::read(text, rest).ok_or(RootKeyFileError::Damaged)
    }

    pub(super) fn root_key(&self) -> &Secret {
        &self.0
    }

    fn write(&self, out: &mut [u8]) -> Option<()> {
        let (summed, rest) = out.split_at_mut_checked(SUMMED_BYTES)?;
        let (title, key) = summed.split_at_mut_checked(TITLE.len())?;
        title.copy_from_slice(TITLE);
        let (field, digits) = key.split_at_mut_checked(KEY_FIELD.len())?;
        field.copy_from_slice(KEY_FIELD);
        hex::encode_to_slice(self.0.expose(), digits).ok()?;

        let (field, rest) = rest.split_at_mut_checked(SUM_FIELD.len())?;
        field.copy_from_slice(SUM_FIELD);
        let (newline, digits) = rest.split_last_mut()?;
        *newline = b'\n';
        hex::encode_to_slice(sum(summed)?, digits).ok()
    }

    fn read(text: &[u8], rest: &[u8]) -> Option<Self> {
        let (digits, rest) = rest.strip_prefix(KEY_FIELD)?.split_at_checked(2 * KEY_BYTES)?;
        let found = rest.strip_prefix(SUM_FIELD)?;
        let found = found.strip_suffix(b"\n").unwrap_or(found);
        let mut expected = [0; 2 * SUM_BYTES];
        hex::encode_to_slice(sum(text.get(..SUMMED_BYTES)?)?, &mut expected).ok()?;
        if found != expected {
            return None;
        }
        Secret::filled_by(KEY_BYTES, |key| hex::decode_to_slice(digits, key)).ok().map(Self)
    }
}

fn sum(lines: &[u8]) -> Option<[u8; SUM_BYTES]> {
    digest::digest(&digest::SHA256, lines).as_ref().first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl RootKeyFile {
        /// Without randomness, for the known answers.
        pub(crate) fn fixed(root_key: [u8; KEY_BYTES]) -> Self {
            Self(Secret::new(root_key.to_vec()))
        }
    }

    fn parse(text: &[u8]) -> Result<RootKeyFile, RootKeyFileError> {
        RootKeyFile::parse(&Secret::new(text.to_vec()))
    }

    #[test]
    fn a_root_key_file_is_read_back() {
        let file = RootKeyFile::generate().unwrap();
        let text = file.encode().unwrap();
        assert_eq!(text.len(), RootKeyFile::BYTES);
        assert!(RootKeyFile::parse(&text).unwrap().0.ct_eq(&file.0));
        assert!(parse(text.expose().trim_ascii_end()).unwrap().0.ct_eq(&file.0));
    }

    #[test]
    fn a_truncated_file_is_damaged_at_every_length() {
        let text = RootKeyFile::fixed([7; 32]).encode().unwrap();
        for len in 1..text.len() - 1 {
            let refused = parse(&text.expose()[..len]).unwrap_err();
            assert_eq!(refused, RootKeyFileError::Damaged, "{len}");
        }
    }

    #[test]
    fn an_altered_key_or_sum_is_damaged() {
        let text = RootKeyFile::fixed([7; 32]).encode().unwrap();
        for position in TITLE.len()..text.len() {
            let mut altered = text.expose().to_vec();
            altered[position] ^= 1;
            assert_eq!(parse(&altered).unwrap_err(), RootKeyFileError::Damaged, "{position}");
        }
        let longer = [text.expose(), b"\n"].concat();
        assert_eq!(parse(&longer).unwrap_err(), RootKeyFileError::Damaged);
    }

    #[test]
    fn another_version_and_another_file_are_told_apart() {
        let refused = |text: &[u8]| parse(text).unwrap_err();
        assert_eq!(refused(b"keyward root key v2\n"), RootKeyFileError::UnknownVersion);
        assert_eq!(refused(b"-----BEGIN PRIVATE KEY-----"), RootKeyFileError::NotARootKeyFile);
        assert_eq!(refused(b""), RootKeyFileError::NotARootKeyFile);
    }

    #[test]
    fn a_file_others_may_read_is_not_private() {
        assert!(RootKeyFile::is_private(RootKeyFile::MODE));
        assert!(RootKeyFile::is_private(0o100_400));
        for mode in [0o640, 0o604, 0o660, 0o644, 0o601, 0o100_620] {
            assert!(!RootKeyFile::is_private(mode), "{mode:o}");
        }
    }
}
