//! DeleteAlias: takes a friendly name from a key. The key stays as it is.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{Precondition, Write};
use serde::Deserialize;

use crate::constraints::{self, AliasNameType};
use crate::shape::KeyChanged;
use crate::{action, alias_name};

/// The operation.
pub(crate) enum DeleteAlias {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    alias_name: Text<'a, AliasNameType>,
}

impl Operation for DeleteAlias {
    const NAME: &'static str = "DeleteAlias";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_ALIAS;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let name = alias_name::parse(&input.alias_name)?;
        let alias = cx.scope().alias(name.clone());
        let found = cx.engine().store().aliases().find(&alias).await.map_err(OpError::internal)?;
        let Some(found) = found else { return Err(cx.alias_not_found(name.as_str())) };
        let arn = cx.alias_arn(name);
        let target = cx.resolve(found.record.target.as_str()).await?;
        cx.note_alias(arn.clone());
        cx.authorize_account(&arn.to_string(), action::DeleteAlias).await?;
        let key = cx.authorize(target, action::DeleteAlias).await?;
        cx.require(Precondition::AliasAt(alias.clone(), found.change));
        cx.stage(&key, [Write::DeleteAlias(alias)]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aliasName", &self.alias_name);
    }
}

#[cfg(test)]
mod tests {
    use keyward_model::KeyState;
    use keyward_testkit::{Refused, TestApp, denied_by_policy, resource};
    use serde_json::json;

    const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/app";

    #[tokio::test]
    async fn an_alias_is_deleted_in_every_state_of_its_key_and_is_free_again() {
        let app = TestApp::new().await;
        let root = app.root();
        for &state in KeyState::ALL {
            let (key, next) = (root.create_key().await, root.create_key().await);
            root.create_alias("alias/app", &key).await;
            app.put_in_state(&key, state).await;
            root.ok("DeleteAlias", json!({ "AliasName": "alias/app" })).await;
            let absent = root.refused("DescribeKey", json!({ "KeyId": "alias/app" })).await;
            assert_eq!(absent, not_found());
            assert_eq!(root.describe(&key).await["KeyState"], state.as_str());
            root.create_alias("alias/app", &next).await;
            assert_eq!(root.describe("alias/app").await["KeyId"], next.as_str());
            root.ok("DeleteAlias", json!({ "AliasName": "alias/app" })).await;
        }
    }

    fn not_found() -> Refused {
        Refused::new("NotFoundException", format!("Alias {ALIAS} is not found."))
    }

    #[tokio::test]
    async fn an_absent_alias_is_not_found_and_neither_is_one_of_elsewhere() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        root.create_alias("alias/app", &key).await;
        let input = json!({ "AliasName": "alias/app" });
        let refused = app.root_in("eu-central-1").refused("DeleteAlias", input.clone()).await;
        assert_eq!(
            refused.message(),
            format!("Alias {} is not found.", ALIAS.replace("us-east-1", "eu-central-1"))
        );
        let refused = app.other_account().await.refused("DeleteAlias", input.clone()).await;
        assert_eq!(
            refused.message(),
            format!("Alias {} is not found.", ALIAS.replace("111122223333", "444455556666"))
        );
        root.ok("DeleteAlias", input.clone()).await;
        assert_eq!(root.refused("DeleteAlias", input).await, not_found());
        let expected = json!({
            "errorCode": "NotFoundException",
            "errorMessage": not_found().message(),
            "requestParameters": { "aliasName": "alias/app" },
            "responseElements": null,
            "readOnly": false,
        });
        assert_eq!(app.recorded(), expected);
    }

    #[tokio::test]
    async fn the_alias_of_a_service_is_denied_once_it_exists() {
        let app = TestApp::new().await;
        let root = app.root();
        let input = json!({ "AliasName": "alias/aws/s3" });
        let refused = root.refused("DeleteAlias", input.clone()).await;
        assert_eq!(refused.name, "NotFoundException");
        let arn = root.arn(&root.aws_managed_key().await).await;
        let refused = root.refused("DeleteAlias", input).await;
        assert_eq!(refused, denied_by_policy("kms:DeleteAlias", &arn));
    }

    #[tokio::test]
    async fn a_name_that_breaks_a_rule_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        for (name, message) in [
            (
                "app",
                "Alias must start with the prefix \"alias/\". Please see \
                     https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
            ),
            ("alias/a:b", "alias/a:b contains invalid characters for an alias"),
        ] {
            let refused = root.refused("DeleteAlias", json!({ "AliasName": name })).await;
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
        let null = "null at 'aliasName' failed to satisfy constraint: Member must not be null";
        assert_eq!(root.refused("DeleteAlias", json!({})).await, Refused::constraint(null));
        let refused = root.refused("DeleteAlias", json!({ "AliasName": {} })).await;
        assert_eq!(refused.name, "SerializationException");
    }

    #[tokio::test]
    async fn the_record_names_the_alias_and_the_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.create_alias("alias/app", &key).await;
        root.ok("DeleteAlias", json!({ "AliasName": "alias/app" })).await;
        let expected = json!({
            "requestParameters": { "aliasName": "alias/app" },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(ALIAS), resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
