//! CreateKey: makes a KMS key in the caller's account and the request's Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Engine, KeyCreation, KeyMetadata, Kind, OpError, Operation, op_error};
use keyward_model::{
    KeyId, KeyManager, KeySpec, KeyState, KeyUsage, MultiRegionKeyType, MultiRegionSet, Origin,
};
use keyward_shape::{OneOf, Text};
use keyward_store::{KeyRecord, Precondition, Rotation, Write};
use serde::{Deserialize, Serialize};

use crate::constraints::{
    self, CreateKeyCustomerMasterKeySpec, CustomKeyStoreIdType, DescriptionType, KeyUsageType,
    OriginType, PolicyType, XksKeyIdType,
};
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
        let policy = match &input.policy {
            Some(policy) => Some(key_policy::check(cx, policy).await?),
            None => None,
        };
        let account = cx.authorize_account("*", input.action(usage)).await?;
        if !input.tags.is_empty() {
            let asked = action::TagResource { tags: tags::put_on_new_key(&input.tags) };
            cx.authorize_account("*", asked).await?;
        }
        input.require_offered(cx.engine())?;

        let mut record = input.record(cx, usage);
        let key = record.key.clone();
        if let Some(policy) = &policy {
            let bypasses = input.bypass_policy_lockout_safety_check;
            policy.require_control(cx, &record, tags::of_key(&input.tags), bypasses).await?;
        }
        let material = match input.origin() {
            Origin::AwsKms => Some(cx.new_material(&account, &key, input.spec()).await?),
            _ => None,
        };
        if let Some(material) = &material {
            record.state = KeyState::Enabled;
            record.current_material = Some(material.material_id);
        }
        let key_metadata = KeyMetadata::of_new(cx.engine(), &record);
        cx.note_new_key(cx.engine().key_arn(&key));
        cx.require(Precondition::KeysBelow(cx.scope(), cx.engine().quotas().keys));
        let policy = key_policy::record(cx.engine(), policy, key.clone());
        let writes = [Write::PutKey(Box::new(record)), Write::PutPolicy(policy)];
        cx.stage_in_account(&account, writes);
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

    /// The row of a key that has no material yet.
    fn record(&self, cx: &Cx, usage: KeyUsage) -> KeyRecord {
        let multi_region = || MultiRegionSet::of_primary(cx.region().clone());
        KeyRecord {
            key: cx.scope().key(self.new_id(cx)),
            spec: self.spec(),
            usage,
            origin: self.origin(),
            manager: KeyManager::Customer,
            state: KeyState::PendingImport,
            multi_region: self.multi_region.unwrap_or_default().then(multi_region),
            description: self.description.as_deref().unwrap_or_default().to_owned(),
            created_at: cx.now(),
            deletion_date: None,
            pending_window_days: None,
            current_material: None,
            rotation: Rotation::default(),
            settles_at: None,
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        let bypasses = self.bypass_policy_lockout_safety_check;
        let creation = KeyCreation {
            usage: self.key_usage.map_or(KeyUsage::EncryptDecrypt, OneOf::into_inner),
            description: self.description.as_deref().unwrap_or_default(),
            origin: self.origin(),
            is_multi_region: self.multi_region.unwrap_or_default(),
            spec: self.spec(),
            bypasses_lockout_check: bypasses.unwrap_or_default(),
        };
        creation.record(to, tags::pairs(&self.tags));
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
