//! A database that takes no changes when told so.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use keyward_store::{
    Accounts, Aliases, Change, CommitError, Committed, Credentials, Deployment, DomainKeys,
    Entities, Grants, ImportWrappingKeys, Keys, LastUses, Materials, Outbox, Policies,
    PrincipalUses, Resealing, Services, Store, StoreError, Tags, Trail,
};

/// A database, and whether it takes no changes.
pub(super) struct RefusingStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) refuses: Arc<AtomicBool>,
}

macro_rules! pass_on {
    ($($aggregate:ident -> $trait:ident,)+) => {
        #[async_trait]
        impl Store for RefusingStore {
            $(fn $aggregate(&self) -> &dyn $trait {
                self.store.$aggregate()
            })+

            async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
                if self.refuses.load(Ordering::Relaxed) {
                    let error = io::Error::other("told to");
                    return Err(CommitError::Store(StoreError::Backend(Box::new(error))));
                }
                self.store.commit(change).await
            }
        }
    };
}

pass_on! {
    accounts -> Accounts,
    aliases -> Aliases,
    credentials -> Credentials,
    deployment -> Deployment,
    domain_keys -> DomainKeys,
    entities -> Entities,
    grants -> Grants,
    import_wrapping_keys -> ImportWrappingKeys,
    keys -> Keys,
    last_uses -> LastUses,
    materials -> Materials,
    outbox -> Outbox,
    policies -> Policies,
    principal_uses -> PrincipalUses,
    resealing -> Resealing,
    services -> Services,
    tags -> Tags,
    trail -> Trail,
}
