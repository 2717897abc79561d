//! `KeyMetadata`: what DescribeKey and CreateKey answer.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>

use keyward_audit::{JsonObject, java_date};
use keyward_model::{
    AccountId, EncryptionAlgorithm, KeyId, KeyManager, KeyMaterialId, KeySpec, KeyState, KeyUsage,
    Origin, Region, Timestamp,
};
use keyward_store::KeyRecord;
use serde::Serialize;

/// `KeyMetadata`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyMetadata {
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
    origin: Origin,
    key_manager: KeyManager,
    customer_master_key_spec: KeySpec,
    key_spec: KeySpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_algorithms: Option<&'static [EncryptionAlgorithm]>,
    multi_region: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_region_configuration: Option<MultiRegionConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_key_material_id: Option<KeyMaterialId>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MultiRegionConfiguration {
    multi_region_key_type: &'static str,
    primary_key: MultiRegionKey,
    replica_keys: [MultiRegionKey; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MultiRegionKey {
    arn: String,
    region: String,
}

impl KeyMetadata {
    /// The metadata of a key.
    pub(crate) fn of(record: &KeyRecord, arn: &str) -> Self {
        let encrypts = record.usage == KeyUsage::EncryptDecrypt;
        let region = &record.key.scope.region;
        Self {
            aws_account_id: record.key.scope.account,
            key_id: record.key.key_id,
            arn: arn.to_owned(),
            creation_date: record.created_at,
            enabled: record.state == KeyState::Enabled,
            description: record.description.clone(),
            key_usage: record.usage,
            key_state: record.state,
            deletion_date: record.deletion_date,
            origin: record.origin,
            key_manager: record.manager,
            customer_master_key_spec: record.spec,
            key_spec: record.spec,
            encryption_algorithms: encrypts.then(|| record.spec.encryption_algorithms()),
            multi_region: record.is_multi_region,
            multi_region_configuration: record.is_multi_region.then(|| primary(arn, region)),
            current_key_material_id: record.current_material,
        }
    }

    /// The members in the audit record's form.
    pub(crate) fn record(&self, to: &mut JsonObject<'_>) {
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
        if let Some(algorithms) = self.encryption_algorithms {
            to.texts("encryptionAlgorithms", algorithms.iter().map(|algorithm| algorithm.as_str()));
        }
        to.boolean("multiRegion", self.multi_region);
        if let Some(configuration) = &self.multi_region_configuration {
            to.object("multiRegionConfiguration", |to| {
                to.text("multiRegionKeyType", configuration.multi_region_key_type);
                to.object("primaryKey", |to| {
                    to.text("arn", &configuration.primary_key.arn);
                    to.text("region", &configuration.primary_key.region);
                });
                to.texts("replicaKeys", [""; 0]);
            });
        }
        if let Some(id) = self.current_key_material_id {
            to.display("currentKeyMaterialId", id);
        }
    }
}

/// A multi-Region key is born as the primary of a set of one.
fn primary(arn: &str, region: &Region) -> MultiRegionConfiguration {
    MultiRegionConfiguration {
        multi_region_key_type: "PRIMARY",
        primary_key: MultiRegionKey { arn: arn.to_owned(), region: region.to_string() },
        replica_keys: [],
    }
}
