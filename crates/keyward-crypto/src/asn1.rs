//! Reading BER (X.690): as much as encoded private keys need.
//!
//! Imported keys may be BER: lengths longer than they need be, lengths left open, strings in
//! pieces. Nothing here allocates for a definite, unbroken value, and what is copied is wiped.
//! Depth is bounded; the length of the input is for callers to bound.

use std::ops::Deref;

use zeroize::Zeroizing;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x10;
/// Context-specific tags, as keys use them.
pub(crate) const CONTEXT_0: u8 = 0x80;
pub(crate) const CONTEXT_1: u8 = 0x81;

const CONSTRUCTED: u8 = 0x20;
const TAG_NUMBER: u8 = 0x1f;
/// Keys nest four deep; every piece of a string adds one.
const DEPTH_MAX: u8 = 16;
/// Of a length in its long form; 2³² bytes are more than any input here.
const LENGTH_OCTETS_MAX: usize = 4;

/// Not BER, or not what was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What is left of a constructed value's content.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    depth: u8,
}

/// One value. The tag is without the bit that says it is constructed.
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    is_constructed: bool,
    content: &'a [u8],
    depth: u8,
}

/// The bytes of a string: as they stand, or put together from its pieces.
pub(crate) enum Octets<'a> {
    Whole(&'a [u8]),
    Joined(Zeroizing<Vec<u8>>),
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input, depth: 0 }
    }

    /// The value that comes next.
    pub(crate) fn next(&mut self) -> Result<Element<'a>, Malformed> {
        let (element, rest) = split(self.rest, self.depth)?;
        self.rest = rest;
        Ok(element)
    }

    /// The value that comes next, if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        match self.rest.first() {
            Some(first) if first & !CONSTRUCTED == tag => self.next().map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        self.optional(tag)?.ok_or(Malformed)
    }

    pub(crate) fn sequence(&mut self) -> Result<Self, Malformed> {
        self.expect(SEQUENCE)?.into_reader()
    }

    /// The magnitude of an integer that is not negative, without leading zeros: empty if it is 0.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        let content = self.expect(INTEGER)?.into_primitive()?;
        if content.first().is_none_or(|first| first & 0x80 != 0) {
            return Err(Malformed);
        }
        Ok(without_leading_zeros(content))
    }

    pub(crate) fn octets(&mut self) -> Result<Octets<'a>, Malformed> {
        self.expect(OCTET_STRING)?.into_octets()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Refuses what nobody asked for.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

impl<'a> Element<'a> {
    pub(crate) fn into_reader(self) -> Result<Reader<'a>, Malformed> {
        if !self.is_constructed {
            return Err(Malformed);
        }
        Ok(Reader { rest: self.content, depth: deeper(self.depth)? })
    }

    pub(crate) fn into_primitive(self) -> Result<&'a [u8], Malformed> {
        if self.is_constructed { Err(Malformed) } else { Ok(self.content) }
    }

    /// The bytes of an octet string, whatever its own tag.
    pub(crate) fn into_octets(self) -> Result<Octets<'a>, Malformed> {
        if !self.is_constructed {
            return Ok(Octets::Whole(self.content));
        }
        let mut joined = Zeroizing::new(Vec::with_capacity(self.content.len()));
        join_octets(self, &mut joined)?;
        Ok(Octets::Joined(joined))
    }

    /// The bytes of a bit string that ends with a whole byte, whatever its own tag.
    pub(crate) fn into_bits(self) -> Result<Octets<'a>, Malformed> {
        if !self.is_constructed {
            return whole_bytes(self.content).map(Octets::Whole);
        }
        let mut joined = Zeroizing::new(Vec::with_capacity(self.content.len()));
        join_bits(self, &mut joined)?;
        Ok(Octets::Joined(joined))
    }
}

impl Deref for Octets<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Joined(bytes) => bytes,
        }
    }
}

/// How many zeros a number begins with says little, and its length is in the clear anyway.
pub(crate) fn without_leading_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

fn deeper(depth: u8) -> Result<u8, Malformed> {
    if depth < DEPTH_MAX { Ok(depth + 1) } else { Err(Malformed) }
}

/// The first value of `input` and what follows it.
fn split(input: &[u8], depth: u8) -> Result<(Element<'_>, &[u8]), Malformed> {
    let (&first, rest) = input.split_first().ok_or(Malformed)?;
    // Tag numbers above 30 take more bytes; no key has one.
    if first & TAG_NUMBER == TAG_NUMBER {
        return Err(Malformed);
    }
    let (tag, is_constructed) = (first & !CONSTRUCTED, first & CONSTRUCTED != 0);
    let (length, rest) = split_length(rest)?;
    let (content, rest) = match length {
        Some(length) => rest.split_at_checked(length).ok_or(Malformed)?,
        None if is_constructed => split_open(rest, deeper(depth)?)?,
        None => return Err(Malformed),
    };
    Ok((Element { tag, is_constructed, content, depth }, rest))
}

