//! CreateAlias: gives a key a friendly name.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::KeyRef;
use keyward_shape::Text;
use keyward_store::{AliasRecord, Precondition, Write};
use serde::Deserialize;

use crate::constraints::{self, AliasNameType, KeyIdType};
use crate::shape::KeyChanged;
use crate::{action, alias_name};

/// The operation.
pub(crate) enum CreateAlias {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    alias_name: Text<'a, AliasNameType>,
    #[serde(borrow)]
    target_key_id: Text<'a, KeyIdType>,
}

impl Operation for CreateAlias {
    const NAME: &'static str = "CreateAlias";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_ALIAS;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let name = alias_name::parse(&input.alias_name)?;
        if name.reserved_for().is_some() {
            return Err(op_error!(
                InvalidAliasName,
                "Alias names that begin with alias/aws/ are reserved."
            ));
        }
        require_key(&input.target_key_id)?;
        let target = cx.resolve_key(&input.target_key_id).await?;
        let arn = cx.alias_arn(name.clone());
        cx.note_alias(arn.clone());
        cx.authorize_account(&arn.to_string(), action::CreateAlias).await?;
        let key = cx.authorize(target, action::CreateAlias).await?;
        let alias = cx.scope().alias(name);
        if cx.engine().store().aliases().find(&alias).await.map_err(OpError::internal)?.is_some() {
            return Err(op_error!(AlreadyExists, "An alias with the name {arn} already exists"));
        }
        key.require_not_pending_deletion()?;
        let quota = cx.engine().quotas().aliases_per_key;
        cx.require(Precondition::AliasAbsent(alias.clone()));
        cx.require(Precondition::AliasesBelow(key.record.key.clone(), quota));
        let (target, now) = (key.record.key.key_id, cx.now());
        let record = AliasRecord { alias, target, created_at: now, updated_at: now };
        cx.stage(&key, [Write::PutAlias(record)]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

/// Refuses an alias where a key must stand.
pub(crate) fn require_key(named: &str) -> Result<(), OpError> {
    // WIRE: other words than everywhere else, and another error.
    // Evidence: docs/WIRE.md, "Aliases where only keys are taken".
    if named.parse().is_ok_and(|named: KeyRef| named.is_alias()) || named.starts_with("alias/") {
        return Err(op_error!(Validation, "Aliases must refer to keys. Not aliases"));
    }
    Ok(())
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aliasName", &self.alias_name);
        to.text("targetKeyId", &self.target_key_id);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, PENDING_DELETION, Refused, TestApp, resource};
    use serde_json::json;

    const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/app";

    fn request() -> KeyRequest {
        KeyRequest::new("CreateAlias", json!({})).target().prepared(|_, key| {
            let input = json!({ "AliasName": format!("alias/of-{key}") });
            Box::pin(async move { input })
        })
    }

    #[tokio::test]
    async fn an_alias_names_its_key_at_once_in_its_account_and_region() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        root.create_alias("alias/app", &key).await;
        assert_eq!(root.describe("alias/app").await["KeyId"], key.as_str());
        assert_eq!(root.describe(ALIAS).await["KeyId"], key.as_str());

        let elsewhere = app.root_in("eu-central-1");
        let other = elsewhere.create_key().await;
        elsewhere.create_alias("alias/app", &other).await;
        assert_eq!(elsewhere.describe("alias/app").await["KeyId"], other.as_str());
    }

    #[tokio::test]
    async fn alias_names_are_case_sensitive() {
        let app = TestApp::new().await;
        let root = app.root();
        let (lower, upper) = (root.create_key().await, root.create_key().await);
        root.create_alias("alias/app", &lower).await;
        root.create_alias("alias/APP", &upper).await;
        assert_eq!(root.describe("alias/app").await["KeyId"], lower.as_str());
    }

    #[tokio::test]
    async fn a_name_in_use_is_refused_even_for_the_same_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let (key, other) = (root.create_key().await, root.create_key().await);
        root.create_alias("alias/app", &key).await;
        let message = format!("An alias with the name {ALIAS} already exists");
        for target in [&key, &other] {
            let input = json!({ "AliasName": "alias/app", "TargetKeyId": target });
            let refused = root.refused("CreateAlias", input).await;
            assert_eq!(refused, Refused::new("AlreadyExistsException", &message));
        }
        let expected = json!({
            "errorCode": "AlreadyExistsException",
            "errorMessage": message,
            "requestParameters": { "aliasName": "alias/app", "targetKeyId": other },
            "responseElements": null,
            "readOnly": false,
            "resources": [resource(ALIAS), resource(&root.arn(&other).await)],
        });
        root.refused("CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": other }))
            .await;
        assert_eq!(app.recorded(), expected);
    }

    #[tokio::test]
    async fn a_name_that_breaks_a_rule_is_refused_before_the_key_is_looked_for() {
        let app = TestApp::new().await;
        let root = app.root();
        let pattern = "failed to satisfy constraint: Member must satisfy regular expression \
                       pattern: ^[a-zA-Z0-9:/_-]+$";
        let long = format!("alias/{}", "a".repeat(251));
        for (name, refused) in [
            (
                "app",
                Refused::new(
                    "ValidationException",
                    "Alias must start with the prefix \"alias/\". Please see \
                 https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
                ),
            ),
            ("alias/", invalid_characters("alias/")),
            ("alias/a:b", invalid_characters("alias/a:b")),
            (
                "alias/aws/s3",
                Refused::new(
                    "InvalidAliasNameException",
                    "Alias names that begin with alias/aws/ are reserved.",
                ),
            ),
            ("alias/a b", Refused::constraint(&format!("'alias/a b' at 'aliasName' {pattern}"))),
            (
                &long,
                Refused::constraint(&format!(
                    "'{long}' at 'aliasName' failed to satisfy constraint: Member must have length \
                 less than or equal to 256"
                )),
            ),
        ] {
            let input = json!({ "AliasName": name, "TargetKeyId": "nonsense" });
            assert_eq!(root.refused("CreateAlias", input).await, refused);
        }
        let refused = root.refused("CreateAlias", json!({})).await;
        assert!(
            refused
                .message()
                .starts_with("2 validation errors detected: Value null at 'aliasName'")
        );
    }

    fn invalid_characters(name: &str) -> Refused {
        let message = format!("{name} contains invalid characters for an alias");
        Refused::new("ValidationException", message)
    }

    #[tokio::test]
    async fn the_longest_name_is_256_characters() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let name = format!("alias/{}", "a".repeat(250));
        root.create_alias(&name, &key).await;
        assert_eq!(root.describe(&name).await["KeyId"], key.as_str());
    }

    #[tokio::test]
    async fn the_target_is_a_key_id_or_arn_never_an_alias() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn keys_of_other_accounts_and_of_services_are_no_targets() {
        request().is_denied_elsewhere("kms:CreateAlias").await;
        request().is_denied_on_aws_managed_keys("kms:CreateAlias").await;
    }

    #[tokio::test]
    async fn a_key_pending_deletion_gets_no_alias() {
        request().answers_by_state(PENDING_DELETION).await;
    }

    #[tokio::test]
    async fn the_record_names_the_alias_and_the_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.create_alias("alias/app", &key).await;
        let expected = json!({
            "requestParameters": { "aliasName": "alias/app", "targetKeyId": key },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(ALIAS), resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
