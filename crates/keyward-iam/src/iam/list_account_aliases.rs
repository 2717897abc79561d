//! ListAccountAliases: the alias of the account. None has one.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use super::action;
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, MarkerType, MaxItemsType};

/// The operation.
pub(crate) enum ListAccountAliases {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
    max_items: Option<Int<MaxItemsType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    account_aliases: &'static [&'static str],
    is_truncated: bool,
}

impl Operation for ListAccountAliases {
    const NAME: &'static str = "ListAccountAliases";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ACCOUNT_ALIASES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, _input: Input<'a>) -> Result<Output, OpError> {
        let any = Resource::any();
        authorize::<action::ListAccountAliases>(cx, &any, Conditions::none()).await?;
        Ok(Output { account_aliases: &[], is_truncated: false })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(marker) = &self.marker {
            to.text("marker", marker.as_str());
        }
        if let Some(max_items) = self.max_items {
            to.integer("maxItems", max_items.value());
        }
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn no_account_has_an_alias() {
        let app = TestApp::new().await;
        let reply = app.root().ok("ListAccountAliases", json!({ "MaxItems": 5 })).await;
        assert_eq!(reply, json!({ "AccountAliases": [], "IsTruncated": false }));
        assert_eq!(app.recorded()["requestParameters"], json!({ "maxItems": 5 }));
    }

    #[tokio::test]
    async fn the_record_is_in_the_global_region_wherever_the_caller_works() {
        let app = TestApp::new().await;
        app.root_in("eu-central-1").ok("ListAccountAliases", json!({})).await;
        let record = app.last_record();
        assert_eq!(record["eventSource"], "iam.amazonaws.com");
        assert_eq!(record["awsRegion"], "us-east-1");
    }
}
