//! ListPublicKeys: the keys that digests of the Region are verified with.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html>

use keyward_audit::{JsonObject, Recorded, java_date};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation, TrailPublicKey};
use keyward_model::Timestamp;
use keyward_shape::as_base64;
use serde::{Deserialize, Serialize};

use crate::shape::{AnyText, Date, record_text};
use crate::trail::history;
use crate::{action, constraints};

/// The operation.
pub(crate) enum ListPublicKeys {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    start_time: Option<keyward_shape::Timestamp>,
    end_time: Option<keyward_shape::Timestamp>,
    #[serde(borrow)]
    next_token: Option<AnyText<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    public_key_list: Vec<PublicKey>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PublicKey {
    #[serde(serialize_with = "as_base64")]
    value: Vec<u8>,
    validity_start_time: Date,
    validity_end_time: Date,
    fingerprint: String,
}

impl Operation for ListPublicKeys {
    const NAME: &'static str = "ListPublicKeys";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_PUBLIC_KEYS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        cx.authorize_anywhere(action::ListPublicKeys).await?;
        // The API reserves tokens, and never hands one out.
        if input.next_token.is_some() {
            // WIRE: "CloudTrail: texts of our own".
            return Err(OpError::new(ErrorCode::InvalidToken, "The token is not valid."));
        }
        let range = input.range(cx.now());
        if range.0 > range.1 {
            // WIRE: the same.
            let message = "The start time is after the end time.";
            return Err(OpError::new(ErrorCode::InvalidTimeRange, message));
        }
        let keys = history(cx)?.public_keys(cx.region(), range).await.map_err(OpError::internal)?;
        Ok(Output { public_key_list: keys.into_iter().map(PublicKey::of).collect() })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        256 + output.public_key_list.len() * 1024
    }
}

impl Input<'_> {
    /// Each end is now, if it is not said.
    fn range(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let or_now = |at: Option<keyward_shape::Timestamp>| {
            at.map_or(now, |at| Timestamp::from_unix_ms(at.unix_ms()))
        };
        (or_now(self.start_time), or_now(self.end_time))
    }
}

impl PublicKey {
    fn of(key: TrailPublicKey) -> Self {
        Self {
            value: key.value,
            validity_start_time: Date(key.valid_from),
            validity_end_time: Date(key.valid_to),
            fingerprint: key.fingerprint,
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        for (name, at) in [("startTime", self.start_time), ("endTime", self.end_time)] {
            if let Some(at) = at {
                to.display(name, java_date(Timestamp::from_unix_ms(at.unix_ms())));
            }
        }
        record_text(to, "nextToken", self.next_token.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp, unblob};
    use keyward_trail::DigestEnd;
    use serde_json::json;

    #[tokio::test]
    async fn the_keys_of_a_region_are_those_that_were_valid_in_the_range() {
        let app = TestApp::new().await;
        let root = app.root();
        assert_eq!(root.ok("ListPublicKeys", json!({})).await, json!({ "PublicKeyList": [] }));
        app.deliver().await;
        let made = app.delivery().make_digests(DigestEnd::Now).await.unwrap();
        let reply = root.ok("ListPublicKeys", json!({})).await;
        let [key] = &**reply["PublicKeyList"].as_array().unwrap() else { panic!("{reply}") };
        assert_eq!(key["Fingerprint"], made[0].fingerprint.as_str());
        let start = key["ValidityStartTime"].as_f64().unwrap();
        let end = key["ValidityEndTime"].as_f64().unwrap();
        assert!(start <= app.clock().now_s() + 1.0 && end > start, "{key}");
        let value = unblob(&key["Value"]);
        assert_eq!(keyward_trail::format::fingerprint(&value), made[0].fingerprint);
        for (from, to, count) in [
            (start - 2.0, start - 1.0, 0),
            (start - 2.0, start, 1),
            (end, end + 1.0, 1),
            (end + 1.0, end + 2.0, 0),
        ] {
            let input = json!({ "StartTime": from, "EndTime": to });
            let reply = root.ok("ListPublicKeys", input).await;
            assert_eq!(reply["PublicKeyList"].as_array().unwrap().len(), count, "{from} {to}");
        }
        let there = app.root_in("eu-central-1");
        let reply = there.ok("ListPublicKeys", json!({})).await;
        assert_ne!(reply["PublicKeyList"].as_array().unwrap().first(), Some(key));
    }

    #[tokio::test]
    async fn a_range_that_ends_before_it_starts_and_any_token_are_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let later = app.clock().now_s() + 10.0;
        for (input, error, message) in [
            (
                json!({ "StartTime": later }),
                "InvalidTimeRangeException",
                "The start time is after the end time.",
            ),
            (json!({ "NextToken": "x" }), "InvalidTokenException", "The token is not valid."),
        ] {
            let refused = root.refused("ListPublicKeys", input).await;
            assert_eq!(refused, Refused::new(error, message));
        }
    }
}
