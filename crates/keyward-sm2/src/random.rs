//! The caller's source of randomness, in the form that the library asks for.

use std::fmt;

use sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};

/// A function that fills buffers, and its error once it failed.
pub(crate) struct Source<F, E> {
    fill: F,
    failure: Option<E>,
}

/// The library's view of a failure; the cause stays in the [`Source`].
#[derive(Debug)]
pub(crate) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness failed")
    }
}

impl std::error::Error for Failed {}

impl<F: FnMut(&mut [u8]) -> Result<(), E>, E> Source<F, E> {
    pub(crate) fn new(fill: F) -> Self {
        Self { fill, failure: None }
    }

    /// Why the last call failed, if the source was the reason.
    pub(crate) fn take_failure(&mut self) -> Option<E> {
        self.failure.take()
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Failed> {
        let mut bytes = [0; N];
        self.try_fill_bytes(&mut bytes)?;
        Ok(bytes)
    }
}

impl<F: FnMut(&mut [u8]) -> Result<(), E>, E> TryRng for Source<F, E> {
    type Error = Failed;

    fn try_next_u32(&mut self) -> Result<u32, Failed> {
        self.array().map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, Failed> {
        self.array().map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Failed> {
        (self.fill)(bytes).map_err(|error| {
            self.failure = Some(error);
            Failed
        })
    }
}

impl<F: FnMut(&mut [u8]) -> Result<(), E>, E> TryCryptoRng for Source<F, E> {}
