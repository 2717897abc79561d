//! UpdateAlias: points an alias to another key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Key, Kind, OpError, Operation, op_error};
use keyward_model::{AliasArn, KeySpec};
use keyward_shape::Text;
use keyward_store::{AliasRecord, Precondition, Write};
use serde::Deserialize;

use crate::constraints::{self, AliasNameType, KeyIdType};
use crate::create_alias::require_key;
use crate::shape::KeyChanged;
use crate::{action, alias_name};

/// The operation.
pub(crate) enum UpdateAlias {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    alias_name: Text<'a, AliasNameType>,
    #[serde(borrow)]
    target_key_id: Text<'a, KeyIdType>,
}

impl Operation for UpdateAlias {
    const NAME: &'static str = "UpdateAlias";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_ALIAS;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let name = alias_name::parse(&input.alias_name)?;
        require_key(&input.target_key_id)?;
        let alias = cx.scope().alias(name.clone());
        let found = cx.engine().store().aliases().find(&alias).await.map_err(OpError::internal)?;
        let Some(found) = found else { return Err(cx.alias_not_found(name.as_str())) };
        let arn = cx.alias_arn(name);
        let old = cx.resolve(found.record.target.as_str()).await?;
        // The record names the key that the alias is to have, not the one it has.
        cx.start_notes();
        cx.note_alias(arn.clone());
        let new = cx.resolve_key(&input.target_key_id).await?;
        cx.authorize_account(&arn.to_string(), action::UpdateAlias).await?;
        let old = cx.authorize(old, action::UpdateAlias).await?;
        let key = cx.authorize(new, action::UpdateAlias).await?;
        require_same_kind(&arn, &old, &key)?;
        key.require_not_pending_deletion()?;
        cx.require(Precondition::AliasAt(alias.clone(), found.change));
        if old.record.key != key.record.key {
            let quota = cx.engine().quotas().aliases_per_key;
            cx.require(Precondition::AliasesBelow(key.record.key.clone(), quota));
        }
        let record = AliasRecord {
            alias,
            target: key.record.key.key_id,
            created_at: found.record.created_at,
            updated_at: cx.now(),
        };
        cx.stage(&key, [Write::PutAlias(record)]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

/// Refuses to move an alias between keys of different type or usage.
fn require_same_kind(alias: &AliasArn, old: &Key, new: &Key) -> Result<(), OpError> {
    let differ = |what: &str, old: &str, new: &str| {
        op_error!(
            Validation,
            "Alias {alias} cannot be changed from a CMK with {what} {old} to a CMK with {what} \
             {new}. The {what} of the current CMK and the new CMK must be the same."
        )
    };
    let types = (key_type(old.record.spec), key_type(new.record.spec));
    if types.0 != types.1 {
        return Err(differ("key type", types.0, types.1));
    }
    let usages = (old.record.usage, new.record.usage);
    if usages.0 != usages.1 {
        return Err(differ("key usage", usages.0.as_str(), usages.1.as_str()));
    }
    Ok(())
}

const fn key_type(spec: KeySpec) -> &'static str {
    match spec {
        KeySpec::SymmetricDefault => "SYMMETRIC",
        KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => "HMAC",
        _ => "ASYMMETRIC",
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aliasName", &self.alias_name);
        to.text("targetKeyId", &self.target_key_id);
    }
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyUsage};
    use keyward_testkit::{
        KeyRequest, PENDING_DELETION, Refused, TestApp, denied_by_policy, resource,
    };
    use serde_json::json;

    const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/app";

    fn request() -> KeyRequest {
        KeyRequest::new("UpdateAlias", json!({})).target().prepared(|root, key| {
            Box::pin(async move {
                let name = format!("alias/of-{key}");
                let old = root.create_key().await;
                let _ = root
                    .call("CreateAlias", json!({ "AliasName": name, "TargetKeyId": old }))
                    .await;
                json!({ "AliasName": name })
            })
        })
    }

