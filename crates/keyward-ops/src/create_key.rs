//! CreateKey: makes a KMS key in the caller's account and the request's Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>

use std::collections::BTreeMap;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Engine, Kind, OpError, Operation, op_error};
use keyward_model::{
    KeyId, KeyManager, KeySpec, KeyState, KeyUsage, MultiRegionKeyType, MultiRegionSet, Origin,
};
use keyward_policy::default_key_policy;
use keyward_shape::{OneOf, Text};
use keyward_store::{KeyRecord, PolicyRecord, Precondition, Rotation, Write};
use serde::{Deserialize, Serialize};

use crate::constraints::{
    self, CreateKeyCustomerMasterKeySpec, CustomKeyStoreIdType, DescriptionType, KeyUsageType,
    OriginType, PolicyType, XksKeyIdType,
};
use crate::key_metadata::KeyMetadata;
use crate::shape::{Tags, record_text};
use crate::{action, key_policy, tags};

/// The operation.
pub(crate) enum CreateKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy: Option<Text<'a, PolicyType>>,
    #[serde(borrow)]
    description: Option<Text<'a, DescriptionType>>,
    key_usage: Option<OneOf<KeyUsage, KeyUsageType>>,
    customer_master_key_spec: Option<OneOf<KeySpec, CreateKeyCustomerMasterKeySpec>>,
    key_spec: Option<OneOf<KeySpec, constraints::KeySpec>>,
    origin: Option<OneOf<Origin, OriginType>>,
    #[serde(borrow)]
    custom_key_store_id: Option<Text<'a, CustomKeyStoreIdType>>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: Option<bool>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
    multi_region: Option<bool>,
    #[serde(borrow)]
    xks_key_id: Option<Text<'a, XksKeyIdType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_metadata: KeyMetadata,
}

impl Operation for CreateKey {
    const NAME: &'static str = "CreateKey";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_KEY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let usage = input.require_sound()?;
        tags::check(&input.tags)?;
        if let Some(policy) = &input.policy {
            key_policy::check(cx, policy).await?;
        }
        let account = cx.authorize_account("*", input.action(usage)).await?;
        if !input.tags.is_empty() {
            let asked = action::TagResource { tags: tags::put_on_new_key(&input.tags) };
            cx.authorize_account("*", asked).await?;
        }
        input.require_offered(cx.engine())?;

        let key = cx.scope().key(input.new_id(cx));
        let material = match input.origin() {
            Origin::AwsKms => Some(cx.new_material(&account, &key, input.spec()).await?),
            _ => None,
        };
        let multi_region = || MultiRegionSet::of_primary(key.scope.region.clone());
        let record = KeyRecord {
            key: key.clone(),
            spec: input.spec(),
            usage,
            origin: input.origin(),
            manager: KeyManager::Customer,
            state: if material.is_some() { KeyState::Enabled } else { KeyState::PendingImport },
            multi_region: input.multi_region.unwrap_or_default().then(multi_region),
            description: input.description.as_deref().unwrap_or_default().to_owned(),
            created_at: cx.now(),
            deletion_date: None,
            pending_window_days: None,
            current_material: material.as_ref().map(|material| material.material_id),
            rotation: Rotation::default(),
            settles_at: None,
        };
        let key_metadata = KeyMetadata::of_new(cx.engine(), &record);
        cx.note_new_key(cx.engine().key_arn(&key));
        cx.require(Precondition::KeysBelow(cx.scope(), cx.engine().quotas().keys));
        let document = input.document(cx);
        cx.stage_in_account(
            &account,
            [
                Write::PutKey(Box::new(record)),
                Write::PutPolicy(PolicyRecord {
                    key: key.clone(),
                    document,
                    bindings: BTreeMap::new(),
                }),
            ],
        );
        cx.stage_in_account(&account, material.map(Write::PutMaterial));
        cx.stage_in_account(&account, tags::writes(&key, &input.tags));
        Ok(Output { key_metadata })
    }
}

