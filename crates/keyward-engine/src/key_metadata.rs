//! `KeyMetadata`: what DescribeKey and CreateKey answer, and what records say of a key that was made.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>

use keyward_audit::{Fragment, JsonObject, java_date};
use keyward_model::{
    AccountId, EncapsulationAlgorithm, EncryptionAlgorithm, ExpirationModel, KeyAgreementAlgorithm,
    KeyArn, KeyId, KeyManager, KeyMaterialId, KeySpec, KeyState, KeyUsage, MacAlgorithm,
    MultiRegionKeyType, MultiRegionSet, Origin, Region, SigningAlgorithm, Timestamp,
};
use keyward_store::KeyRecord;
use serde::Serialize;

use crate::{Engine, Key, Version};

/// `KeyMetadata`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyMetadata {
    #[serde(rename = "AWSAccountId")]
    aws_account_id: AccountId,
    key_id: KeyId,
    arn: String,
    creation_date: Timestamp,
    enabled: bool,
    description: String,
    key_usage: KeyUsage,
    key_state: KeyState,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<Timestamp>,
    origin: Origin,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_model: Option<ExpirationModel>,
    key_manager: KeyManager,
    customer_master_key_spec: KeySpec,
    key_spec: KeySpec,
    #[serde(flatten)]
    algorithms: Algorithms,
    multi_region: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_region_configuration: Option<MultiRegionConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_deletion_window_in_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_key_material_id: Option<KeyMaterialId>,
}

