//! Pages of a list, and the markers that continue them.

use keyward_crypto::MarkerScope;

use crate::{Cx, OpError, op_error};

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// The marker of the next page, if there is one: `NextMarker`, and `Truncated`.
    pub next_marker: Option<String>,
}

impl Cx {
    /// The position that `marker` continues from. A marker belongs to one operation, one caller's
    /// account and Region, and one filter.
    pub fn position(
        &self,
        operation: &str,
        filter: &str,
        marker: Option<&str>,
    ) -> Result<Option<String>, OpError> {
        let Some(marker) = marker else { return Ok(None) };
        let position = self.read_marker(operation, filter, marker);
        position
            .map(Some)
            .ok_or_else(|| op_error!(InvalidMarker, "Could not deserialize marker '{marker}'"))
    }

    /// The same, for services with another word for markers that are none.
    pub fn read_marker(&self, operation: &str, filter: &str, marker: &str) -> Option<String> {
        let filter = self.filter(filter);
        let scope = MarkerScope { operation, filter: filter.as_bytes() };
        let position = self.engine().ring().keys().check_marker(&scope, marker)?;
        String::from_utf8(position).ok()
    }

    /// The marker that continues behind `position`.
    pub fn write_marker(
        &self,
        operation: &str,
        filter: &str,
        position: &str,
    ) -> Result<String, OpError> {
        let filter = self.filter(filter);
        let scope = MarkerScope { operation, filter: filter.as_bytes() };
        let marker = self.engine().ring().keys().tag_marker(&scope, position.as_bytes());
        marker.map_err(OpError::internal)
    }

    /// Cuts `entries`, one more than asked for if there are more, to a page of `limit`.
    pub fn page<T>(
        &self,
        operation: &str,
        filter: &str,
        (mut entries, limit): (Vec<T>, u32),
        position: impl Fn(&T) -> String,
    ) -> Result<Page<T>, OpError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if entries.len() <= limit {
            return Ok(Page { entries, next_marker: None });
        }
        entries.truncate(limit);
        let last = entries.last().map(position).unwrap_or_default();
        let marker = self.write_marker(operation, filter, &last)?;
        Ok(Page { entries, next_marker: Some(marker) })
    }

    fn filter(&self, filter: &str) -> String {
        format!("{}/{}/{filter}", self.caller().account, self.region())
    }
}
