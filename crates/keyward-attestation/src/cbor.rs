//! The part of CBOR (RFC 8949) that attestation documents are made of.
//!
//! Maps and arrays may state their length or end with a break; strings must state it, since no
//! attester sends them in chunks and joining them would need memory. Nothing here looks deeper than
//! [`DEPTH_MAX`].

/// How deep an unknown value may nest before it is refused.
const DEPTH_MAX: usize = 8;

/// The first byte of an item whose container ends here.
const BREAK: u8 = 0xff;
const NULL: u8 = 0xf6;

/// The kinds of item, as the upper three bits of the first byte name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Major {
    Unsigned,
    Negative,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Simple,
}

const MAJORS: [Major; 8] = [
    Major::Unsigned,
    Major::Negative,
    Major::Bytes,
    Major::Text,
    Major::Array,
    Major::Map,
    Major::Tag,
    Major::Simple,
];

/// Not CBOR, not the item that was asked for, or beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotCbor;

/// How many items of a container are still to come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Remaining {
    Stated(u64),
    UntilBreak,
}

/// Reads items off the front of a slice.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), NotCbor> {
        if self.rest.is_empty() { Ok(()) } else { Err(NotCbor) }
    }

    /// Steps over this tag if it is there.
    pub(crate) fn take_tag(&mut self, number: u64) {
        let mut ahead = *self;
        if ahead.argument(Major::Tag) == Ok(Some(number)) {
            *self = ahead;
        }
    }

    /// Steps over a null if it is there, and says whether it was.
    pub(crate) fn take_null(&mut self) -> bool {
        let is_null = self.rest.first() == Some(&NULL);
        if is_null {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        is_null
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, NotCbor> {
        self.argument(Major::Unsigned)?.ok_or(NotCbor)
    }

    /// A negative integer `-1 - n`, as its `n`.
    pub(crate) fn negative(&mut self) -> Result<u64, NotCbor> {
        self.argument(Major::Negative)?.ok_or(NotCbor)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], NotCbor> {
        let len = self.argument(Major::Bytes)?.ok_or(NotCbor)?;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, NotCbor> {
        let len = self.argument(Major::Text)?.ok_or(NotCbor)?;
        std::str::from_utf8(self.take(len)?).map_err(|_| NotCbor)
    }

    pub(crate) fn array(&mut self) -> Result<Remaining, NotCbor> {
        Ok(self.argument(Major::Array)?.map_or(Remaining::UntilBreak, Remaining::Stated))
    }

    /// The entries of a map: each is a key and a value.
    pub(crate) fn map(&mut self) -> Result<Remaining, NotCbor> {
        Ok(self.argument(Major::Map)?.map_or(Remaining::UntilBreak, Remaining::Stated))
    }

    /// Whether one more item (or entry) of the container follows; steps over its break.
    pub(crate) fn has_next(&mut self, remaining: &mut Remaining) -> Result<bool, NotCbor> {
        match remaining {
            Remaining::Stated(0) => Ok(false),
            Remaining::Stated(count) => {
                *count -= 1;
                Ok(true)
            }
            Remaining::UntilBreak => {
                let (first, rest) = self.rest.split_first().ok_or(NotCbor)?;
                if *first == BREAK {
                    self.rest = rest;
                }
                Ok(*first != BREAK)
            }
        }
    }

    /// One more item of the container must follow.
    pub(crate) fn require_next(&mut self, remaining: &mut Remaining) -> Result<(), NotCbor> {
        if self.has_next(remaining)? { Ok(()) } else { Err(NotCbor) }
    }

    /// Steps over one item, whatever it is.
    pub(crate) fn skip(&mut self) -> Result<(), NotCbor> {
        self.skip_within(DEPTH_MAX)
    }

    fn skip_within(&mut self, depth: usize) -> Result<(), NotCbor> {
        let depth = depth.checked_sub(1).ok_or(NotCbor)?;
        let mut ahead = *self;
        let (major, argument) = ahead.head()?;
        match major {
            Major::Unsigned | Major::Negative | Major::Simple => {
                argument.ok_or(NotCbor)?;
                *self = ahead;
            }
            Major::Bytes => drop(self.bytes()?),
            Major::Text => drop(self.text()?),
            Major::Tag => {
                argument.ok_or(NotCbor)?;
                *self = ahead;
                self.skip_within(depth)?;
            }
            Major::Array => {
                let mut items = self.array()?;
                while self.has_next(&mut items)? {
                    self.skip_within(depth)?;
                }
            }
            Major::Map => {
                let mut entries = self.map()?;
                while self.has_next(&mut entries)? {
                    self.skip_within(depth)?;
                    self.skip_within(depth)?;
                }
            }
        }
        Ok(())
    }

    /// The argument of an item of this kind; none for an indefinite length.
    fn argument(&mut self, expected: Major) -> Result<Option<u64>, NotCbor> {
        let mut ahead = *self;
        let (major, argument) = ahead.head()?;
        if major != expected {
            return Err(NotCbor);
        }
        *self = ahead;
        Ok(argument)
    }

    fn head(&mut self) -> Result<(Major, Option<u64>), NotCbor> {
        let [first] = self.take_array::<1>()?;
        let major = MAJORS.get(usize::from(first >> 5)).copied().ok_or(NotCbor)?;
        let argument = match first & 0x1f {
            short @ 0..=23 => Some(u64::from(short)),
            24 => Some(u64::from(u8::from_be_bytes(self.take_array()?))),
            25 => Some(u64::from(u16::from_be_bytes(self.take_array()?))),
            26 => Some(u64::from(u32::from_be_bytes(self.take_array()?))),
            27 => Some(u64::from_be_bytes(self.take_array()?)),
            31 => None,
            _ => return Err(NotCbor),
        };
        Ok((major, argument))
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], NotCbor> {
        let len = usize::try_from(len).map_err(|_| NotCbor)?;
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(NotCbor)?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], NotCbor> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(NotCbor)?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// Writes the first bytes of an item, in the shortest form.
pub(crate) fn write_head(major: Major, argument: u64, out: &mut Vec<u8>) {
    let kind = MAJORS.iter().zip(0_u8..).find(|(known, _)| **known == major);
    let kind = kind.map_or(0, |(_, number)| number << 5);
    if let Ok(byte) = u8::try_from(argument) {
        if byte < 24 {
            out.push(kind | byte);
        } else {
            out.extend([kind | 0x18, byte]);
        }
    } else if let Ok(short) = u16::try_from(argument) {
        out.push(kind | 0x19);
        out.extend(short.to_be_bytes());
    } else if let Ok(word) = u32::try_from(argument) {
        out.push(kind | 0x1a);
        out.extend(word.to_be_bytes());
    } else {
        out.push(kind | 0x1b);
        out.extend(argument.to_be_bytes());
    }
}

/// Writes a byte string.
pub(crate) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_head(Major::Bytes, u64::try_from(bytes.len()).unwrap_or(u64::MAX), out);
    out.extend(bytes);
}