    #[tokio::test]
    async fn an_alias_moves_to_another_key_and_keeps_its_creation_date() {
        let app = TestApp::new().await;
        let root = app.root();
        let (old, new) = (root.create_key().await, root.create_key().await);
        root.create_alias("alias/app", &old).await;
        let listed = json!({ "KeyId": old });
        let before = root.ok("ListAliases", listed).await["Aliases"][0].clone();
        app.clock().advance_days(1);
        root.ok("UpdateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": new })).await;
        assert_eq!(root.describe("alias/app").await["KeyId"], new.as_str());
        let after = root.ok("ListAliases", json!({ "KeyId": new })).await["Aliases"][0].clone();
        assert_eq!(after["CreationDate"], before["CreationDate"]);
        let moved = before["LastUpdatedDate"].as_f64().unwrap() + 86_400.0;
        assert_eq!(after["LastUpdatedDate"].as_f64(), Some(moved));
    }

    #[tokio::test]
    async fn moving_an_alias_to_its_own_key_works() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        root.create_alias("alias/app", &key).await;
        root.ok("UpdateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": key })).await;
        assert_eq!(root.describe("alias/app").await["KeyId"], key.as_str());
    }

    #[tokio::test]
    async fn an_alias_leaves_a_key_pending_deletion_but_does_not_move_to_one() {
        let app = TestApp::new().await;
        let root = app.root();
        let (old, new) = (root.create_key().await, root.create_key().await);
        root.create_alias("alias/app", &old).await;
        root.schedule_deletion(&old).await;
        root.ok("UpdateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": new })).await;
        request().answers_by_state(PENDING_DELETION).await;
    }

    #[tokio::test]
    async fn both_keys_are_of_one_type_and_usage() {
        let app = TestApp::new().await;
        let root = app.root();
        let kinds = [
            (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac),
            (KeySpec::Rsa2048, KeyUsage::EncryptDecrypt),
            (KeySpec::Rsa2048, KeyUsage::SignVerify),
            (KeySpec::EccNistP256, KeyUsage::SignVerify),
        ];
        let mut keys = Vec::new();
        for (spec, usage) in kinds {
            keys.push(root.create_key_of(spec, usage).await);
        }
        let symmetric = root.create_key().await;
        let [hmac, encrypts, signs, also_signs] = &*keys else { panic!("four keys") };
        let differ = |what: &str, old: &str, new: &str| {
            Some(Refused::new(
                "ValidationException",
                format!(
                    "Alias {ALIAS} cannot be changed from a CMK with {what} {old} to a CMK with {what} \
                 {new}. The {what} of the current CMK and the new CMK must be the same."
                ),
            ))
        };
        for (old, new, expected) in [
            (&symmetric, hmac, differ("key type", "SYMMETRIC", "HMAC")),
            (hmac, signs, differ("key type", "HMAC", "ASYMMETRIC")),
            (encrypts, signs, differ("key usage", "ENCRYPT_DECRYPT", "SIGN_VERIFY")),
            (signs, also_signs, None),
        ] {
            root.create_alias("alias/app", old).await;
            let input = json!({ "AliasName": "alias/app", "TargetKeyId": new });
            assert_eq!(root.call("UpdateAlias", input).await.err(), expected);
            root.ok("DeleteAlias", json!({ "AliasName": "alias/app" })).await;
        }
    }

    #[tokio::test]
    async fn an_absent_alias_is_not_found() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for target in [&key, "nonsense"] {
            let input = json!({ "AliasName": "alias/app", "TargetKeyId": target });
            let refused = root.refused("UpdateAlias", input).await;
            let message = format!("Alias {ALIAS} is not found.");
            assert_eq!(refused, Refused::new("NotFoundException", message));
        }
    }

    #[tokio::test]
    async fn a_name_that_breaks_a_rule_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let input = json!({ "AliasName": "app", "TargetKeyId": "nonsense" });
        let refused = root.refused("UpdateAlias", input).await;
        assert!(refused.message().starts_with("Alias must start with the prefix \"alias/\"."));
    }

    #[tokio::test]
    async fn the_target_is_a_key_id_or_arn_never_an_alias() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn keys_of_other_accounts_and_of_services_are_no_targets() {
        request().is_denied_elsewhere("kms:UpdateAlias").await;
        request().is_denied_on_aws_managed_keys("kms:UpdateAlias").await;
    }

    #[tokio::test]
    async fn the_alias_of_a_service_stays_where_it_is() {
        let app = TestApp::new().await;
        let root = app.root();
        let (key, managed) = (root.create_key().await, root.aws_managed_key().await);
        let input = json!({ "AliasName": "alias/aws/s3", "TargetKeyId": key });
        let refused = root.refused("UpdateAlias", input).await;
        assert_eq!(refused, denied_by_policy("kms:UpdateAlias", &root.arn(&managed).await));
    }

    #[tokio::test]
    async fn the_record_names_the_alias_and_the_new_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let (old, new) = (root.create_key().await, root.create_key().await);
        let arn = root.arn(&new).await;
        root.create_alias("alias/app", &old).await;
        root.ok("UpdateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": arn })).await;
        let expected = json!({
            "requestParameters": { "aliasName": "alias/app", "targetKeyId": arn },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(ALIAS), resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
