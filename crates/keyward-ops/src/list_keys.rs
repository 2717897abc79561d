//! ListKeys: every key of the caller's account in the Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::KeyId;
use keyward_shape::{Int, List, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, LimitType, MarkerType, ResourceOwnerType, ResourceOwnersList};
use crate::paging::{page_limit, record_page};

/// The operation.
pub(crate) enum ListKeys {}

const LIMIT_DEFAULT: u32 = 100;
/// The caller's own keys. Keys shared by other accounts do not exist here.
const OWN_KEYS: &str = "SELF";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    limit: Option<Int<LimitType>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
    resource_owners: Option<List<OneOf<String, ResourceOwnerType>, ResourceOwnersList>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    keys: Vec<KeyListEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyListEntry {
    key_id: KeyId,
    key_arn: String,
}

impl Operation for ListKeys {
    const NAME: &'static str = "ListKeys";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_KEYS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let owners = input.owners();
        let after = cx.position(Self::NAME, &owners.join(","), input.marker.as_deref())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        cx.authorize_account("*", action::ListKeys).await?;
        let ids = if owners.contains(&OWN_KEYS) {
            list(cx, after.as_deref(), limit).await?
        } else {
            Vec::new()
        };
        let page = cx.page(Self::NAME, &owners.join(","), (ids, limit), KeyId::to_string)?;
        let scope = cx.scope();
        let entry = |key_id: KeyId| KeyListEntry {
            key_id,
            key_arn: cx.engine().key_arn(&scope.key(key_id)).to_string(),
        };
        let truncated = page.next_marker.is_some();
        let keys = page.entries.into_iter().map(entry).collect();
        Ok(Output { keys, next_marker: page.next_marker, truncated })
    }
}

/// One id more than fits on the page, if there are that many.
async fn list(cx: &Cx, after: Option<&str>, limit: u32) -> Result<Vec<KeyId>, OpError> {
    let after = after.map(str::parse).transpose().map_err(|_| bad_position())?;
    let found = cx.engine().store().keys().list(&cx.scope(), after.as_ref(), limit + 1).await;
    found.map_err(OpError::internal)
}

/// A marker that is ours but holds no key id cannot come from this operation.
fn bad_position() -> OpError {
    op_error!(InvalidMarker, "Could not deserialize marker")
}

