//! DescribeCustomKeyStores: the key stores of the account and Region, of which there are none yet.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeCustomKeyStores.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{
    self, CustomKeyStoreIdType, CustomKeyStoreNameType, LimitType, MarkerType,
};
use crate::custom_key_store::not_found;
use crate::paging::record_page;
use crate::shape::record_text;

/// The operation.
pub(crate) enum DescribeCustomKeyStores {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    custom_key_store_id: Option<Text<'a, CustomKeyStoreIdType>>,
    #[serde(borrow)]
    custom_key_store_name: Option<Text<'a, CustomKeyStoreNameType>>,
    limit: Option<Int<LimitType>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    custom_key_stores: [(); 0],
    truncated: bool,
}

impl Operation for DescribeCustomKeyStores {
    const NAME: &'static str = "DescribeCustomKeyStores";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::DESCRIBE_CUSTOM_KEY_STORES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let named = match (&input.custom_key_store_id, &input.custom_key_store_name) {
            (Some(_), Some(_)) => {
                // WIRE: the rule is documented, the words are ours.
                // Evidence: docs/WIRE.md, "Custom key stores".
                return Err(op_error!(
                    Validation,
                    "You can specify either CustomKeyStoreId or CustomKeyStoreName, but not both."
                ));
            }
            (Some(id), None) => Some(id.as_str()),
            (None, Some(name)) => Some(name.as_str()),
            (None, None) => None,
        };
        // One page holds every store, so no marker was ever given out.
        cx.position(Self::NAME, "", input.marker.as_deref())?;
        cx.authorize_account("*", action::DescribeCustomKeyStores).await?;
        match named {
            Some(named) => Err(not_found(named)),
            None => Ok(Output { custom_key_stores: [], truncated: false }),
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "customKeyStoreId", self.custom_key_store_id.as_ref());
        record_text(to, "customKeyStoreName", self.custom_key_store_name.as_ref());
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn an_account_has_no_key_stores() {
        let app = TestApp::new().await;
        let reply = app.root().ok("DescribeCustomKeyStores", json!({ "Limit": 1000 })).await;
        assert_eq!(reply, json!({ "CustomKeyStores": [], "Truncated": false }));
        let expected = json!({
            "requestParameters": { "limit": 1000 },
            "responseElements": null,
            "readOnly": true,
        });
        assert_eq!(app.recorded(), expected);
    }

    #[tokio::test]
    async fn one_that_is_named_is_not_found() {
        let app = TestApp::new().await;
        for (member, named) in
            [("CustomKeyStoreId", "cks-1234567890abcdef0"), ("CustomKeyStoreName", "a name")]
        {
            let input = json!({ member: named });
            let refused = app.root().refused("DescribeCustomKeyStores", input).await;
            let message = format!("Custom key store {named} is not found.");
            let expected = Refused::new("CustomKeyStoreNotFoundException", message);
            assert_eq!(refused, expected);
        }
        let both = json!({ "CustomKeyStoreId": "a", "CustomKeyStoreName": "b" });
        let refused = app.root().refused("DescribeCustomKeyStores", both).await;
        assert_eq!(refused.name, "ValidationException");
        let refused = app.root().refused("DescribeCustomKeyStores", json!({ "Marker": "m" })).await;
        let message = "Could not deserialize marker 'm'";
        assert_eq!(refused, Refused::new("InvalidMarkerException", message));
    }
}
