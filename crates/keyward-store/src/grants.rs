//! Grants.

use async_trait::async_trait;
use keyward_model::{AccountId, GrantId, GrantOperation, Region, Timestamp, UniqueId};

use crate::{CanonicalRow, ChangeNumber, Scope, ScopedKey, StoreError};

/// Identifies the name and all parameters of a named grant.
pub type GrantFingerprint = [u8; 32];

/// One grant of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// The key.
    pub key: ScopedKey,
    /// `GrantId`: random, so that no two grants of the deployment share one.
    pub grant_id: GrantId,
    /// `Name`.
    pub name: Option<String>,
    /// `GranteePrincipal`.
    pub grantee_principal: Option<String>,
    /// `GranteeServicePrincipal`.
    pub grantee_service_principal: Option<String>,
    /// `RetiringPrincipal`.
    pub retiring_principal: Option<String>,
    /// `RetiringServicePrincipal`.
    pub retiring_service_principal: Option<String>,
    /// `IssuingAccount`.
    pub issuing_account: AccountId,
    /// `Operations`, in the order of the request.
    pub operations: Vec<GrantOperation>,
    /// `Constraints`.
    pub constraints: GrantConstraints,
    /// What makes the same request find this grant again; a key holds each once. Absent without a
    /// name.
    pub fingerprint: Option<GrantFingerprint>,
    /// `CreationDate`.
    pub created_at: Timestamp,
    /// The user or role that the grantee's ARN named when the grant was made; absent for who has no
    /// unique id.
    pub grantee_id: Option<UniqueId>,
    /// Likewise of the retiring principal.
    pub retiring_id: Option<UniqueId>,
    /// The service that made the grant.
    pub created_by_service: Option<String>,
}

/// `GrantConstraints`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantConstraints {
    /// `EncryptionContextEquals`.
    pub encryption_context_equals: Option<Vec<(String, String)>>,
    /// `EncryptionContextSubset`.
    pub encryption_context_subset: Option<Vec<(String, String)>>,
    /// `SourceArn`.
    pub source_arn: Option<String>,
}

/// Which of a key's grants to list: those for which everything given here holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// The grant itself.
    pub grant_id: Option<GrantId>,
    /// Its grantee.
    pub grantee_principal: Option<String>,
    /// Its grantee, a service.
    pub grantee_service_principal: Option<String>,
}

/// Whom a grant names, compared as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantPrincipal<'a> {
    /// An ARN.
    Principal(&'a str),
    /// A service.
    Service(&'a str),
}

impl GrantRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "grants";

    /// The shard that counts changes of the key's grants: not the key's own, so that grants that
    /// come and go do not make others load the key again.
    pub fn shard(key: &ScopedKey) -> u8 {
        let Scope { account, region } = &key.scope;
        ChangeNumber::shard_of(&[
            Self::TABLE.as_bytes(),
            account.as_bytes(),
            region.as_str().as_bytes(),
            key.key_id.as_bytes(),
        ])
    }

    /// The operations as one text, as rows hold it; no operation's name holds a comma.
    pub fn operation_list(&self) -> String {
        self.operations.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let GrantConstraints { encryption_context_equals, encryption_context_subset, source_arn } =
            &self.constraints;
        let pairs = GrantConstraints::pairs_to_bytes;
        let row = CanonicalRow::new(Self::TABLE)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.grant_id.as_bytes())
            .optional(text(self.name.as_deref()))
            .optional(text(self.grantee_principal.as_deref()))
            .optional(text(self.grantee_service_principal.as_deref()))
            .optional(text(self.retiring_principal.as_deref()))
            .optional(text(self.retiring_service_principal.as_deref()))
            .bytes(self.issuing_account.as_bytes())
            .bytes(self.operation_list().as_bytes())
            .optional(encryption_context_equals.as_deref().map(pairs).as_deref())
            .optional(encryption_context_subset.as_deref().map(pairs).as_deref())
            .optional(text(source_arn.as_deref()))
            .optional(self.fingerprint.as_ref().map(|it| &it[..]))
            .integer(self.created_at.unix_ms());
        let Self { grantee_id, retiring_id, created_by_service, .. } = self;
        if grantee_id.is_none() && retiring_id.is_none() && created_by_service.is_none() {
            return row;
        }
        row.columns_of_0003()
            .optional(text(grantee_id.map(|id| id.to_string()).as_deref()))
            .optional(text(retiring_id.map(|id| id.to_string()).as_deref()))
            .optional(text(created_by_service.as_deref()))
    }
}

impl GrantConstraints {
    /// The pairs as rows hold them: each text behind its length.
    pub fn pairs_to_bytes(pairs: &[(String, String)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
            // A text longer than 4 GiB cannot be stored; saturating keeps this total.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    /// The pairs that a row holds; `None` for bytes that [`Self::pairs_to_bytes`] never makes.
    pub fn pairs_from_bytes(mut bytes: &[u8]) -> Option<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        while !bytes.is_empty() {
            pairs.push((take_text(&mut bytes)?, take_text(&mut bytes)?));
        }
        Some(pairs)
    }
}

fn text(column: Option<&str>) -> Option<&[u8]> {
    column.map(str::as_bytes)
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

/// Grants.
#[async_trait]
pub trait Grants: Send + Sync {
    /// The grant.
    async fn find(
        &self,
        key: &ScopedKey,
        grant_id: &GrantId,
    ) -> Result<Option<GrantRecord>, StoreError>;

    /// How many grants the key has.
    async fn count(&self, key: &ScopedKey) -> Result<u32, StoreError>;

    /// The key's grant with this fingerprint.
    async fn find_named(
        &self,
        key: &ScopedKey,
        fingerprint: &GrantFingerprint,
    ) -> Result<Option<GrantRecord>, StoreError>;

    /// At most `limit` of the key's grants behind `after`, in the order of ids.
    async fn list(
        &self,
        key: &ScopedKey,
        filter: &GrantFilter,
        after: Option<&GrantId>,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, StoreError>;

    /// Every grant of the key to one of these grantees, by grantee in the order given, then in the
    /// order of ids. The quota of grants bounds it; what the key grants to others costs nothing.
    async fn of_grantees(
        &self,
        key: &ScopedKey,
        grantees: &[GrantPrincipal<'_>],
    ) -> Result<Vec<GrantRecord>, StoreError>;

    /// At most `limit` grants of any account's keys in the Region that name this retiring
    /// principal, behind `after`, in the order of ids.
    async fn list_retirable(
        &self,
        region: &Region,
        retiring: GrantPrincipal<'_>,
        after: Option<&GrantId>,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn pairs_are_read_as_they_were_written() {
        for pairs in [vec![], vec![pair("", "")], vec![pair("a", "ü"), pair("a", "b\u{0}c")]] {
            let bytes = GrantConstraints::pairs_to_bytes(&pairs);
            assert_eq!(GrantConstraints::pairs_from_bytes(&bytes), Some(pairs));
        }
    }

    #[test]
    fn bytes_that_are_no_pairs_are_refused() {
        let whole = GrantConstraints::pairs_to_bytes(&[pair("team", "blue")]);
        for end in 1..whole.len() {
            assert_eq!(GrantConstraints::pairs_from_bytes(whole.get(..end).unwrap()), None);
        }
        let huge = [0xff; 8];
        assert_eq!(GrantConstraints::pairs_from_bytes(&huge), None);
        assert_eq!(GrantConstraints::pairs_from_bytes(b"\0\0\0\x01\xff\0\0\0\0"), None);
    }
}
