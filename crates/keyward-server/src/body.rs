//! Request bodies: bounded in length, in time, and all together in memory.
//!
//! Whoever sends a body slowly costs nothing but to himself: bodies that arrive at once keep half
//! of the memory, one address has a part of the rest, and small bodies have memory of their own.

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};
use zeroize::Zeroizing;

use crate::Limits;
use crate::shares::{Share, Shares};

/// The longest small body. Nearly every request of a client that keeps data is one.
const SMALL_BYTES_MAX: usize = 8 << 10;
/// The part of the memory that is kept for small bodies.
const SMALL_PART: usize = 4;
/// The part of the memory for larger ones that one address may use.
const ADDRESS_PART: usize = 8;
/// The part of the memory that slow bodies may use.
const SLOW_PART: usize = 2;
/// What a slow body counts for at least: the head of its request is waiting as well.
const SLOW_BYTES_MIN: usize = 4 << 10;

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The client went away, or its framing is wrong.
    Broken,
    /// The memory for bodies is used up, or the body is slow and too many are.
    Busy,
    /// It did not arrive in time.
    Late,
    /// It is longer than the operation takes.
    TooLong,
}

/// The memory that the bodies of callers not yet authenticated share.
pub(crate) struct BodyBudget {
    small: Pool,
    large: Pool,
    large_by_address: Shares,
    slow_by_address: Shares,
    patience: Duration,
    timeout: Duration,
}

/// Memory for bodies of one kind.
struct Pool {
    bytes: Semaphore,
    slow_bytes: Semaphore,
}

/// Where a body comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) address: IpAddr,
    /// Places for the slow bodies of its connection.
    pub(crate) slow_bodies: &'a Semaphore,
}

/// A body, wiped when it is dropped.
pub(crate) struct HeldBody<'a> {
    bytes: Zeroizing<Vec<u8>>,
    /// Its share of the budget.
    share: SemaphorePermit<'a>,
    /// Its share of what its address may use, unless it is small.
    address_share: Option<Share<'a>>,
}

/// What a slow body uses up while it is waited for.
struct Slow<'a> {
    _connection: SemaphorePermit<'a>,
    _address: Share<'a>,
    _bytes: SemaphorePermit<'a>,
}

impl BodyBudget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let bytes_max = limits.unauthenticated_body_bytes_max;
        let small_bytes = bytes_max / SMALL_PART;
        let large_bytes = bytes_max - small_bytes;
        Self {
            small: Pool::new(small_bytes),
            large: Pool::new(large_bytes),
            large_by_address: Shares::new(large_bytes / ADDRESS_PART),
            slow_by_address: Shares::new(limits.slow_bodies_per_address_max),
            patience: limits.body_patience,
            timeout: limits.body_timeout,
        }
    }

    /// Reads a body of at most `bytes_max`.
    pub(crate) async fn read<'a, B>(
        &'a self,
        body: B,
        bytes_max: usize,
        origin: Origin<'a>,
    ) -> Result<HeldBody<'a>, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        timeout(self.timeout, self.read_all(body, bytes_max, origin))
            .await
            .unwrap_or(Err(BodyError::Late))
    }

    async fn read_all<'a, B>(
        &'a self,
        mut body: B,
        bytes_max: usize,
        origin: Origin<'a>,
    ) -> Result<HeldBody<'a>, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let announced = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
        let mut held = self.buffer(0, origin.address)?;
        let mut slow = None;
        let mut look = pin!(sleep(self.patience));
        loop {
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = look.as_mut() => {
                    // Given back before it is asked for anew: the body may have grown.
                    drop(slow.take());
                    slow = Some(self.admit_slow(&held, origin)?);
                    look.as_mut().reset(Instant::now() + self.patience);
                    continue;
                }
            };
            let Some(frame) = frame else { return Ok(held) };
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            let length = held.bytes.len().saturating_add(data.len());
            if length > bytes_max {
                return Err(BodyError::TooLong);
            }
            if length > held.bytes.capacity() {
                // Not by letting the buffer grow: it would leave a copy behind. And never by more
                // than has come: an announcement costs its sender nothing.
                let doubled = length.saturating_mul(2).min(bytes_max);
                let capacity = announced.map_or(doubled, |all| all.clamp(length, doubled));
                let mut larger = self.buffer(capacity, origin.address)?;
                larger.bytes.extend_from_slice(&held.bytes);
                held = larger;
            }
            held.bytes.extend_from_slice(&data);
        }
    }

    fn buffer(&self, capacity: usize, address: IpAddr) -> Result<HeldBody<'_>, BodyError> {
        let permits = u32::try_from(capacity).map_err(|_| BodyError::TooLong)?;
        let address_share = if capacity > SMALL_BYTES_MAX {
            Some(self.large_by_address.take(address, capacity).ok_or(BodyError::Busy)?)
        } else {
            None
        };
        let bytes = &self.pool(capacity).bytes;
        let share = bytes.try_acquire_many(permits).map_err(|_| BodyError::Busy)?;
        Ok(HeldBody { bytes: Zeroizing::new(Vec::with_capacity(capacity)), share, address_share })
    }

    /// Lets a body be waited for that has not come by now, if not too many are.
    fn admit_slow<'a>(
        &'a self,
        held: &HeldBody<'_>,
        origin: Origin<'a>,
    ) -> Result<Slow<'a>, BodyError> {
        let capacity = held.bytes.capacity();
        let permits =
            u32::try_from(capacity.max(SLOW_BYTES_MIN)).map_err(|_| BodyError::TooLong)?;
        let slow_bytes = &self.pool(capacity).slow_bytes;
        Ok(Slow {
            _connection: origin.slow_bodies.try_acquire().map_err(|_| BodyError::Busy)?,
            _address: self.slow_by_address.take(origin.address, 1).ok_or(BodyError::Busy)?,
            _bytes: slow_bytes.try_acquire_many(permits).map_err(|_| BodyError::Busy)?,
        })
    }

    const fn pool(&self, capacity: usize) -> &Pool {
        if capacity > SMALL_BYTES_MAX { &self.large } else { &self.small }
    }
}

impl Pool {
    fn new(bytes_max: usize) -> Self {
        let semaphore = |bytes: usize| Semaphore::new(bytes.min(Semaphore::MAX_PERMITS));
        Self { bytes: semaphore(bytes_max), slow_bytes: semaphore(bytes_max / SLOW_PART) }
    }
}

impl HeldBody<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The body, whose share of the budget stays taken.
    pub(crate) fn take_bytes(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.bytes)
    }

    /// The caller is known now: the body leaves the budget.
    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        drop(self.share);
        drop(self.address_share);
        self.bytes
    }
}

#[cfg(test)]
mod tests;
