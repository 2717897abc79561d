//! Shapes that several operations share.

use keyward_audit::{JsonObject, iso_date, java_date};
use keyward_model::Timestamp;
use serde::{Serialize, Serializer};

/// A date in a reply: seconds, in UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Date(pub(crate) Timestamp);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&iso_date(self.0))
    }
}

impl Date {
    /// Writes the date into an audit record.
    pub(crate) fn record(self, to: &mut JsonObject<'_>, name: &'static str) {
        to.display(name, java_date(self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_to_the_second() {
        let date = Date(Timestamp::from_unix_ms(1_792_324_800_999));
        assert_eq!(serde_json::to_string(&date).unwrap(), "\"2026-10-18T12:00:00Z\"");
    }
}
