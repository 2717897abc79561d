//! Paging markers: a position in a list that only we can have made.
//!
//! A marker is URL-safe base64 of `version ‖ domain key number ‖ tag ‖ position`. The tag is the
//! first 128 bits of HMAC-SHA-256 over version, operation, filter and position, the last three
//! with their lengths, so a marker continues the list it came from and no other. The position is
//! authenticated, not hidden: it must hold nothing the caller may not see.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::canonical::push_prefixed;
use crate::domain::{DomainKey, DomainKeys};
use crate::error::SealError;

/// The longest marker the API carries.
pub const MARKER_CHARS_MAX: usize = 1024;

const VERSION: u8 = 1;
const NUMBER_BYTES: usize = 4;
const TAG_BYTES: usize = 16;
const PREFIX_BYTES: usize = 1 + NUMBER_BYTES + TAG_BYTES;
/// What fits into `MARKER_CHARS_MAX` characters of base64.
const POSITION_BYTES_MAX: usize = MARKER_CHARS_MAX / 4 * 3 - PREFIX_BYTES;

/// The list a marker belongs to.
#[derive(Clone, Copy, Debug)]
pub struct MarkerScope<'a> {
    /// The operation that lists.
    pub operation: &'a str,
    /// Everything that selects the list: account, Region, and the request's own filters.
    pub filter: &'a [u8],
}

impl DomainKeys {
    /// A marker for a position in a list.
    pub fn tag_marker(
        &self,
        scope: &MarkerScope<'_>,
        position: &[u8],
    ) -> Result<String, SealError> {
        if position.len() > POSITION_BYTES_MAX {
            return Err(SealError::TooLong);
        }
        let key = self.current();
        let tag = key.marker_tag(scope, position)?;
        let mut marker = Vec::with_capacity(PREFIX_BYTES + position.len());
        marker.push(VERSION);
        marker.extend_from_slice(&key.number.to_be_bytes());
        marker.extend_from_slice(&tag);
        marker.extend_from_slice(position);
        Ok(URL_SAFE_NO_PAD.encode(marker))
    }

    /// The position, if the marker was made for this list under a domain key of the ring.
    pub fn check_marker(&self, scope: &MarkerScope<'_>, marker: &str) -> Option<Vec<u8>> {
        if marker.len() > MARKER_CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(marker).ok()?;
        let rest = bytes.strip_prefix(&[VERSION])?;
        let (number, rest) = rest.split_first_chunk::<NUMBER_BYTES>()?;
        let (tag, position) = rest.split_first_chunk::<TAG_BYTES>()?;
        let expected = self.find(u32::from_be_bytes(*number))?.marker_tag(scope, position).ok()?;
        bool::from(expected.ct_eq(tag)).then(|| position.to_vec())
    }
}

impl DomainKey {
    fn marker_tag(
        &self,
        scope: &MarkerScope<'_>,
        position: &[u8],
    ) -> Result<[u8; TAG_BYTES], SealError> {
        let mut input = vec![VERSION];
        push_prefixed(&mut input, scope.operation.as_bytes())?;
        push_prefixed(&mut input, scope.filter)?;
        push_prefixed(&mut input, position)?;
        let mac = hmac::sign(&self.markers, &input);
        mac.as_ref().first_chunk().copied().ok_or(SealError::Module(crate::ModuleFailure))
    }
}
