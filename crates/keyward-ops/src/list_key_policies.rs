//! ListKeyPolicies: the names of a key's policies, of which there is one.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, LimitType, MarkerType};
use crate::get_key_policy::POLICY_NAME;
use crate::paging::record_page;

/// The operation.
pub(crate) enum ListKeyPolicies {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    limit: Option<Int<LimitType>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy_names: &'static [&'static str],
    truncated: bool,
}

impl Operation for ListKeyPolicies {
    const NAME: &'static str = "ListKeyPolicies";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_KEY_POLICIES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        // One page holds every name, so no marker was ever given out.
        // WIRE: the model of ListKeyPolicies does not know the refusal.
        // Evidence: docs/WIRE.md, "Errors beside the model".
        cx.position(Self::NAME, &input.key_id, input.marker.as_deref())?;
        let target = cx.resolve_key(&input.key_id).await?;
        cx.authorize(target, action::ListKeyPolicies).await?;
        Ok(Output { policy_names: &[POLICY_NAME], truncated: false })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, Refused, TestApp, resource};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("ListKeyPolicies", json!({})).keys_only()
    }

    #[tokio::test]
    async fn every_key_has_one_policy() {
        let app = TestApp::new().await;
        let root = app.root();
        for key in [root.create_key().await, root.aws_managed_key().await] {
            let reply = root.ok("ListKeyPolicies", json!({ "KeyId": key, "Limit": 1 })).await;
            assert_eq!(reply, json!({ "PolicyNames": ["default"], "Truncated": false }));
        }
    }

    #[tokio::test]
    async fn a_page_has_1_to_1000_names() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        root.ok("ListKeyPolicies", json!({ "KeyId": key, "Limit": 1000 })).await;
        for (limit, rule) in
            [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")]
        {
            let refused =
                root.refused("ListKeyPolicies", json!({ "KeyId": key, "Limit": limit })).await;
            let clause = format!(
                "'{limit}' at 'limit' failed to satisfy constraint: Member must have value {rule}"
            );
            assert_eq!(refused, Refused::constraint(&clause));
        }
    }

    #[tokio::test]
    async fn there_is_no_second_page_so_every_marker_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let refused = root.refused("ListKeyPolicies", json!({ "KeyId": key, "Marker": "m" })).await;
        let message = "Could not deserialize marker 'm'";
        assert_eq!(refused, Refused::new("InvalidMarkerException", message));
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_are_denied() {
        request().is_denied_elsewhere("kms:ListKeyPolicies").await;
    }

    #[tokio::test]
    async fn policies_are_listed_in_every_state() {
        request().answers_by_state(&[]).await;
    }

    #[tokio::test]
    async fn the_record_names_the_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("ListKeyPolicies", json!({ "KeyId": key, "Limit": 5 })).await;
        let expected = json!({
            "requestParameters": { "keyId": key, "limit": 5 },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
