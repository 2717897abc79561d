//! Every operation offered, one line each.

use keyward_engine::{Entry, entry};

use crate::cancel_key_deletion::CancelKeyDeletion;
use crate::create_alias::CreateAlias;
use crate::create_key::CreateKey;
use crate::decrypt::Decrypt;
use crate::delete_alias::DeleteAlias;
use crate::describe_key::DescribeKey;
use crate::disable_key::DisableKey;
use crate::enable_key::EnableKey;
use crate::encrypt::Encrypt;
use crate::generate_data_key::GenerateDataKey;
use crate::generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintext;
use crate::generate_random::GenerateRandom;
use crate::get_key_policy::GetKeyPolicy;
use crate::list_aliases::ListAliases;
use crate::list_key_policies::ListKeyPolicies;
use crate::list_keys::ListKeys;
use crate::list_resource_tags::ListResourceTags;
use crate::put_key_policy::PutKeyPolicy;
use crate::re_encrypt::ReEncrypt;
use crate::schedule_key_deletion::ScheduleKeyDeletion;
use crate::tag_resource::TagResource;
use crate::untag_resource::UntagResource;
use crate::update_alias::UpdateAlias;
use crate::update_key_description::UpdateKeyDescription;

/// Every operation offered, in the order of names.
pub static OPERATIONS: &[Entry] = &[
    entry::<CancelKeyDeletion>(),
    entry::<CreateAlias>(),
    entry::<CreateKey>(),
    entry::<Decrypt>(),
    entry::<DeleteAlias>(),
    entry::<DescribeKey>(),
    entry::<DisableKey>(),
    entry::<EnableKey>(),
    entry::<Encrypt>(),
    entry::<GenerateDataKey>(),
    entry::<GenerateDataKeyWithoutPlaintext>(),
    entry::<GenerateRandom>(),
    entry::<GetKeyPolicy>(),
    entry::<ListAliases>(),
    entry::<ListKeyPolicies>(),
    entry::<ListKeys>(),
    entry::<ListResourceTags>(),
    entry::<PutKeyPolicy>(),
    entry::<ReEncrypt>(),
    entry::<ScheduleKeyDeletion>(),
    entry::<TagResource>(),
    entry::<UntagResource>(),
    entry::<UpdateAlias>(),
    entry::<UpdateKeyDescription>(),
];

/// The operation of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    OPERATIONS.binary_search_by(|entry| entry.name.cmp(name)).ok().and_then(|at| OPERATIONS.get(at))
}