/// A length, or `None` if it is left open.
fn split_length(input: &[u8]) -> Result<(Option<usize>, &[u8]), Malformed> {
    let (&first, rest) = input.split_first().ok_or(Malformed)?;
    match first {
        0..0x80 => Ok((Some(usize::from(first)), rest)),
        0x80 => Ok((None, rest)),
        _ => {
            let count = usize::from(first & 0x7f);
            if count > LENGTH_OCTETS_MAX {
                return Err(Malformed);
            }
            let (octets, rest) = rest.split_at_checked(count).ok_or(Malformed)?;
            let length =
                octets.iter().fold(0_u32, |length, &octet| (length << 8) | u32::from(octet));
            Ok((Some(usize::try_from(length).map_err(|_| Malformed)?), rest))
        }
    }
}

/// The content of a value whose length is left open, and what follows its end.
fn split_open(input: &[u8], depth: u8) -> Result<(&[u8], &[u8]), Malformed> {
    let mut rest = input;
    loop {
        if let [0, 0, after @ ..] = rest {
            let length = input.len() - rest.len();
            return Ok((input.get(..length).ok_or(Malformed)?, after));
        }
        (_, rest) = split(rest, depth)?;
    }
}

fn join_octets(element: Element<'_>, joined: &mut Zeroizing<Vec<u8>>) -> Result<(), Malformed> {
    let mut pieces = element.into_reader()?;
    while !pieces.is_empty() {
        let piece = pieces.expect(OCTET_STRING)?;
        if piece.is_constructed {
            join_octets(piece, joined)?;
        } else {
            joined.extend_from_slice(piece.content);
        }
    }
    Ok(())
}

fn join_bits(element: Element<'_>, joined: &mut Zeroizing<Vec<u8>>) -> Result<(), Malformed> {
    let mut pieces = element.into_reader()?;
    while !pieces.is_empty() {
        let piece = pieces.expect(BIT_STRING)?;
        if piece.is_constructed {
            join_bits(piece, joined)?;
        } else {
            joined.extend_from_slice(whole_bytes(piece.content)?);
        }
    }
    Ok(())
}

/// The content of a primitive bit string without its count of unused bits, which must be 0.
fn whole_bytes(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(input: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut reader = Reader::new(input);
        let octets = reader.octets()?.to_vec();
        reader.finish().map(|()| octets)
    }

    #[test]
    fn a_string_is_read_in_every_form_of_length_and_in_pieces() {
        for input in [
            &b"\x04\x02ab"[..],
            b"\x04\x81\x02ab",
            b"\x04\x84\x00\x00\x00\x02ab",
            b"\x24\x06\x04\x01a\x04\x01b",
            b"\x24\x80\x04\x01a\x04\x00\x04\x01b\x00\x00",
            b"\x24\x80\x24\x80\x04\x01a\x00\x00\x24\x03\x04\x01b\x00\x00",
        ] {
            assert_eq!(octets(input).unwrap(), b"ab", "{input:02x?}");
        }
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_refused() {
        for input in [
            &b""[..],
            b"\x04",
            b"\x04\x02a",
            b"\x04\x80a\x00\x00",
            b"\x04\x85\x00\x00\x00\x00\x01a",
            b"\x04\xff",
            b"\x04\x84\xff\xff\xff\xffa",
            b"\x24\x80\x04\x01a\x00",
            b"\x24\x80\x04\x01a",
            b"\x24\x03\x02\x01\x01",
            b"\x3f\x04\x01a",
            b"\x04\x01ab",
            b"\x05\x00",
        ] {
            assert_eq!(octets(input), Err(Malformed), "{input:02x?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| {
            [b"\x24\x80".repeat(depth), b"\x04\x01a".to_vec(), vec![0; 2 * depth]].concat()
        };
        assert_eq!(octets(&nested(8)).unwrap(), b"a");
        assert_eq!(octets(&nested(1000)), Err(Malformed));
    }

    #[test]
    fn integers_lose_their_leading_zeros_and_are_not_negative() {
        let unsigned = |input: &'static [u8]| Reader::new(input).unsigned();
        assert_eq!(unsigned(b"\x02\x03\x00\x80\x01"), Ok(&[0x80, 1][..]));
        assert_eq!(unsigned(b"\x02\x01\x00"), Ok(&[][..]));
        for input in [&b"\x02\x00"[..], b"\x02\x01\x80", b"\x22\x03\x02\x01\x01"] {
            assert_eq!(unsigned(input), Err(Malformed));
        }
    }

    #[test]
    fn bit_strings_end_with_a_whole_byte() {
        let bits = |input: &'static [u8]| {
            Reader::new(input).expect(BIT_STRING)?.into_bits().map(|bits| bits.to_vec())
        };
        assert_eq!(bits(b"\x03\x02\x00a").unwrap(), b"a");
        assert_eq!(bits(b"\x23\x08\x03\x02\x00a\x03\x02\x00b").unwrap(), b"ab");
        assert_eq!(bits(b"\x03\x02\x01a"), Err(Malformed));
        assert_eq!(bits(b"\x03\x00"), Err(Malformed));
    }
}
