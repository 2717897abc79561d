//! Reading BER, as far as keys need it: lengths in every form, strings in pieces.
//!
//! Nothing is copied but strings, and nothing is trusted: lengths are checked against what is left
//! and nesting is bounded.

use zeroize::Zeroizing;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
/// The low bits of a tag whose number follows in further octets. No key has one.
const LONG_TAG: u8 = 0x1f;
const INDEFINITE: u8 = 0x80;
const END_OF_CONTENTS: &[u8] = &[0, 0];

/// How deep elements may nest. A key in PKCS#8 needs four.
const DEPTH_MAX: u8 = 12;

/// A tag and what it holds, without the marks of an indefinite length.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
}

/// Elements one after the other.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    depth: u8,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, depth: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn contents_of(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element().filter(|element| element.tag == tag).map(|element| element.contents)
    }

    /// The next OCTET STRING, its pieces joined.
    pub(crate) fn octets(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let element = self.element()?;
        // As long as can be from the start: a buffer that grew would leave a secret behind.
        let mut octets = Zeroizing::new(Vec::with_capacity(element.contents.len()));
        join(element, self.depth, &mut octets)?;
        Some(octets)
    }

    /// The next element, whatever it is.
    pub(crate) fn element(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.rest.split_first()?;
        let (&length, rest) = rest.split_first()?;
        if tag & LONG_TAG == LONG_TAG {
            return None;
        }
        if length == INDEFINITE {
            return self.indefinite(tag, rest);
        }
        let (length, rest) = definite(length, rest)?;
        let (contents, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Element { tag, contents })
    }

    /// An element that ends where its contents say: they are read to find out.
    fn indefinite(&mut self, tag: u8, rest: &'a [u8]) -> Option<Element<'a>> {
        if tag & CONSTRUCTED == 0 {
            return None;
        }
        let mut inner = Reader { rest, depth: deeper(self.depth)? };
        while !inner.rest.starts_with(END_OF_CONTENTS) {
            inner.element()?;
        }
        let contents = rest.get(..rest.len() - inner.rest.len())?;
        self.rest = inner.rest.get(END_OF_CONTENTS.len()..)?;
        Some(Element { tag, contents })
    }
}

/// The length after its first octet: short, or as many octets big-endian as that one says.
fn definite(first: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    if first < INDEFINITE {
        return Some((usize::from(first), rest));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(first & !INDEFINITE))?;
    let length = octets.iter().try_fold(0_usize, |length, octet| {
        length.checked_mul(256)?.checked_add(usize::from(*octet))
    })?;
    Some((length, rest))
}

fn join(element: Element<'_>, depth: u8, octets: &mut Vec<u8>) -> Option<()> {
    if element.tag == OCTET_STRING {
        octets.extend_from_slice(element.contents);
        return Some(());
    }
    if element.tag != OCTET_STRING | CONSTRUCTED {
        return None;
    }
    let mut pieces = Reader { rest: element.contents, depth: deeper(depth)? };
    while !pieces.is_empty() {
        let piece = pieces.element()?;
        join(piece, pieces.depth, octets)?;
    }
    Some(())
}

fn deeper(depth: u8) -> Option<u8> {
    Some(depth + 1).filter(|depth| *depth <= DEPTH_MAX)
}
