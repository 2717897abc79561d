//! The one change an operation makes.

use keyward_model::{AccessKeyId, AccountId, GrantId, KeyMaterialId, Timestamp};

use crate::{
    AccountRecord, AliasRecord, AuditRow, CredentialOwner, CredentialRecord, EntityKind,
    EntityName, EntityRecord, EntityTarget, GrantFingerprint, GrantRecord, ImportTokenId,
    ImportWrappingKeyRecord, KeyRecord, LastUseRecord, MaterialRecord, PolicyRecord,
    PrincipalUseRecord, Scope, ScopedAlias, ScopedKey, ServiceRecord, StaleRow, StoreError,
    TagRecord, TrailCursorRecord, TrailDigestRecord, TrailFileRecord, TrailObject,
    TrailSigningKeyRecord, TrailValues,
};

/// The place of a write in its shard: dense, and in the order of commits. A row's number is that
/// of the change that last wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChangeNumber {
    /// One of 64 shards, by hash of the object.
    pub shard: u8,
    /// Counts up from 1 within the shard.
    pub number: u64,
}

/// A record with the number of the change that last wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The record.
    pub record: T,
    /// Its change number.
    pub change: ChangeNumber,
}

/// Preconditions and writes that become one transaction, with the audit record of the request that
/// asked for them.
#[derive(Debug, Default)]
pub struct Change {
    /// What the decision rests on.
    pub preconditions: Vec<Precondition>,
    /// What to write, in this order.
    pub writes: Vec<Write>,
    /// The audit records that commit with the writes.
    pub audit: Vec<AuditRow>,
}

/// Something that must still be true when the change commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The alias does not exist.
    AliasAbsent(ScopedAlias),
    /// The alias was last written by this change.
    AliasAt(ScopedAlias, ChangeNumber),
    /// Fewer than this many aliases point to the key.
    AliasesBelow(ScopedKey, u32),
    /// The access key is there.
    CredentialPresent(AccessKeyId),
    /// The owner has fewer than this many access keys in the account.
    CredentialsBelow(AccountId, CredentialOwner, u32),
    /// No entity has this name.
    EntityAbsent(EntityName),
    /// The entity was last written by this change.
    EntityAt(EntityName, ChangeNumber),
    /// The account has fewer than this many entities of this kind.
    EntitiesBelow(AccountId, EntityKind, u32),
    /// The key has no grant with this fingerprint.
    GrantAbsent(ScopedKey, GrantFingerprint),
    /// The key has this grant.
    GrantPresent(ScopedKey, GrantId),
    /// The key has fewer than this many grants.
    GrantsBelow(ScopedKey, u32),
    /// The key does not exist.
    KeyAbsent(ScopedKey),
    /// The key was last written by this change.
    KeyAt(ScopedKey, ChangeNumber),
    /// The account holds fewer than this many customer managed keys in the Region.
    KeysBelow(Scope, u32),
    /// No entity names the target.
    NotReferenced(EntityTarget),
    /// The key carries at most this many tags once the writes are done.
    TagsAtMost(ScopedKey, u32),
}

/// One row written or removed.
#[derive(Debug)]
pub enum Write {
    /// Removes an alias.
    DeleteAlias(ScopedAlias),
    /// Removes an access key with its last use.
    DeleteCredential(AccessKeyId),
    /// Removes an entity, a role with its last use. To rename one, remove it before it is put under
    /// its new name in the same change: a unique id stands once.
    DeleteEntity(EntityName),
    /// Removes a grant.
    DeleteGrant(ScopedKey, GrantId),
    /// Removes an import wrapping key.
    DeleteImportWrappingKey(ImportTokenId),
    /// Removes a key with its material, policy, grants, aliases, tags, import wrapping keys and last
    /// use. Each alias removed takes a number of its own shard, the grants one of theirs.
    DeleteKey(ScopedKey),
    /// Removes one version of a key's material.
    DeleteMaterial(ScopedKey, KeyMaterialId),
    /// Removes a service, by name and account.
    DeleteService(String, AccountId),
    /// Removes a tag.
    DeleteTag(ScopedKey, String),
    /// Removes the cursor of a reader of the journal, by name.
    DeleteTrailCursor(String),
    /// Removes the digest with this end.
    DeleteTrailDigest(Scope, Timestamp),
    /// Removes a log file with its values.
    DeleteTrailFile(TrailObject),
    /// Removes the values of a log file.
    DeleteTrailValues(TrailObject),
    /// Adds an account.
    PutAccount(AccountRecord),
    /// Adds or replaces an alias.
    PutAlias(AliasRecord),
    /// Adds or replaces an access key.
    PutCredential(CredentialRecord),
    /// Adds or replaces an entity, also in another spelling of its name.
    PutEntity(Box<EntityRecord>),
    /// Adds or replaces a grant; an error when another grant of the key has its fingerprint.
    PutGrant(Box<GrantRecord>),
    /// Adds or replaces an import wrapping key.
    PutImportWrappingKey(Box<ImportWrappingKeyRecord>),
    /// Adds or replaces a key.
    PutKey(Box<KeyRecord>),
    /// Remembers a use of a key. One that is not newer than the use remembered changes nothing, nor
    /// does one of a key that is gone: uses are written late.
    PutLastUse(LastUseRecord),
    /// Adds or replaces one version of a key's material.
    PutMaterial(MaterialRecord),
    /// Adds or replaces a key policy.
    PutPolicy(PolicyRecord),
    /// Remembers a use of an access key or role, as `PutLastUse` does one of a key.
    PutPrincipalUse(PrincipalUseRecord),
    /// Adds or replaces a service.
    PutService(Box<ServiceRecord>),
    /// Adds or replaces a tag.
    PutTag(TagRecord),
    /// Adds or replaces the cursor of a reader of the journal.
    PutTrailCursor(TrailCursorRecord),
    /// Adds or replaces a digest.
    PutTrailDigest(Box<TrailDigestRecord>),
    /// Adds or replaces a log file; its values stay.
    PutTrailFile(Box<TrailFileRecord>),
    /// Adds or replaces a key that signs digests.
    PutTrailSigningKey(Box<TrailSigningKeyRecord>),
    /// Adds values of a log file; an error when there is no such file.
    PutTrailValues(Box<TrailValues>),
    /// Replaces a row's sealed value, or only its authentication code, under the current domain key.
    /// A row that is gone or holds another sealed value by now is left alone; one whose present
    /// code does not fit is an error.
    Reseal(StaleRow),
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The number given to each write, in the order of the writes. A write that found nothing to do
    /// has taken a number too.
    pub changes: Vec<ChangeNumber>,
}

/// Why a change did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A precondition failed: the operation decides again.
    #[error("a precondition no longer holds")]
    Conflict(Precondition),
    /// A count stands at its limit; carries the count found, for `TagsAtMost` with the writes done.
    #[error("a count stands at its limit")]
    AtLimit(Precondition, u32),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ChangeNumber {
    /// How many shards there are.
    pub const SHARDS: u8 = 64;

    /// The shard of the object with this identity: FNV-1a, so that every backend and every release
    /// picks the same one.
    pub fn shard_of(identity: &[&[u8]]) -> u8 {
        let mut hash: u32 = 0x811c_9dc5;
        for byte in identity.iter().flat_map(|part| part.iter().chain(&[0])) {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
        let [low, ..] = hash.to_le_bytes();
        low % Self::SHARDS
    }
}
