//! Everything acknowledged so far into log files, at once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use keyward_store::TrailObject;
use keyward_trail::{Delivered, Delivery, DeliveryStatus, DeliveryTask, DigestEnd, NotDelivered};
use tokio::sync::Mutex;

use super::{DeliveredLine, Desk, Outcome};

/// How many files of each kind an answer names. What is more is counted.
const LINES_MAX: usize = 1000;

/// Who delivers records to log files.
pub(crate) enum Deliverer {
    /// The task beside a server.
    Beside(DeliveryTask),
    /// Nobody else: no server runs.
    Here(Box<Mutex<Delivery>>),
}

impl Deliverer {
    async fn deliver(&self, wants_digest: bool) -> Result<Delivered, NotDelivered> {
        let delivery = match self {
            Self::Beside(task) => return task.deliver(wants_digest).await,
            Self::Here(delivery) => delivery,
        };
        let mut delivery = delivery.lock().await;
        let mut delivered = delivery.deliver().await?;
        if wants_digest {
            delivered.digests = delivery.make_digests(DigestEnd::Now).await?;
        }
        Ok(delivered)
    }

    /// How delivery stands, where a task does it.
    pub(crate) fn status(&self) -> Option<Arc<DeliveryStatus>> {
        match self {
            Self::Beside(task) => Some(Arc::clone(task.status())),
            Self::Here(_) => None,
        }
    }

    /// Ends delivery when the batch under way is in its files, or after `grace`.
    pub(crate) async fn stop(&self, grace: Duration) {
        if let Self::Beside(task) = self {
            task.stop(grace).await;
        }
    }
}

impl Desk {
    /// Delivers before anything is on record: that may be what keeps the journal from taking records.
    pub(super) async fn deliver(&self, wants_digest: bool) -> Result<Outcome> {
        let delivered = self.deliverer.deliver(wants_digest).await;
        let Delivered { files, digests } = delivered.context("records wait in the journal")?;
        let line = |name: &TrailObject, bucket: &str, records| DeliveredLine {
            account_id: name.scope.account.to_string(),
            region: name.scope.region.to_string(),
            bucket: bucket.to_owned(),
            object: name.object.clone(),
            records,
        };
        let file_lines = files.iter().take(LINES_MAX);
        let digest_lines = digests.iter().take(LINES_MAX);
        Ok(Outcome::Delivered {
            file_count: files.len(),
            digest_count: digests.len(),
            files: file_lines.map(|it| line(&it.name, &it.bucket, Some(it.records))).collect(),
            digests: digest_lines.map(|it| line(&it.name, &it.bucket, None)).collect(),
        })
    }
}
