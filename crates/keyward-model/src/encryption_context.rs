//! Encryption context.

use std::borrow::Cow;

/// The pairs of an encryption context, in the order sent. Keys are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContext<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> EncryptionContext<'a> {
    /// The longest canonical form, in bytes. AWS publishes no number; external key stores must
    /// accept additional authenticated data up to this size.
    pub const CANONICAL_BYTES_MAX: usize = 8192;

    /// The context with no pairs, which equals no context at all.
    pub const fn empty() -> Self {
        Self { pairs: Vec::new() }
    }

    /// A context of pairs whose keys are known to be unique.
    pub const fn of_unique(pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Self {
        Self { pairs }
    }

    /// The pairs, in the order sent.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The length of the canonical form.
    pub fn canonical_bytes(&self) -> usize {
        if self.pairs.is_empty() {
            return 0;
        }
        2 + self.pairs.iter().map(|(key, value)| 4 + key.len() + value.len()).sum::<usize>()
    }

    /// The bytes that bind a ciphertext to its context, independent of the order sent: nothing for
    /// an empty context, else a 16-bit count and the pairs sorted by the UTF-8 bytes of their keys,
    /// each key and value behind its 16-bit length. This is the AWS Encryption SDK's public form.
    ///
    /// `None` when the form would be longer than [`Self::CANONICAL_BYTES_MAX`].
    pub fn canonical(&self) -> Option<Vec<u8>> {
        if self.pairs.is_empty() {
            return Some(Vec::new());
        }
        let length = self.canonical_bytes();
        if length > Self::CANONICAL_BYTES_MAX {
            return None;
        }
        let mut sorted: Vec<_> = self.pairs().collect();
        sorted.sort_unstable();
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&u16::try_from(sorted.len()).ok()?.to_be_bytes());
        for text in sorted.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context<'a>(pairs: &[(&'a str, &'a str)]) -> EncryptionContext<'a> {
        let pairs = pairs.iter().map(|&(key, value)| (key.into(), value.into()));
        EncryptionContext::of_unique(pairs.collect())
    }

    #[test]
    fn the_canonical_form_ignores_the_order_sent() {
        let forth = context(&[("a", "1"), ("b", "2")]).canonical().unwrap();
        let back = context(&[("b", "2"), ("a", "1")]).canonical().unwrap();
        assert_eq!(forth, back);
        assert_eq!(forth, b"\x00\x02\x00\x01a\x00\x011\x00\x01b\x00\x012");
    }

    #[test]
    fn the_canonical_form_is_unambiguous() {
        assert_ne!(context(&[("a", "bc")]).canonical(), context(&[("ab", "c")]).canonical());
        assert_ne!(context(&[("A", "b")]).canonical(), context(&[("a", "b")]).canonical());
    }

    #[test]
    fn no_pairs_is_the_empty_form() {
        assert_eq!(EncryptionContext::empty().canonical(), Some(Vec::new()));
    }

    #[test]
    fn a_context_beyond_the_limit_has_no_canonical_form() {
        let fits = "v".repeat(8192 - 2 - 4 - 1);
        assert!(context(&[("k", &fits)]).canonical().is_some());
        assert!(context(&[("k", &format!("{fits}v"))]).canonical().is_none());
    }
}
