//! The birth of a deployment.

use keyward_model::{AccountId, Partition, Region, Rng, Timestamp, new_uuid};
use keyward_store::{Change, CommitError, DeploymentRecord, Store, StoreError};

use crate::operator::new_account;
use crate::{KeyRing, NewAccount, OperatorError};

/// What a new deployment is born with.
pub struct NewDeployment {
    /// The partition.
    pub partition: Partition,
    /// The Regions it serves, first the default one.
    pub regions: Vec<Region>,
    /// The first account; a random id unless one is named.
    pub account: Option<AccountId>,
    /// Whether its clock can be moved and keys be loaded into it. Nothing makes it so later.
    pub is_development: bool,
}

/// Why a deployment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The database holds a deployment already.
    #[error("the database holds a deployment already")]
    AlreadyThere,
    /// The database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The first credential could not be made.
    #[error(transparent)]
    Credential(#[from] OperatorError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the deployment's facts and its first account, with its root credential and the user
/// `admin`. No server runs yet, so there is no journal to write to; the journal's first record is
/// that of the first call.
pub async fn create_deployment(
    store: &dyn Store,
    key_ring: &KeyRing,
    new: NewDeployment,
    (rng, now): (&dyn Rng, Timestamp),
) -> Result<NewAccount, BootstrapError> {
    if store.deployment().find().await?.is_some() {
        return Err(BootstrapError::AlreadyThere);
    }
    let account = new.account.unwrap_or_else(|| AccountId::random(rng));
    let (new_account, writes) = new_account(key_ring, (new.partition, account), (rng, now))?;
    let deployment = DeploymentRecord {
        deployment_id: new_uuid(rng),
        partition: new.partition,
        regions: new.regions,
        created_at: now,
        is_development: new.is_development,
    };
    store.commit(Change { writes, ..Change::default() }).await?;
    // Last, so that a database without it is plainly unfinished.
    store.deployment().create(deployment).await?;
    Ok(new_account)
}