impl Input<'_> {
    fn owners(&self) -> Vec<&str> {
        match &self.resource_owners {
            Some(owners) => owners.iter().map(|owner| owner.as_str()).collect(),
            None => vec![OWN_KEYS],
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
        if self.resource_owners.is_some() {
            to.texts("resourceOwners", self.owners());
        }
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Client, Refused, TestApp};
    use serde_json::{Value, json};

    async fn keys(root: &Client, count: usize) -> Vec<String> {
        let mut keys = Vec::new();
        for _ in 0..count {
            keys.push(root.create_key().await);
        }
        keys.sort();
        keys
    }

    fn ids(page: &Value) -> Vec<&str> {
        page["Keys"].as_array().unwrap().iter().map(|key| key["KeyId"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn keys_in_every_state_are_listed_in_the_order_of_ids() {
        let app = TestApp::new().await;
        let root = app.root();
        assert_eq!(root.ok("ListKeys", json!({})).await, json!({ "Keys": [], "Truncated": false }));
        let mut keys = keys(&root, 5).await;
        root.disable(&keys[0]).await;
        root.schedule_deletion(&keys[1]).await;
        keys.push(root.aws_managed_key().await);
        keys.sort();
        let page = root.ok("ListKeys", json!({})).await;
        assert_eq!(ids(&page), keys);
        assert_eq!(page["Keys"][0]["KeyArn"], root.arn(&keys[0]).await);
        assert_eq!((&page["Truncated"], page.get("NextMarker")), (&json!(false), None));
    }

    #[tokio::test]
    async fn an_account_sees_its_own_keys_in_one_region_only() {
        let app = TestApp::new().await;
        app.root().create_key().await;
        let empty = json!({ "Keys": [], "Truncated": false });
        assert_eq!(app.root_in("eu-central-1").ok("ListKeys", json!({})).await, empty);
        assert_eq!(app.other_account().await.ok("ListKeys", json!({})).await, empty);
    }

    #[tokio::test]
    async fn pages_go_on_where_the_last_one_ended_though_keys_come_and_go() {
        let app = TestApp::new().await;
        let root = app.root();
        let keys = keys(&root, 5).await;
        let first = root.ok("ListKeys", json!({ "Limit": 2 })).await;
        assert_eq!(first["Truncated"], true);
        assert_eq!(ids(&first), keys[..2]);
        // The key the marker stands at goes away.
        root.ok("ScheduleKeyDeletion", json!({ "KeyId": keys[1], "PendingWindowInDays": 7 })).await;
        app.clock().advance_days(7);
        assert_eq!(app.delete_due_keys().await, 1);
        let next = json!({ "Limit": 3, "Marker": first["NextMarker"] });
        let last = root.ok("ListKeys", next.clone()).await;
        assert_eq!(ids(&last), keys[2..]);
        assert_eq!((&last["Truncated"], last.get("NextMarker")), (&json!(false), None));
        assert_eq!(root.ok("ListKeys", next).await, last);
    }

    #[tokio::test]
    async fn a_page_has_1_to_1000_keys_and_100_unless_chosen() {
        let app = TestApp::new().await;
        let root = app.root();
        let keys = keys(&root, 101).await;
        assert_eq!(ids(&root.ok("ListKeys", json!({})).await), keys[..100]);
        assert_eq!(ids(&root.ok("ListKeys", json!({ "Limit": 1000 })).await), keys);
        assert_eq!(ids(&root.ok("ListKeys", json!({ "Limit": 1 })).await), keys[..1]);
        for (limit, rule) in
            [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")]
        {
            let refused = root.refused("ListKeys", json!({ "Limit": limit })).await;
            let clause = format!(
                "'{limit}' at 'limit' failed to satisfy constraint: Member must have value {rule}"
            );
            assert_eq!(refused, Refused::constraint(&clause));
        }
        let refused = root.refused("ListKeys", json!({ "Limit": "1" })).await;
        assert_eq!(refused.name, "SerializationException");
    }

    #[tokio::test]
    async fn a_marker_of_another_query_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        keys(&root, 2).await;
        root.create_alias("alias/a", &root.create_key().await).await;
        let marker = root.ok("ListKeys", json!({ "Limit": 1 })).await["NextMarker"].clone();
        let aliases = root.ok("ListAliases", json!({ "Limit": 1 })).await["NextMarker"].clone();
        let message =
            |marker: &Value| format!("Could not deserialize marker '{}'", marker.as_str().unwrap());
        let stranger = app.other_account().await;
        let elsewhere = app.root_in("eu-central-1");
        let other = json!(["OTHER_ACCOUNTS_VIA_RAM"]);
        for (client, marker, owners) in [
            (&root, &json!("nonsense"), Value::Null),
            (&root, &aliases, Value::Null),
            (&root, &marker, other),
            (&stranger, &marker, Value::Null),
            (&elsewhere, &marker, Value::Null),
        ] {
            let input = json!({ "Marker": marker, "ResourceOwners": owners });
            let refused = client.refused("ListKeys", input).await;
            assert_eq!(refused, Refused::new("InvalidMarkerException", message(marker)));
        }
        root.ok("ListKeys", json!({ "Marker": marker, "ResourceOwners": ["SELF"] })).await;
    }

    #[tokio::test]
    async fn no_keys_are_shared_by_other_accounts() {
        let app = TestApp::new().await;
        let root = app.root();
        let keys = keys(&root, 2).await;
        let owners = json!({ "ResourceOwners": ["OTHER_ACCOUNTS_VIA_RAM"] });
        assert_eq!(ids(&root.ok("ListKeys", owners).await), [""; 0]);
        let owners = json!({ "ResourceOwners": ["SELF", "OTHER_ACCOUNTS_VIA_RAM"] });
        assert_eq!(ids(&root.ok("ListKeys", owners).await), keys);
        for owners in [json!([]), json!(vec!["SELF"; 3]), json!(["self"])] {
            let refused = root.refused("ListKeys", json!({ "ResourceOwners": owners })).await;
            assert_eq!(refused.name, "ValidationException");
        }
    }

    #[tokio::test]
    async fn the_record_shows_the_parameters_that_were_sent() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("ListKeys", json!({})).await;
        let mut expected =
            json!({ "requestParameters": null, "responseElements": null, "readOnly": true });
        assert_eq!(app.recorded(), expected);
        root.ok("ListKeys", json!({ "Limit": 5, "ResourceOwners": ["SELF"] })).await;
        expected["requestParameters"] = json!({ "limit": 5, "resourceOwners": ["SELF"] });
        assert_eq!(app.recorded(), expected);
    }
}
