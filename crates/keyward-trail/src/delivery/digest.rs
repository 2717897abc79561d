//! Digests: what was delivered to an account's Region since the digest before, signed and linked to
//! it.

use std::error::Error;
use std::io;
use std::time::Duration;

use keyward_audit::iso_date;
use keyward_crypto::sha256;
use keyward_engine::{TrailKeyError, TrailPublicKey};
use keyward_model::{Region, Timestamp};
use keyward_store::{
    PreviousDigest, Scope, TrailDigestRecord, TrailFileRecord, TrailObject, TrailSigningKeyRecord,
    TrailState, Write,
};
use tracing::{error, info, warn};

use super::place::compress;
use super::{Delivery, DeliveryError, PAGE, length};
use crate::format::{
    self, DIGEST_FILES_MAX, Digest, DigestMetadata, DigestName, ListedFile, PublicKeys, block_sums,
    fingerprint, pkcs1_from_spki, signing_string,
};

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3_600_000;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
/// How many signing keys that do not open are passed over for one digest.
const KEYS_PASSED_MAX: usize = 16;
/// How many public keys are kept that the database does not know.
const UNKNOWN_KEYS_MAX: usize = 1000;
/// How many digests a second apart are made of one account and Region at once. So their times do not
/// reach those of files that are delivered later.
const DIGESTS_MAX: usize = 30;
/// How many names of digests may be taken by files that no row knows.
const TAKEN_MAX: u32 = 3600;

/// When a digest ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestEnd {
    /// At the last full hour. Behind one that ends far in the future, as it does when it was made by
    /// a clock that was wrong, a second later than that: the chain goes on all the same.
    Hour,
    /// Now, so that everything delivered is in it: the second that is running is its last. Never
    /// when another ended.
    Now,
}

impl DigestEnd {
    /// The end of a digest made now, behind one that ended at `previous`; `None` if there is none
    /// to make.
    fn at(self, now: Timestamp, previous: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::Hour => match previous {
                Some(previous) if is_ahead(previous, now) => Some(previous.plus(SECOND)),
                _ => Some(floor(now, HOUR_MS)).filter(|end| previous < Some(*end)),
            },
            Self::Now => {
                let running = floor(now, SECOND_MS).unix_ms() + SECOND_MS;
                let free = previous.map_or(i64::MIN, |previous| previous.unix_ms() + SECOND_MS);
                Some(Timestamp::from_unix_ms(running.max(free)))
            }
        }
    }
}

/// Whether a digest ends so far in the future that it was made by another clock.
fn is_ahead(end: Timestamp, now: Timestamp) -> bool {
    end > now.plus(HOUR)
}

/// The last full hour.
pub(super) fn hour(now: Timestamp) -> Timestamp {
    floor(now, HOUR_MS)
}

fn floor(at: Timestamp, unit_ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(at.unix_ms().div_euclid(unit_ms) * unit_ms)
}

impl Delivery {
    pub(super) async fn finish_and_digest(
        &mut self,
        end: DigestEnd,
    ) -> Result<Vec<TrailDigestRecord>, DeliveryError> {
        self.resume().await?;
        self.compare_with_files().await;
        let finished = self.finish_staged_digests().await;
        let digests = self.digest_all(end).await?;
        finished.map(|()| digests)
    }

    /// Finishes the digests that rows say are on their way, each whatever becomes of the others.
    pub(super) async fn finish_staged_digests(&mut self) -> Result<(), DeliveryError> {
        loop {
            let digests = self.engine.store().trail().staged_digests(PAGE).await?;
            if digests.is_empty() {
                return Ok(());
            }
            let mut failure = None;
            for digest in digests {
                self.step();
                if let Err(refusal) = self.finish_digests(vec![digest]).await {
                    self.places.forget();
                    failure.get_or_insert(refusal);
                }
            }
            failure.map_or(Ok(()), Err)?;
        }
    }

    /// What is wrong in one account's Region keeps no other from its digest.
    async fn digest_all(
        &mut self,
        end: DigestEnd,
    ) -> Result<Vec<TrailDigestRecord>, DeliveryError> {
        let mut digests = Vec::new();
        let mut failure = None;
        for scope in self.engine.store().trail().scopes().await? {
            if let Err(refusal) = self.digest(&scope, end, &mut digests).await {
                tell_failure(&scope, &refusal);
                failure.get_or_insert(refusal);
                self.forget();
                self.resume().await?;
            }
        }
        failure.map_or(Ok(digests), Err)
    }

