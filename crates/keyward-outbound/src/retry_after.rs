//! How long a receiver wants to be left alone (RFC 9110, 10.2.3).

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Reads seconds or a date. A date counts from the one the answer itself bears, so that no clock
/// but the receiver's has to be right; without that it says nothing.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = text(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = date(headers, &RETRY_AFTER)? - date(headers, &DATE)?;
    Some(Duration::try_from(wait).unwrap_or_default())
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text(headers, name)?, &Rfc2822).ok()
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn seconds_and_dates_are_understood() {
        const DATE_SENT: Option<&str> = Some("Sun, 22 Nov 2026 23:59:30 GMT");
        for (text, date, expected_s) in [
            ("0", None, Some(0)),
            ("17", DATE_SENT, Some(17)),
            ("Mon, 23 Nov 2026 00:01:00 GMT", DATE_SENT, Some(90)),
            ("Sun, 22 Nov 2026 23:59:30 GMT", DATE_SENT, Some(0)),
            ("Sun, 22 Nov 2026 12:00:00 GMT", DATE_SENT, Some(0)),
            ("Mon, 23 Nov 2026 00:01:00 GMT", None, None),
            ("Mon, 23 Nov 2026 00:01:00 GMT", Some("now"), None),
            ("-1", DATE_SENT, None),
            ("1.5", DATE_SENT, None),
            ("soon", DATE_SENT, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_static(date));
            }
            let expected = expected_s.map(Duration::from_secs);
            assert_eq!(retry_after(&headers), expected, "{text} {date:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
