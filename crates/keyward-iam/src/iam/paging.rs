//! Pages: `Marker` and `MaxItems` in, `Marker` and `IsTruncated` out.

use keyward_audit::JsonObject;
use keyward_engine::{Cx, OpError, op_error};
use keyward_shape::{Int, Text};

use super::constraints::{MarkerType, MaxItemsType};

/// How many entries a page holds when the request does not say.
const MAX_ITEMS_DEFAULT: u32 = 100;

/// `Marker`.
pub(crate) type Marker<'a> = Option<Text<'a, MarkerType>>;

/// `MaxItems`.
pub(crate) type MaxItems = Option<Int<MaxItemsType>>;

/// One list of one request: what its markers are tied to.
pub(crate) struct PageRequest<'a> {
    operation: &'static str,
    filter: &'a str,
    /// The last entry of the page before.
    pub(crate) after: Option<String>,
    limit: u32,
}

impl<'a> PageRequest<'a> {
    /// Reads what was asked for. A marker continues only the list it came from: the same operation
    /// with the same filter.
    pub(crate) fn new(
        cx: &Cx,
        (operation, filter): (&'static str, &'a str),
        marker: &Marker<'_>,
        max_items: MaxItems,
    ) -> Result<Self, OpError> {
        let after = cx.position(operation, filter, marker.as_deref()).map_err(|_| {
            // WIRE: "IAM: markers".
            op_error!(Validation, "Invalid Marker.")
        })?;
        let limit = max_items.map_or(Ok(MAX_ITEMS_DEFAULT), |max| u32::try_from(max.value()));
        Ok(Self { operation, filter, after, limit: limit.map_err(OpError::internal)? })
    }

    /// The same with shorter pages.
    pub(crate) fn at_most(&self, limit: u32) -> Self {
        let Self { operation, filter, after, limit: asked } = self;
        Self { operation, filter, after: after.clone(), limit: limit.min(*asked) }
    }

    /// How many entries to read: one more than the page holds, to know whether there are more.
    pub(crate) const fn read_max(&self) -> u32 {
        self.limit.saturating_add(1)
    }

    /// The page, from at most [`Self::read_max`] entries that follow [`Self::after`].
    pub(crate) fn page<T>(
        &self,
        cx: &Cx,
        entries: Vec<T>,
        position: impl Fn(&T) -> String,
    ) -> Result<Page<T>, OpError> {
        let page = cx.page(self.operation, self.filter, (entries, self.limit), position)?;
        Ok(Page { entries: page.entries, marker: page.next_marker })
    }

    /// The page, from the whole list in the order of positions.
    pub(crate) fn page_of_all<T>(
        &self,
        cx: &Cx,
        all: impl IntoIterator<Item = T>,
        position: impl Fn(&T) -> String,
    ) -> Result<Page<T>, OpError> {
        let is_next = |entry: &T| self.after.as_ref().is_none_or(|after| position(entry) > *after);
        let read_max = usize::try_from(self.read_max()).unwrap_or(usize::MAX);
        let entries = all.into_iter().filter(is_next).take(read_max).collect();
        self.page(cx, entries, position)
    }
}

/// One page.
pub(crate) struct Page<T> {
    pub(crate) entries: Vec<T>,
    /// `Marker`; `IsTruncated` says whether there is one.
    pub(crate) marker: Option<String>,
}

impl<T> Page<T> {
    /// `IsTruncated`.
    pub(crate) const fn is_truncated(&self) -> bool {
        self.marker.is_some()
    }
}

/// Writes `marker` and `maxItems` if they were sent.
pub(crate) fn record_page(to: &mut JsonObject<'_>, marker: &Marker<'_>, max_items: MaxItems) {
    if let Some(marker) = marker {
        to.text("marker", marker);
    }
    if let Some(max_items) = max_items {
        to.integer("maxItems", max_items.value());
    }
}