    /// Makes the digest that is due, and others behind it while they are full.
    async fn digest(
        &mut self,
        scope: &Scope,
        end: DigestEnd,
        digests: &mut Vec<TrailDigestRecord>,
    ) -> Result<(), DeliveryError> {
        for number in 0..DIGESTS_MAX {
            self.step();
            let previous = self.engine.store().trail().newest_digest(scope).await?;
            let now = self.engine.machine_clock().now();
            let end = match &previous {
                Some(previous) if number > 0 => Some(previous.ended_at.plus(SECOND)),
                previous => end.at(now, previous.as_ref().map(|it| it.ended_at)),
            };
            let Some(end) = end else { return Ok(()) };
            let end = self.free_end(scope, end)?;
            let files = self.undigested_files(scope, (end, now.plus(HOUR))).await?;
            if number > 0 && files.is_empty() {
                return Ok(());
            }
            let is_full = files.len() >= DIGEST_FILES_MAX;
            digests.extend(self.digest_until(scope, (end, now), (files, previous)).await?);
            if !is_full {
                return Ok(());
            }
        }
        Ok(())
    }

    /// As many files as one digest lists.
    async fn undigested_files(
        &self,
        scope: &Scope,
        times: (Timestamp, Timestamp),
    ) -> Result<Vec<TrailFileRecord>, DeliveryError> {
        let files_max = u32::try_from(DIGEST_FILES_MAX).unwrap_or(u32::MAX);
        Ok(self.engine.store().trail().undigested_files(scope, times, files_max).await?)
    }

    /// The first end from `end` on whose name no file has. One that has, and no row, is evidence and
    /// stays.
    fn free_end(&self, scope: &Scope, mut end: Timestamp) -> Result<Timestamp, DeliveryError> {
        let layout = self.places.layout();
        for _ in 0..TAKEN_MAX {
            let object = self.digest_name(scope, end).to_string();
            if !self.places.has_digest(layout.bucket.as_str(), &object)? {
                return Ok(end);
            }
            error!(object, "a digest has this name that the database does not know; it stays");
            end = end.plus(SECOND);
        }
        let object = self.digest_name(scope, end).to_string();
        let path = layout.object(layout.bucket.as_str(), &object);
        Err(DeliveryError::File { path, source: io::ErrorKind::AlreadyExists.into() })
    }

    fn digest_name(&self, scope: &Scope, end: Timestamp) -> DigestName {
        let layout = self.places.layout();
        DigestName {
            prefix: layout.prefix.clone(),
            account: scope.account,
            region: scope.region.clone(),
            trail: layout.name.clone(),
            home_region: layout.home_region.clone(),
            end,
        }
    }

    async fn digest_until(
        &mut self,
        scope: &Scope,
        (end, now): (Timestamp, Timestamp),
        (files, previous): (Vec<TrailFileRecord>, Option<TrailDigestRecord>),
    ) -> Result<Option<TrailDigestRecord>, DeliveryError> {
        // A file delivered while the clock was ahead begins nothing.
        let first_delivery = files.first().map(|it| floor(it.delivered_at.min(now), SECOND_MS));
        let start = previous.as_ref().map(|it| it.ended_at).or(first_delivery);
        // Nothing to begin with before the first file.
        let Some(start) = start.filter(|start| *start < end) else { return Ok(None) };
        if is_ahead(end, now) {
            warn!(account = %scope.account, region = %scope.region, end = %iso_date(end), "the chain of digests is ahead of the clock");
        }
        let (record, stored) = self.signed((scope, (start, end)), &files, previous).await?;
        Ok(Some(self.deliver_digest(record, stored, files).await?))
    }

    /// The digest, signed with the first key that opens. One that does not is no longer what was
    /// written, or belongs to a domain key that is gone, and a new one takes its place.
    async fn signed(
        &self,
        what: (&Scope, (Timestamp, Timestamp)),
        files: &[TrailFileRecord],
        previous: Option<TrailDigestRecord>,
    ) -> Result<(TrailDigestRecord, Vec<u8>), DeliveryError> {
        let (scope, (start, _)) = what;
        let mut passed = Vec::new();
        loop {
            let key = self.signing_key(&scope.region, start, &passed).await?;
            let digest = self.describe(what, files, previous.as_ref(), &key);
            match self.sign(digest, &key, previous.clone()).await {
                Err(DeliveryError::Key(TrailKeyError::NotOpened))
                    if passed.len() < KEYS_PASSED_MAX =>
                {
                    let (region, fingerprint) = (&scope.region, &key.fingerprint);
                    error!(%region, fingerprint, "a key that signs digests does not open; another one is used");
                    passed.push(key.sealed_private_key);
                }
                done => return done,
            }
        }
    }

