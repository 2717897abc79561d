//! Every operation offered, one line each.

use keyward_engine::{Entry, entry};

use crate::cancel_key_deletion::CancelKeyDeletion;
use crate::connect_custom_key_store::ConnectCustomKeyStore;
use crate::create_alias::CreateAlias;
use crate::create_custom_key_store::CreateCustomKeyStore;
use crate::create_grant::CreateGrant;
use crate::create_key::CreateKey;
use crate::decapsulate::Decapsulate;
use crate::decrypt::Decrypt;
use crate::delete_alias::DeleteAlias;
use crate::delete_custom_key_store::DeleteCustomKeyStore;
use crate::delete_imported_key_material::DeleteImportedKeyMaterial;
use crate::derive_shared_secret::DeriveSharedSecret;
use crate::describe_custom_key_stores::DescribeCustomKeyStores;
use crate::describe_key::DescribeKey;
use crate::disable_key::DisableKey;
use crate::disable_key_rotation::DisableKeyRotation;
use crate::disconnect_custom_key_store::DisconnectCustomKeyStore;
use crate::enable_key::EnableKey;
use crate::enable_key_rotation::EnableKeyRotation;
use crate::encapsulate::Encapsulate;
use crate::encrypt::Encrypt;
use crate::generate_data_key::GenerateDataKey;
use crate::generate_data_key_pair::GenerateDataKeyPair;
use crate::generate_data_key_pair_without_plaintext::GenerateDataKeyPairWithoutPlaintext;
use crate::generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintext;
use crate::generate_mac::GenerateMac;
use crate::generate_random::GenerateRandom;
use crate::get_key_last_usage::GetKeyLastUsage;
use crate::get_key_policy::GetKeyPolicy;
use crate::get_key_rotation_status::GetKeyRotationStatus;
use crate::get_parameters_for_import::GetParametersForImport;
use crate::get_public_key::GetPublicKey;
use crate::import_key_material::ImportKeyMaterial;
use crate::list_aliases::ListAliases;
use crate::list_grants::ListGrants;
use crate::list_key_policies::ListKeyPolicies;
use crate::list_key_rotations::ListKeyRotations;
use crate::list_keys::ListKeys;
use crate::list_resource_tags::ListResourceTags;
use crate::list_retirable_grants::ListRetirableGrants;
use crate::put_key_policy::PutKeyPolicy;
use crate::re_encrypt::ReEncrypt;
use crate::replicate_key::ReplicateKey;
use crate::retire_grant::RetireGrant;
use crate::revoke_grant::RevokeGrant;
use crate::rotate_key_on_demand::RotateKeyOnDemand;
use crate::schedule_key_deletion::ScheduleKeyDeletion;
use crate::sign::Sign;
use crate::tag_resource::TagResource;
use crate::untag_resource::UntagResource;
use crate::update_alias::UpdateAlias;
use crate::update_custom_key_store::UpdateCustomKeyStore;
use crate::update_key_description::UpdateKeyDescription;
use crate::update_primary_region::UpdatePrimaryRegion;
use crate::verify::Verify;
use crate::verify_mac::VerifyMac;

/// Every operation offered, in the order of names.
pub static OPERATIONS: &[Entry] = &[
    entry::<CancelKeyDeletion>(),
    entry::<ConnectCustomKeyStore>(),
    entry::<CreateAlias>(),
    entry::<CreateCustomKeyStore>(),
    entry::<CreateGrant>(),
    entry::<CreateKey>(),
    entry::<Decapsulate>(),
    entry::<Decrypt>(),
    entry::<DeleteAlias>(),
    entry::<DeleteCustomKeyStore>(),
    entry::<DeleteImportedKeyMaterial>(),
    entry::<DeriveSharedSecret>(),
    entry::<DescribeCustomKeyStores>(),
    entry::<DescribeKey>(),
    entry::<DisableKey>(),
    entry::<DisableKeyRotation>(),
    entry::<DisconnectCustomKeyStore>(),
    entry::<EnableKey>(),
    entry::<EnableKeyRotation>(),
    entry::<Encapsulate>(),
    entry::<Encrypt>(),
    entry::<GenerateDataKey>(),
    entry::<GenerateDataKeyPair>(),
    entry::<GenerateDataKeyPairWithoutPlaintext>(),
    entry::<GenerateDataKeyWithoutPlaintext>(),
    entry::<GenerateMac>(),
    entry::<GenerateRandom>(),
    entry::<GetKeyLastUsage>(),
    entry::<GetKeyPolicy>(),
    entry::<GetKeyRotationStatus>(),
    entry::<GetParametersForImport>(),
    entry::<GetPublicKey>(),
    entry::<ImportKeyMaterial>(),
    entry::<ListAliases>(),
    entry::<ListGrants>(),
    entry::<ListKeyPolicies>(),
    entry::<ListKeyRotations>(),
    entry::<ListKeys>(),
    entry::<ListResourceTags>(),
    entry::<ListRetirableGrants>(),
    entry::<PutKeyPolicy>(),
    entry::<ReEncrypt>(),
    entry::<ReplicateKey>(),
    entry::<RetireGrant>(),
    entry::<RevokeGrant>(),
    entry::<RotateKeyOnDemand>(),
    entry::<ScheduleKeyDeletion>(),
    entry::<Sign>(),
    entry::<TagResource>(),
    entry::<UntagResource>(),
    entry::<UpdateAlias>(),
    entry::<UpdateCustomKeyStore>(),
    entry::<UpdateKeyDescription>(),
    entry::<UpdatePrimaryRegion>(),
    entry::<Verify>(),
    entry::<VerifyMac>(),
];

/// The operation of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    OPERATIONS.binary_search_by(|entry| entry.name.cmp(name)).ok().and_then(|at| OPERATIONS.get(at))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use keyward_engine::record_disagreements;
    use keyward_shape::disagreements;

    use super::*;
    use crate::constraints::tests::SAMPLES;

    #[test]
    fn every_request_has_the_members_of_the_model() {
        for entry in OPERATIONS {
            let written: BTreeSet<_> = (entry.input_members)().unwrap().iter().copied().collect();
            let model: BTreeSet<_> =
                entry.model.input.members.iter().map(|member| member.name).collect();
            assert_eq!(written, model, "{}", entry.name);
        }
    }

    /// Among the bodies tried is every word of every enum.
    #[test]
    fn every_request_is_read_exactly_when_the_validator_finds_nothing() {
        for entry in OPERATIONS {
            let found = disagreements(entry.model.input, SAMPLES, entry.readings);
            assert_eq!(found, Vec::<String>::new(), "{}", entry.name);
        }
    }

    #[test]
    fn a_request_shows_the_same_whether_its_shape_or_its_model_is_asked() {
        let disagree = |entry: &'static Entry| {
            let found = record_disagreements(entry, SAMPLES);
            (!found.is_empty()).then_some((entry.name, found))
        };
        assert_eq!(OPERATIONS.iter().filter_map(disagree).collect::<Vec<_>>(), []);
    }

    #[test]
    fn an_entry_has_the_name_of_its_model_and_is_found_by_it() {
        assert!(OPERATIONS.is_sorted_by(|a, b| a.name < b.name));
        for entry in OPERATIONS {
            assert_eq!(entry.name, entry.model.name);
            assert!(find(entry.name).is_some_and(|found| std::ptr::eq(found, entry)));
        }
        for name in ["", "Encrypt ", "encrypt", "Encryp", "Encrypts", "Zzz"] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
