//! What IAM names: users, groups, roles, managed policies, OIDC providers, MFA devices.
//!
//! Each is a name in an account, mostly with a unique id, and a body. What is attached to an entity
//! and its inline policies are part of the body, so that one code covers it all: nothing that denies
//! goes missing unnoticed.

mod body;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use async_trait::async_trait;
use keyward_model::{AccountId, Partition, Timestamp, UniqueId, UnknownValue};

pub use body::{
    EntityBody, GroupBody, MfaDeviceBody, OidcProviderBody, PolicyBody, PolicyVersion, RoleBody,
    UserBody,
};

use crate::{CanonicalRow, ChangeNumber, StoreError, Versioned};

/// What an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    /// A group.
    Group,
    /// An MFA device.
    MfaDevice,
    /// An OIDC provider; its name is its URL without `https://`.
    OidcProvider,
    /// A managed policy.
    Policy,
    /// A role.
    Role,
    /// A user.
    User,
}

/// Names an entity. Names differ by more than the case of ASCII letters, so two that do not are
/// equal here; which spelling counts in ARNs is for the record to say.
#[derive(Clone)]
pub struct EntityName {
    /// The account.
    pub account: AccountId,
    /// What it is.
    pub kind: EntityKind,
    /// The name, in any spelling.
    pub name: String,
}

/// Anything IAM names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRecord {
    /// The account.
    pub account: AccountId,
    /// The name, as it was spelled when it was given.
    pub name: String,
    /// The unique id; OIDC providers and MFA devices have none. No two entities of the deployment
    /// share one.
    pub unique_id: Option<UniqueId>,
    /// `Path`, from slash to slash.
    pub path: String,
    /// `CreateDate`.
    pub created_at: Timestamp,
    /// All else, by what it is.
    pub body: EntityBody,
}

/// Why one entity names another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityRelation {
    /// A managed policy is its permissions boundary; the target is the policy's ARN.
    Boundary,
    /// It is a user in a group; the target is the group's unique id.
    Group,
    /// It is the MFA device of a user; the target is the user's unique id.
    MfaUser,
    /// A managed policy is attached to it; the target is the policy's ARN.
    Policy,
}

/// What other entities of an account name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntityTarget {
    /// The account of those that name it.
    pub account: AccountId,
    /// Why they do.
    pub relation: EntityRelation,
    /// A policy's ARN or a unique id, as the bodies have it.
    pub target: String,
}

impl EntityKind {
    /// The word stored, and what the resource part of the entity's ARN begins with.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::MfaDevice => "mfa",
            Self::OidcProvider => "oidc-provider",
            Self::Policy => "policy",
            Self::Role => "role",
            Self::User => "user",
        }
    }
}

impl FromStr for EntityKind {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "group" => Ok(Self::Group),
            "mfa" => Ok(Self::MfaDevice),
            "oidc-provider" => Ok(Self::OidcProvider),
            "policy" => Ok(Self::Policy),
            "role" => Ok(Self::Role),
            "user" => Ok(Self::User),
            _ => Err(UnknownValue),
        }
    }
}

impl EntityRelation {
    /// The word stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boundary => "boundary",
            Self::Group => "group",
            Self::MfaUser => "mfa-user",
            Self::Policy => "policy",
        }
    }
}

impl EntityName {
    /// Names an entity.
    pub fn new(account: AccountId, kind: EntityKind, name: impl Into<String>) -> Self {
        Self { account, kind, name: name.into() }
    }

    /// The name as all its spellings have it.
    pub fn folded(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// The shard that counts changes of the entity.
    pub fn shard(&self) -> u8 {
        ChangeNumber::shard_of(&[
            EntityRecord::TABLE.as_bytes(),
            self.account.as_bytes(),
            self.kind.as_str().as_bytes(),
            self.folded().as_bytes(),
        ])
    }

    /// The row's identity, as it stands in seal bindings.
    pub fn row_identity(&self) -> Vec<u8> {
        format!("{}/{}/{}", self.account, self.kind.as_str(), self.folded()).into_bytes()
    }

    fn folded_bytes(&self) -> impl Iterator<Item = u8> {
        self.name.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for EntityName {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for EntityName {}

impl PartialOrd for EntityName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EntityName {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = (self.account, self.kind).cmp(&(other.account, other.kind));
        place.then_with(|| self.folded_bytes().cmp(other.folded_bytes()))
    }
}

impl Hash for EntityName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.account, self.kind).hash(state);
        self.folded_bytes().for_each(|byte| state.write_u8(byte));
        state.write_u8(0xff);
    }
}