    /// The document. It names its files in the order of their delivery.
    fn describe(
        &self,
        (scope, (start, end)): (&Scope, (Timestamp, Timestamp)),
        files: &[TrailFileRecord],
        previous: Option<&TrailDigestRecord>,
        key: &TrailSigningKeyRecord,
    ) -> Digest {
        let layout = self.places.layout();
        let name = self.digest_name(scope, end);
        let listed = |file: &TrailFileRecord| {
            let events = (file.oldest, file.newest);
            ListedFile::new(&file.bucket, &file.name.object, hex::encode(file.hash), events)
        };
        Digest {
            account: scope.account,
            start,
            end,
            bucket: layout.bucket.as_str().to_owned(),
            object: name.to_string(),
            public_key_fingerprint: key.fingerprint.clone(),
            newest_event: files.iter().map(|file| file.newest).max(),
            oldest_event: files.iter().map(|file| file.oldest).min(),
            previous: previous.map(|previous| format::PreviousDigest {
                bucket: previous.bucket.clone(),
                object: previous.name.object.clone(),
                hash: hex::encode(previous.hash),
                signature: hex::encode(&previous.signature),
            }),
            log_files: files.iter().map(listed).collect(),
        }
    }

    /// The digest's row, and the file as it is stored.
    async fn sign(
        &self,
        digest: Digest,
        key: &TrailSigningKeyRecord,
        previous: Option<TrailDigestRecord>,
    ) -> Result<(TrailDigestRecord, Vec<u8>), DeliveryError> {
        let content = digest.to_json();
        let hash = sha256(&[&content]);
        let text = signing_string(&digest, &hex::encode(hash));
        let signature = self.engine.sign_with_trail_key(key, text).await?;
        let stored = compress(&content);
        let scope = Scope { account: digest.account, region: key.region.clone() };
        let record = TrailDigestRecord {
            name: TrailObject { scope, object: digest.object },
            bucket: digest.bucket,
            state: TrailState::Staged,
            started_at: digest.start,
            ended_at: digest.end,
            bytes: length(&content),
            stored_bytes: length(&stored),
            hash,
            signature,
            fingerprint: digest.public_key_fingerprint,
            previous: previous.map(|previous| PreviousDigest {
                bucket: previous.bucket,
                object: previous.name.object,
                hash: previous.hash,
                signature: previous.signature,
            }),
            blocks: block_sums(&stored),
        };
        Ok((record, stored))
    }

    async fn deliver_digest(
        &mut self,
        record: TrailDigestRecord,
        stored: Vec<u8>,
        files: Vec<TrailFileRecord>,
    ) -> Result<TrailDigestRecord, DeliveryError> {
        let layout = self.places.layout();
        let object = &record.name.object;
        let metadata = DigestMetadata::new(&record.signature).to_json();
        self.places.stage(&layout.staged_metadata(object), &metadata)?;
        self.places.stage(&layout.staged(object), &stored)?;
        self.places.sync_staging()?;
        let ended_at = Some(record.ended_at);
        let listed = files.into_iter().map(|file| {
            let file = TrailFileRecord { digest_ended_at: ended_at, ..file };
            Write::PutTrailFile(Box::new(file))
        });
        let mut writes: Vec<_> = listed.collect();
        writes.push(Write::PutTrailDigest(Box::new(record.clone())));
        self.commit(writes).await?;
        self.finish_digests(vec![record.clone()]).await?;
        Ok(TrailDigestRecord { state: TrailState::Delivered, ..record })
    }

    /// Renames digests into their places and says so in their rows.
    async fn finish_digests(
        &mut self,
        digests: Vec<TrailDigestRecord>,
    ) -> Result<(), DeliveryError> {
        for digest in &digests {
            self.places.put_digest(&digest.bucket, &digest.name.object)?;
        }
        self.places.sync()?;
        let delivered = |digest| TrailDigestRecord { state: TrailState::Delivered, ..digest };
        let made = digests.iter().map(|it| (it.name.object.clone(), hex::encode(it.hash)));
        let made: Vec<_> = made.collect();
        let writes = digests.into_iter().map(delivered).map(Box::new).map(Write::PutTrailDigest);
        self.commit(writes.collect()).await?;
        for (object, sha256) in made {
            self.status.delivered_digest();
            // Whoever keeps the log elsewhere can prove by it that no older state was put back.
            info!(object, sha256, "delivered a digest");
        }
        Ok(())
    }

