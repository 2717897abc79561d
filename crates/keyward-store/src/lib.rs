//! Storage by aggregate: the records, the traits a backend implements, and the change that one
//! operation makes.
//!
//! Nothing here knows SQL, policy or cryptography. Key material and secrets arrive sealed; rows
//! that decide arrive as records and are authenticated by a [`RowAuthenticator`] the backend is
//! opened with. To add an aggregate: a record and a trait in a file of its own, the same file in
//! each backend, its writes in [`Write`], and its conformance tests.

mod accounts;
mod aliases;
mod authenticate;
mod change;
#[cfg(feature = "conformance")]
pub mod conformance;
mod credentials;
mod deployment;
mod domain_keys;
mod entities;
mod error;
mod grants;
mod import_wrapping_keys;
mod keys;
mod last_uses;
mod materials;
mod outbox;
mod policies;
mod principal_uses;
mod resealing;
mod scope;
mod services;
mod tags;
mod trail;

pub use accounts::{AccountRecord, Accounts};
pub use aliases::{AliasRecord, Aliases};
pub use authenticate::{CanonicalRow, RowAuthenticator, RowTag};
pub use change::{Change, ChangeNumber, CommitError, Committed, Precondition, Versioned, Write};
pub use credentials::{CredentialOwner, CredentialRecord, CredentialStatus, Credentials};
pub use deployment::{Deployment, DeploymentRecord};
pub use domain_keys::{DomainKeyRecord, DomainKeys};
pub use entities::{
    Entities, EntityBody, EntityKind, EntityName, EntityRecord, EntityRelation, EntityTarget,
    GroupBody, MfaDeviceBody, OidcProviderBody, PolicyBody, PolicyVersion, RoleBody, UserBody,
};
pub use error::StoreError;
pub use grants::{
    GrantConstraints, GrantFilter, GrantFingerprint, GrantPrincipal, GrantRecord, Grants,
};
pub use import_wrapping_keys::{ImportTokenId, ImportWrappingKeyRecord, ImportWrappingKeys};
pub use keys::{KeyRecord, Keys, Rotation};
pub use last_uses::{LastUseRecord, LastUses};
pub use materials::{MaterialRecord, Materials};
pub use outbox::{AuditRow, Outbox};
pub use policies::{Policies, PolicyRecord};
pub use principal_uses::{PrincipalUseRecord, PrincipalUses, UsedPrincipal};
pub use resealing::{Resealing, StaleRow};
pub use scope::{Scope, ScopedAlias, ScopedKey};
pub use services::{ServiceKind, ServiceRecord, Services};
pub use tags::{TagRecord, Tags};
pub use trail::{
    JournalRange, PreviousDigest, Trail, TrailCursorRecord, TrailDigestRecord, TrailFilePlace,
    TrailFileRecord, TrailFilter, TrailObject, TrailSigningKeyRecord, TrailState, TrailValues,
};

use async_trait::async_trait;

/// A database. Lookups return `Ok(None)` for absence; a row that fails its authentication is an
/// error, never absence.
#[async_trait]
pub trait Store: Send + Sync {
    /// Accounts.
    fn accounts(&self) -> &dyn Accounts;
    /// Aliases.
    fn aliases(&self) -> &dyn Aliases;
    /// Access keys.
    fn credentials(&self) -> &dyn Credentials;
    /// What the deployment as a whole remembers.
    fn deployment(&self) -> &dyn Deployment;
    /// Wrapped domain keys.
    fn domain_keys(&self) -> &dyn DomainKeys;
    /// What IAM names.
    fn entities(&self) -> &dyn Entities;
    /// Grants.
    fn grants(&self) -> &dyn Grants;
    /// Keys to wrap imported material under.
    fn import_wrapping_keys(&self) -> &dyn ImportWrappingKeys;
    /// KMS keys.
    fn keys(&self) -> &dyn Keys;
    /// The last use of each key.
    fn last_uses(&self) -> &dyn LastUses;
    /// Sealed key material.
    fn materials(&self) -> &dyn Materials;
    /// Audit records that committed with their change and wait for delivery.
    fn outbox(&self) -> &dyn Outbox;
    /// Key policies.
    fn policies(&self) -> &dyn Policies;
    /// The last use of each access key and role.
    fn principal_uses(&self) -> &dyn PrincipalUses;
    /// Rows still under an older domain key.
    fn resealing(&self) -> &dyn Resealing;
    /// Internal services.
    fn services(&self) -> &dyn Services;
    /// Tags of keys.
    fn tags(&self) -> &dyn Tags;
    /// The audit trail behind the journal.
    fn trail(&self) -> &dyn Trail;

    /// Runs one change as one transaction: every precondition holds and every write is durable, or
    /// nothing happened. Changes of concurrent callers may share one durable commit, each with its
    /// own verdict.
    async fn commit(&self, change: Change) -> Result<Committed, CommitError>;
}
