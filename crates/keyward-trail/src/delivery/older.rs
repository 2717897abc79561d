//! Whether the files of the trail tell of what the database does not know, as they do when an older
//! database was put back.
//!
//! Files that are gone tell nothing here: verification misses them.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use keyward_engine::TrailEvent;
use keyward_model::Timestamp;
use keyward_store::{Scope, TrailCursorRecord, Write};
use tracing::error;

use super::{Delivery, DeliveryError};
use crate::format::{DigestName, PublicKeys};

/// The row that keeps what was put on record last, so that it is not at every start: the end of the
/// latest digest that was not known, in seconds, and how many public keys were not.
const TOLD: &str = "database-older";

/// What files tell and rows do not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unknown {
    chains: u64,
    /// Of the latest digest.
    end: Option<Timestamp>,
    public_keys: u64,
}

impl Delivery {
    /// Puts it on record, once, if the database is older than the files. No record waits for this.
    pub(super) async fn compare_with_files(&self) {
        if let Err(failure) = self.tell_if_older().await {
            let error: &dyn Error = &failure;
            error!(error, "the database could not be compared with the files of the audit trail");
        }
    }

    async fn tell_if_older(&self) -> Result<(), DeliveryError> {
        let Unknown { chains, end, public_keys } = self.unknown().await?;
        let end = end.map_or(0, |end| u64::try_from(end.unix_s()).unwrap_or_default());
        let told = self.engine.store().trail().cursor(TOLD).await?;
        let (told_end, told_keys) = told.map_or((0, 0), |told| (told.segment, told.offset));
        if end <= told_end && public_keys <= told_keys {
            return Ok(());
        }
        let told = TrailCursorRecord {
            name: TOLD.to_owned(),
            segment: end.max(told_end),
            offset: public_keys.max(told_keys),
        };
        let event = TrailEvent::DatabaseOlder { chains, public_keys };
        self.status.database_is_older();
        error!(
            chains,
            public_keys,
            "the files of the audit trail tell of what the database does not know: an older database \
             was put back"
        );
        Ok(self.engine.record_trail_event(event, vec![Write::PutTrailCursor(told)]).await?)
    }

    async fn unknown(&self) -> Result<Unknown, DeliveryError> {
        let mut unknown = Unknown { public_keys: self.unknown_keys().await?, ..Unknown::default() };
        let trail = self.engine.store().trail();
        let mut scopes: BTreeSet<Scope> = trail.scopes().await?.into_iter().collect();
        scopes.extend(self.scopes_of_files()?);
        for scope in scopes {
            let Some(end) = self.newest_digest_file(&scope)? else { continue };
            let known = trail.newest_digest(&scope).await?.map(|digest| digest.ended_at);
            if known < Some(end) {
                unknown.chains += 1;
                unknown.end = unknown.end.max(Some(end));
            }
        }
        Ok(unknown)
    }

    async fn unknown_keys(&self) -> Result<u64, DeliveryError> {
        let keys = self.places.public_keys()?;
        Ok(count_unknown(&keys, &self.known_keys().await?))
    }

    /// The accounts and Regions that have a directory of digests.
    fn scopes_of_files(&self) -> Result<Vec<Scope>, DeliveryError> {
        let layout = self.places.layout();
        let root = layout.object(layout.bucket.as_str(), layout.prefix.as_str()).join("AWSLogs");
        let mut scopes = Vec::new();
        for account in self.places.names(&root)? {
            let directory = root.join(&account).join("CloudTrail-Digest");
            let Ok(account) = account.parse() else { continue };
            let regions = self.places.names(&directory)?;
            let regions = regions.iter().filter_map(|region| region.parse().ok());
            scopes.extend(regions.map(|region| Scope { account, region }));
        }
        Ok(scopes)
    }

    /// The end of the latest digest among an account's Region's files, by its name.
    fn newest_digest_file(&self, scope: &Scope) -> Result<Option<Timestamp>, DeliveryError> {
        let layout = self.places.layout();
        let object = DigestName::directory(&layout.prefix, &scope.account, &scope.region);
        let root = layout.object(layout.bucket.as_str(), &object);
        for year in self.newest_first(&root)? {
            for month in self.newest_first(&root.join(&year))? {
                let month = format!("{year}/{month}");
                for day in self.newest_first(&root.join(&month))? {
                    let day = format!("{object}/{month}/{day}");
                    let end = self.newest_digest_of(&day)?;
                    if end.is_some() {
                        return Ok(end);
                    }
                }
            }
        }
        Ok(None)
    }

    /// The end of the latest digest in the directory of a day.
    fn newest_digest_of(&self, day: &str) -> Result<Option<Timestamp>, DeliveryError> {
        let layout = self.places.layout();
        let names = self.places.names(&layout.object(layout.bucket.as_str(), day))?;
        let ends = names.iter().filter_map(|name| {
            let name = format!("{day}/{name}").parse::<DigestName>().ok()?;
            (name.trail == layout.name && name.home_region == layout.home_region)
                .then_some(name.end)
        });
        Ok(ends.max())
    }

    fn newest_first(&self, directory: &Path) -> Result<Vec<String>, DeliveryError> {
        let mut names = self.places.names(directory)?;
        names.sort_by(|a, b| b.cmp(a));
        Ok(names)
    }
}

/// How many keys of these are not among those.
fn count_unknown(keys: &PublicKeys, known: &PublicKeys) -> u64 {
    let unknown = keys.0.iter().flat_map(|(region, keys)| {
        keys.iter().filter(|key| known.find(region, &key.fingerprint).is_none())
    });
    u64::try_from(unknown.count()).unwrap_or(u64::MAX)
}