impl fmt::Debug for EntityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.kind.as_str(), self.name)
    }
}

impl EntityTarget {
    /// Names a target.
    pub fn new(account: AccountId, relation: EntityRelation, target: impl Into<String>) -> Self {
        Self { account, relation, target: target.into() }
    }
}

impl EntityRecord {
    /// The table, as it stands in canonical rows and seal bindings. What is sealed stands in the
    /// column `sealed`.
    pub const TABLE: &'static str = "iam_entities";

    /// What it is.
    pub const fn kind(&self) -> EntityKind {
        self.body.kind()
    }

    /// What names it.
    pub fn entity_name(&self) -> EntityName {
        EntityName::new(self.account, self.kind(), self.name.as_str())
    }

    /// Its ARN; the serial number of an MFA device.
    pub fn arn(&self, partition: Partition) -> String {
        let Self { account, path, name, .. } = self;
        format!("arn:{partition}:iam::{account}:{}{path}{name}", self.kind().as_str())
    }

    /// The columns in their canonical form. `body` is the body's text as the row has it, for a
    /// later release may write the same body in other words.
    pub fn canonical(&self, body: &str) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.account.as_bytes())
            .bytes(self.kind().as_str().as_bytes())
            .bytes(self.name.as_bytes())
            .optional(self.unique_id.map(|id| id.to_string()).as_deref().map(str::as_bytes))
            .bytes(self.path.as_bytes())
            .integer(self.created_at.unix_ms())
            .bytes(body.as_bytes())
            .optional(self.body.sealed())
    }
}

/// What IAM names. `after` is the last entity of the page before.
#[async_trait]
pub trait Entities: Send + Sync {
    /// The entity of this name, however it is spelled.
    async fn find(
        &self,
        entity: &EntityName,
    ) -> Result<Option<Versioned<EntityRecord>>, StoreError>;

    /// The entity with this unique id, of any account.
    async fn find_by_id(
        &self,
        id: &UniqueId,
    ) -> Result<Option<Versioned<EntityRecord>>, StoreError>;

    /// At most `limit` entities of this kind whose path begins with `path_prefix`, behind the name
    /// `after`, in the order of folded names.
    async fn list(
        &self,
        account: &AccountId,
        kind: EntityKind,
        path_prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<EntityRecord>, StoreError>;

    /// How many entities of this kind the account has.
    async fn count(&self, account: &AccountId, kind: EntityKind) -> Result<u32, StoreError>;

    /// At most `limit` entities that name the target, behind `after`, by kind and folded name. The
    /// index they come from carries no code: whoever decides by one asks the entity itself.
    async fn referrers(
        &self,
        target: &EntityTarget,
        after: Option<&EntityName>,
        limit: u32,
    ) -> Result<Vec<EntityName>, StoreError>;

    /// How many entities name the target.
    async fn count_referrers(&self, target: &EntityTarget) -> Result<u32, StoreError>;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn name(name: &str) -> EntityName {
        EntityName::new("111122223333".parse().unwrap(), EntityKind::User, name)
    }

    #[test]
    fn spellings_of_one_name_are_equal_in_every_respect() {
        let (one, other) = (name("Alice.B"), name("aLICE.b"));
        assert_eq!(one, other);
        assert_eq!(one.shard(), other.shard());
        assert_eq!(one.row_identity(), other.row_identity());
        assert!(HashSet::from([one.clone()]).contains(&other));
        let role = EntityName { kind: EntityKind::Role, ..one.clone() };
        assert!(![name("alice_b"), name("alice.b "), name("älice.b"), role].contains(&one));
        assert_ne!(name("Ä"), name("ä"));
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        use EntityKind as K;
        for kind in [K::Group, K::MfaDevice, K::OidcProvider, K::Policy, K::Role, K::User] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }

    #[test]
    fn an_arn_has_the_path_between_kind_and_name() {
        let arn = |path: &str, name: &str, body| {
            let account = "111122223333".parse().unwrap();
            let (path, name) = (path.to_owned(), name.to_owned());
            let created_at = Timestamp::from_unix_ms(1);
            let record = EntityRecord { account, name, unique_id: None, path, created_at, body };
            record.arn(Partition::Aws)
        };
        let user = EntityBody::User(UserBody::default());
        assert_eq!(arn("/a/b/", "eve", user), "arn:aws:iam::111122223333:user/a/b/eve");
        let provider = EntityBody::OidcProvider(OidcProviderBody::default());
        let expected = "arn:aws:iam::111122223333:oidc-provider/id.example.com/x";
        assert_eq!(arn("/", "id.example.com/x", provider), expected);
    }
}