impl Input<'_> {
    fn spec(&self) -> KeySpec {
        let deprecated = self.customer_master_key_spec.map(OneOf::into_inner);
        self.key_spec.map(OneOf::into_inner).or(deprecated).unwrap_or(KeySpec::SymmetricDefault)
    }

    fn action(&self, usage: KeyUsage) -> action::CreateKey<'_> {
        let is_multi_region = self.multi_region.unwrap_or_default();
        action::CreateKey {
            bypasses_lockout_check: self.bypass_policy_lockout_safety_check,
            is_multi_region,
            multi_region_type: is_multi_region.then_some(MultiRegionKeyType::Primary),
            origin: self.origin(),
            spec: self.spec(),
            tags: tags::put_on_new_key(&self.tags),
            usage,
        }
    }

    fn origin(&self) -> Origin {
        self.origin.map_or(Origin::AwsKms, OneOf::into_inner)
    }

    /// Refuses parameters that do not go together; the usage of the key.
    fn require_sound(&self) -> Result<KeyUsage, OpError> {
        if self.key_spec.is_some() && self.customer_master_key_spec.is_some() {
            return Err(op_error!(
                Validation,
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
                 CustomerMasterKeySpec is deprecated."
            ));
        }
        let spec = self.spec();
        let usage = match self.key_usage.map(OneOf::into_inner) {
            Some(usage) => usage,
            None if spec == KeySpec::SymmetricDefault => KeyUsage::EncryptDecrypt,
            None => {
                return Err(op_error!(
                    Validation,
                    "You must specify a KeyUsage value for all KMS keys except for symmetric \
                     encryption keys."
                ));
            }
        };
        if !spec.usages().contains(&usage) {
            return Err(op_error!(
                Validation,
                "KeyUsage {usage} is not compatible with KeySpec {spec}"
            ));
        }
        self.require_sound_origin()?;
        Ok(usage)
    }

    fn require_sound_origin(&self) -> Result<(), OpError> {
        let (spec, origin) = (self.spec(), self.origin());
        if !origin.takes(spec) {
            return Err(op_error!(
                Validation,
                "KeySpec {spec} is not supported for Origin {origin}"
            ));
        }
        let is_in_store = matches!(origin, Origin::AwsCloudHsm | Origin::ExternalKeyStore);
        if is_in_store != self.custom_key_store_id.is_some() {
            let must = if is_in_store { "must" } else { "cannot" };
            return Err(op_error!(
                Validation,
                "CustomKeyStoreId {must} be specified for keys with Origin {origin}."
            ));
        }
        let is_external = origin == Origin::ExternalKeyStore;
        if is_external != self.xks_key_id.is_some() {
            let must = if is_external { "must" } else { "cannot" };
            return Err(op_error!(
                Validation,
                "XksKeyId {must} be specified for keys with Origin {origin}."
            ));
        }
        Ok(())
    }

    /// Refuses kinds of keys that this server does not make.
    fn require_offered(&self, engine: &Engine) -> Result<(), OpError> {
        if let Some(id) = &self.custom_key_store_id {
            return Err(op_error!(
                CustomKeyStoreNotFound,
                "Custom key store {} is not found.",
                id.as_str()
            ));
        }
        let spec = self.spec();
        if !engine.offers(spec) {
            return Err(op_error!(
                UnsupportedOperation,
                "KeySpec {spec} is not supported in this Region."
            ));
        }
        Ok(())
    }

    fn new_id(&self, cx: &Cx) -> KeyId {
        let rng = cx.engine().rng();
        if self.multi_region == Some(true) {
            KeyId::multi_region(rng)
        } else {
            KeyId::single_region(rng)
        }
    }

    fn document(&self, cx: &Cx) -> String {
        let default =
            || default_key_policy(cx.engine().partition().as_str(), cx.caller().account.as_str());
        self.policy.as_deref().map_or_else(default, str::to_owned)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        let usage = self.key_usage.map_or(KeyUsage::EncryptDecrypt, OneOf::into_inner);
        tags::record(to, &self.tags);
        to.text("keyUsage", usage.as_str());
        to.text("description", self.description.as_deref().unwrap_or_default());
        to.text("origin", self.origin().as_str());
        to.boolean("multiRegion", self.multi_region.unwrap_or_default());
        to.text("keySpec", self.spec().as_str());
        to.text("customerMasterKeySpec", self.spec().as_str());
        let bypasses = self.bypass_policy_lockout_safety_check.unwrap_or_default();
        to.boolean("bypassPolicyLockoutSafetyCheck", bypasses);
        record_text(to, "policy", self.policy.as_ref());
        record_text(to, "customKeyStoreId", self.custom_key_store_id.as_ref());
        record_text(to, "xksKeyId", self.xks_key_id.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("keyMetadata", |to| self.key_metadata.record(to));
    }
}

#[cfg(test)]
mod tests;