    /// The key that signs the digests of a Region now, none of those passed over. A new one is valid from the start of the
    /// first digest it signs, and its public half is published before it signs.
    async fn signing_key(
        &self,
        region: &Region,
        start: Timestamp,
        passed: &[Vec<u8>],
    ) -> Result<TrailSigningKeyRecord, DeliveryError> {
        let now = self.engine.machine_clock().now();
        let keys = self.engine.store().trail().signing_keys(region).await?;
        let valid = keys.into_iter().rfind(|key| {
            let is_passed = passed.contains(&key.sealed_private_key);
            key.valid_from <= now && now < key.valid_to && !is_passed
        });
        if let Some(key) = valid {
            return Ok(key);
        }
        let pair = self.engine.generate_trail_key().await?;
        let public_key = pkcs1_from_spki(&pair.public_key).map_err(|_| DeliveryError::NotAKey)?;
        let fingerprint = fingerprint(&public_key);
        let key = TrailSigningKeyRecord {
            sealed_private_key: self.engine.seal_trail_key(&pair, &fingerprint)?,
            fingerprint,
            region: region.clone(),
            public_key,
            valid_from: start.min(now),
            valid_to: now.plus_days(self.options.signing_key_days),
        };
        self.commit(vec![Write::PutTrailSigningKey(Box::new(key.clone()))]).await?;
        self.write_public_keys().await?;
        info!(%region, fingerprint = key.fingerprint, until = %iso_date(key.valid_to), "made a key to sign digests");
        Ok(key)
    }

    /// Puts the public halves of all signing keys beside the bucket. What stands there and is not
    /// known stays: without it what it signed cannot be verified.
    pub(super) async fn write_public_keys(&self) -> Result<(), DeliveryError> {
        let mut keys = self.known_keys().await?;
        if keys.0.is_empty() {
            return Ok(());
        }
        let mut kept = 0;
        for (region, held) in self.places.public_keys()?.0 {
            for key in held {
                if kept < UNKNOWN_KEYS_MAX && keys.find(&region, &key.fingerprint).is_none() {
                    keys.0.entry(region.clone()).or_default().push(key);
                    kept += 1;
                }
            }
        }
        self.places.replace(&self.places.layout().public_keys(), &keys.to_json())
    }

    /// The public halves of all signing keys in the database.
    pub(super) async fn known_keys(&self) -> Result<PublicKeys, DeliveryError> {
        let mut keys = PublicKeys::default();
        for key in self.engine.store().trail().all_signing_keys().await? {
            keys.0.entry(key.region.clone()).or_default().push(public_key(key));
        }
        Ok(keys)
    }
}

fn tell_failure(scope: &Scope, failure: &DeliveryError) {
    let (account, region, error): (_, _, &dyn Error) = (scope.account, &scope.region, failure);
    error!(error, %account, %region, "no digest was made");
}

/// A signing key as ListPublicKeys tells it.
pub fn public_key(key: TrailSigningKeyRecord) -> TrailPublicKey {
    TrailPublicKey {
        value: key.public_key,
        fingerprint: key.fingerprint,
        valid_from: key.valid_from,
        valid_to: key.valid_to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    #[test]
    fn hourly_digests_end_at_the_full_hour_and_never_twice() {
        let hours = |n| at(n * HOUR_MS);
        let now = at(5 * HOUR_MS + 61_001);
        assert_eq!(DigestEnd::Hour.at(now, None), Some(hours(5)));
        assert_eq!(DigestEnd::Hour.at(now, Some(hours(2))), Some(hours(5)));
        assert_eq!(DigestEnd::Hour.at(now, Some(hours(5))), None);
        assert_eq!(DigestEnd::Hour.at(now, Some(at(5 * HOUR_MS + 9000))), None);
        assert_eq!(DigestEnd::Hour.at(hours(5), Some(hours(4))), Some(hours(5)));
    }

    #[test]
    fn a_chain_that_ends_far_in_the_future_goes_on_second_by_second() {
        let now = at(5 * HOUR_MS);
        assert_eq!(DigestEnd::Hour.at(now, Some(at(6 * HOUR_MS))), None);
        assert_eq!(
            DigestEnd::Hour.at(now, Some(at(900 * HOUR_MS))),
            Some(at(900 * HOUR_MS + 1000))
        );
    }

    #[test]
    fn a_digest_made_now_ends_behind_everything_and_never_when_another_did() {
        assert_eq!(DigestEnd::Now.at(at(5001), None), Some(at(6000)));
        assert_eq!(DigestEnd::Now.at(at(5000), None), Some(at(6000)));
        assert_eq!(DigestEnd::Now.at(at(5001), Some(at(6000))), Some(at(7000)));
        assert_eq!(DigestEnd::Now.at(at(5001), Some(at(90_000))), Some(at(91_000)));
    }
}