/// The algorithms of a key, under the one member its usage decides.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Algorithms {
    /// Of encapsulation.
    #[serde(rename = "EncapsulationAlgorithms")]
    Encapsulation(&'static [EncapsulationAlgorithm]),
    /// Of encryption.
    #[serde(rename = "EncryptionAlgorithms")]
    Encryption(&'static [EncryptionAlgorithm]),
    /// Of key agreement.
    #[serde(rename = "KeyAgreementAlgorithms")]
    KeyAgreement(&'static [KeyAgreementAlgorithm]),
    /// Of message authentication.
    #[serde(rename = "MacAlgorithms")]
    Mac(&'static [MacAlgorithm]),
    /// Of signatures.
    #[serde(rename = "SigningAlgorithms")]
    Signing(&'static [SigningAlgorithm]),
}

impl Algorithms {
    /// Those of a key of this spec and usage.
    pub const fn of(spec: KeySpec, usage: KeyUsage) -> Self {
        match usage {
            KeyUsage::EncapsulateDecapsulate => {
                Self::Encapsulation(spec.encapsulation_algorithms())
            }
            KeyUsage::EncryptDecrypt => Self::Encryption(spec.encryption_algorithms()),
            KeyUsage::GenerateVerifyMac => Self::Mac(spec.mac_algorithms()),
            KeyUsage::KeyAgreement => Self::KeyAgreement(spec.key_agreement_algorithms()),
            KeyUsage::SignVerify => Self::Signing(spec.signing_algorithms()),
        }
    }

    fn record(self, to: &mut JsonObject<'_>) {
        match self {
            Self::Encapsulation(all) => {
                to.texts("encapsulationAlgorithms", all.iter().map(|it| it.as_str()));
            }
            Self::Encryption(all) => {
                to.texts("encryptionAlgorithms", all.iter().map(|it| it.as_str()));
            }
            Self::KeyAgreement(all) => {
                to.texts("keyAgreementAlgorithms", all.iter().map(|it| it.as_str()));
            }
            Self::Mac(all) => to.texts("macAlgorithms", all.iter().map(|it| it.as_str())),
            Self::Signing(all) => {
                to.texts("signingAlgorithms", all.iter().map(|it| it.as_str()));
            }
        }
    }
}

/// `MultiRegionConfiguration`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MultiRegionConfiguration {
    multi_region_key_type: MultiRegionKeyType,
    primary_key: MultiRegionKey,
    replica_keys: Vec<MultiRegionKey>,
}

/// A member of a multi-Region key's set.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MultiRegionKey {
    arn: String,
    region: String,
}

impl KeyMetadata {
    /// The metadata of a key.
    pub fn of(engine: &Engine, key: &Key) -> Self {
        let is_present = key.current().is_some_and(Version::is_present);
        let valid_to = key.expires_at().filter(|_| is_present);
        let expiration_model =
            (key.record.origin == Origin::External && is_present).then_some(match valid_to {
                Some(_) => ExpirationModel::KeyMaterialExpires,
                None => ExpirationModel::KeyMaterialDoesNotExpire,
            });
        Self { valid_to, expiration_model, ..Self::of_new(engine, &key.record) }
    }

    /// The metadata of a key whose row is about to be written; nothing was imported yet.
    pub fn of_new(engine: &Engine, record: &KeyRecord) -> Self {
        let is_symmetric = record.spec == KeySpec::SymmetricDefault;
        let is_waiting = record.state == KeyState::PendingReplicaDeletion;
        let configuration = |set| MultiRegionConfiguration::of(engine, record, set);
        Self {
            aws_account_id: record.key.scope.account,
            key_id: record.key.key_id,
            arn: engine.key_arn(&record.key).to_string(),
            creation_date: record.created_at,
            enabled: record.state == KeyState::Enabled,
            description: record.description.clone(),
            key_usage: record.usage,
            key_state: record.state,
            deletion_date: record.deletion_date,
            valid_to: None,
            origin: record.origin,
            expiration_model: None,
            key_manager: record.manager,
            customer_master_key_spec: record.spec,
            key_spec: record.spec,
            algorithms: Algorithms::of(record.spec, record.usage),
            multi_region: record.multi_region.is_some(),
            multi_region_configuration: record.multi_region.as_ref().map(configuration),
            pending_deletion_window_in_days: record.pending_window_days.filter(|_| is_waiting),
            current_key_material_id: record.current_material.filter(|_| is_symmetric),
        }
    }

    /// `responseElements` of the record of CreateKey.
    pub fn of_creation(&self) -> Fragment {
        let mut fragment = Fragment::default();
        fragment.add().object("keyMetadata", |to| self.record(to));
        fragment
    }

    /// The members in the audit record's form.
    pub fn record(&self, to: &mut JsonObject<'_>) {
        to.text("aWSAccountId", self.aws_account_id.as_str());
        to.text("keyId", self.key_id.as_str());
        to.text("arn", &self.arn);
        to.display("creationDate", java_date(self.creation_date));
        to.boolean("enabled", self.enabled);
        to.text("description", &self.description);
        to.text("keyUsage", self.key_usage.as_str());
        to.text("keyState", self.key_state.as_str());
        to.text("origin", self.origin.as_str());
        to.text("keyManager", self.key_manager.as_str());
        to.text("customerMasterKeySpec", self.customer_master_key_spec.as_str());
        to.text("keySpec", self.key_spec.as_str());
        self.algorithms.record(to);
        to.boolean("multiRegion", self.multi_region);
        if let Some(configuration) = &self.multi_region_configuration {
            to.object("multiRegionConfiguration", |to| configuration.record(to));
        }
        if let Some(id) = self.current_key_material_id {
            to.display("currentKeyMaterialId", id);
        }
    }
}

impl MultiRegionConfiguration {
    fn of(engine: &Engine, record: &KeyRecord, set: &MultiRegionSet) -> Self {
        let scope = &record.key.scope;
        let member = |region: &Region| {
            let arn = KeyArn {
                partition: engine.partition(),
                region: region.clone(),
                account: scope.account,
                key_id: record.key.key_id,
            };
            MultiRegionKey { arn: arn.to_string(), region: region.to_string() }
        };
        Self {
            multi_region_key_type: set.role_in(&scope.region),
            primary_key: member(&set.primary),
            replica_keys: set.replicas.iter().map(member).collect(),
        }
    }

    fn record(&self, to: &mut JsonObject<'_>) {
        let member = |to: &mut JsonObject<'_>, key: &MultiRegionKey| {
            to.text("arn", &key.arn);
            to.text("region", &key.region);
        };
        to.text("multiRegionKeyType", self.multi_region_key_type.as_str());
        to.object("primaryKey", |to| member(to, &self.primary_key));
        to.objects("replicaKeys", &self.replica_keys, member);
    }
}
