//! The headers every response carries.

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, DATE, EXPIRES, PRAGMA};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use keyward_model::{RequestId, Timestamp};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

pub(crate) const X_AMZN_REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// RFC 9110, section 5.6.7.
const IMF_FIXDATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// The headers all responses of one second share, made once a second.
pub(crate) struct ResponseHeaders(ArcSwap<Stamped>);

struct Stamped {
    unix_s: i64,
    headers: HeaderMap,
}

impl ResponseHeaders {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self(ArcSwap::from_pointee(Stamped::at(now.unix_s())))
    }

    /// A response with the shared headers, its id and its content type.
    // SDKs set their clocks by `Date` when a signature is refused for its time, so it has to be
    // ours: the clock that refused it.
    pub(crate) fn response(
        &self,
        now: Timestamp,
        request_id: &RequestId,
        status: StatusCode,
        content_type: Option<HeaderValue>,
        body: Bytes,
    ) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        *headers = self.at(now.unix_s());
        let mut text = [0; 36];
        let text: &str = request_id.hyphenated().encode_lower(&mut text);
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(X_AMZN_REQUEST_ID, value);
        }
        if let Some(value) = content_type {
            headers.insert(CONTENT_TYPE, value);
        }
        response
    }

    fn at(&self, unix_s: i64) -> HeaderMap {
        let stamped = self.0.load();
        if stamped.unix_s == unix_s {
            return stamped.headers.clone();
        }
        let fresh = Stamped::at(unix_s);
        let headers = fresh.headers.clone();
        self.0.store(fresh.into());
        headers
    }
}

impl Stamped {
    fn at(unix_s: i64) -> Self {
        // Room for the headers of each response, so that its map does not grow.
        let mut headers = HeaderMap::with_capacity(8);
        // WIRE: bodies may hold secrets, so nobody on the way may keep them.
        let no_cache = "no-cache, no-store, must-revalidate, private";
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(no_cache));
        headers.insert(EXPIRES, HeaderValue::from_static("0"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some(date) = http_date(unix_s) {
            headers.insert(DATE, date);
        }
        Self { unix_s, headers }
    }
}

fn http_date(unix_s: i64) -> Option<HeaderValue> {
    let text = OffsetDateTime::from_unix_timestamp(unix_s).ok()?.format(IMF_FIXDATE).ok()?;
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_the_one_of_the_clock_and_moves_with_it() {
        let id = RequestId::nil();
        let headers = ResponseHeaders::new(Timestamp::from_unix_ms(0));
        let date = |ms| {
            let now = Timestamp::from_unix_ms(ms);
            let response = headers.response(now, &id, StatusCode::OK, None, Bytes::new());
            response.headers()[DATE].to_str().unwrap().to_owned()
        };
        assert_eq!(date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(784_111_777_999), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(1_571_767_572_317), "Tue, 22 Oct 2019 18:06:12 GMT");
    }
}
