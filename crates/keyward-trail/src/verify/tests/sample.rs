//! A small trail in a directory, with and without the database that knows it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use keyward_audit::files::RealFiles;
use keyward_crypto::{AsymmetricKey, Message, sha256};
use keyward_engine::TrailPublicKey;
use keyward_model::{KeySpec, SigningAlgorithm, Timestamp};
use keyward_store::conformance::NumberedKeys;
use keyward_store::{
    Change, Scope, Store as _, TrailDigestRecord, TrailFileRecord, TrailObject, TrailState, Write,
};
use keyward_store_sqlite::{Database, SqliteStore};
use tempfile::TempDir;

use crate::format::{
    Digest, DigestMetadata, DigestName, KeyPrefix, ListedFile, LogFileName, METADATA_SUFFIX,
    PreviousDigest, PublicKeys, block_sums, fingerprint, gzip, parse_iso_date, pkcs1_from_spki,
    signing_string,
};
use crate::verify::{
    Buckets, Event, Finding, Head, Problem, Range, Severity, Sources, Summary, verify,
};

pub(super) const BUCKET: &str = "keyward-audit";
const HOUR_MS: i64 = 3_600_000;

/// A trail of one account and Region.
pub(super) struct Sample {
    directory: TempDir,
    pub(super) scope: Scope,
    pub(super) store: SqliteStore,
    /// The keys of log files, hour by hour.
    pub(super) logs: Vec<Vec<String>>,
    /// The keys of digests.
    pub(super) digests: Vec<String>,
    pub(super) keys: PublicKeys,
    previous: Option<PreviousDigest>,
    /// What the next digest lists.
    waiting: Vec<(ListedFile, String)>,
    pub(super) ended_at: Timestamp,
    /// What is noted elsewhere.
    pub(super) noted: Vec<Head>,
}

/// What a verification told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) summary: Summary,
    pub(super) findings: Vec<Finding>,
    pub(super) heads: Vec<Head>,
}

impl Sample {
    /// Three hours with two log files each, all in digests.
    pub(super) async fn new() -> Self {
        let mut sample = Self::empty();
        for _ in 0..3 {
            sample.log(5).await;
            sample.log(10).await;
            sample.digest().await;
        }
        sample
    }

    pub(super) fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let rows = Arc::new(NumberedKeys::new(1));
        let database = Database::open(&directory.path().join("keyward.db")).unwrap();
        let scope = Scope {
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
        };
        let value = pkcs1_from_spki(key().public_key()).unwrap();
        let public = TrailPublicKey {
            fingerprint: fingerprint(&value),
            value,
            valid_from: at("2026-03-04T00:00:00Z"),
            valid_to: at("2027-03-04T00:00:00Z"),
        };
        Self {
            store: database.into_store(rows).unwrap(),
            keys: PublicKeys([(scope.region.clone(), vec![public])].into()),
            directory,
            scope,
            logs: vec![Vec::new()],
            digests: Vec::new(),
            previous: None,
            waiting: Vec::new(),
            ended_at: at("2026-03-04T10:00:00Z"),
            noted: Vec::new(),
        }
    }

    /// Delivers a log file so many minutes into the hour.
    pub(super) async fn log(&mut self, minute: i64) -> String {
        let delivered_at = Timestamp::from_unix_ms(self.ended_at.unix_ms() + minute * 60_000);
        let count: usize = self.logs.iter().map(Vec::len).sum();
        let name = self.log_name(delivered_at, count);
        let content = records(count);
        let stored = gzip(&content);
        self.write(&name, &stored);
        let listed = ListedFile::new(
            BUCKET,
            &name,
            hex::encode(sha256(&[&content])),
            (delivered_at, delivered_at),
        );
        let row = TrailFileRecord {
            name: TrailObject { scope: self.scope.clone(), object: name.clone() },
            bucket: BUCKET.to_owned(),
            state: TrailState::Delivered,
            delivered_at,
            oldest: delivered_at,
            newest: delivered_at,
            records: 30,
            bytes: content.len().try_into().unwrap(),
            stored_bytes: stored.len().try_into().unwrap(),
            hash: sha256(&[&content]),
            blocks: block_sums(&stored),
            event_ids: None,
            digest_ended_at: None,
            journal: None,
        };
        self.put(vec![Write::PutTrailFile(Box::new(row))]).await;
        self.waiting.push((listed, name.clone()));
        self.logs.last_mut().unwrap().push(name.clone());
        name
    }

    pub(super) fn log_name(&self, delivered_at: Timestamp, count: usize) -> String {
        let name = LogFileName {
            prefix: KeyPrefix::default(),
            account: self.scope.account,
            region: self.scope.region.clone(),
            delivered_at,
            tag: format!("{count:016}").parse().unwrap(),
        };
        name.to_string()
    }

    /// Ends the hour.
    pub(super) async fn digest(&mut self) -> String {
        let (start, end) =
            (self.ended_at, Timestamp::from_unix_ms(self.ended_at.unix_ms() + HOUR_MS));
        self.digest_of(start, end).await
    }

    pub(super) async fn digest_of(&mut self, start: Timestamp, end: Timestamp) -> String {
        let waiting = std::mem::take(&mut self.waiting);
        let digest = Digest {
            account: self.scope.account,
            start,
            end,
            bucket: BUCKET.to_owned(),
            object: self.digest_name(end),
            public_key_fingerprint: self.keys.0[&self.scope.region][0].fingerprint.clone(),
            newest_event: None,
            oldest_event: None,
            previous: self.previous.take(),
            log_files: waiting.iter().map(|(listed, _)| listed.clone()).collect(),
        };
        for (_, name) in &waiting {
            let name = TrailObject { scope: self.scope.clone(), object: name.clone() };
            let mut row = self.store.trail().file(&name).await.unwrap().unwrap();
            row.digest_ended_at = Some(end);
            self.put(vec![Write::PutTrailFile(Box::new(row))]).await;
        }
        let row = self.write_digest(&digest);
        self.previous = Some(PreviousDigest {
            bucket: BUCKET.to_owned(),
            object: digest.object.clone(),
            hash: hex::encode(row.hash),
            signature: hex::encode(&row.signature),
        });
        self.put(vec![Write::PutTrailDigest(Box::new(row))]).await;
        self.digests.push(digest.object.clone());
        self.logs.push(Vec::new());
        self.ended_at = end;
        digest.object
    }

    pub(super) fn digest_name(&self, end: Timestamp) -> String {
        let name = DigestName {
            prefix: KeyPrefix::default(),
            account: self.scope.account,
            region: self.scope.region.clone(),
            trail: "keyward".parse().unwrap(),
            home_region: self.scope.region.clone(),
            end,
        };
        name.to_string()
    }

    /// Signs a digest and puts it in its place; the row that would know it.
    pub(super) fn write_digest(&self, digest: &Digest) -> TrailDigestRecord {
        let content = digest.to_json();
        let hash = sha256(&[&content]);
        let signed = signing_string(digest, &hex::encode(hash));
        let algorithm = SigningAlgorithm::RsassaPkcs1V15Sha256;
        let signature = key().sign(algorithm, Message::Raw(signed.as_bytes())).unwrap();
        let stored = gzip(&content);
        self.write(&digest.object, &stored);
        let side = format!("{}{METADATA_SUFFIX}", digest.object);
        self.write(&side, &DigestMetadata::new(&signature).to_json());
        let previous = digest.previous.as_ref().map(|previous| keyward_store::PreviousDigest {
            bucket: previous.bucket.clone(),
            object: previous.object.clone(),
            hash: hex::decode(&previous.hash).unwrap().try_into().unwrap(),
            signature: hex::decode(&previous.signature).unwrap(),
        });
        TrailDigestRecord {
            name: TrailObject { scope: self.scope.clone(), object: digest.object.clone() },
            bucket: BUCKET.to_owned(),
            state: TrailState::Delivered,
            started_at: digest.start,
            ended_at: digest.end,
            bytes: content.len().try_into().unwrap(),
            stored_bytes: stored.len().try_into().unwrap(),
            hash,
            signature,
            fingerprint: digest.public_key_fingerprint.clone(),
            previous,
            blocks: block_sums(&stored),
        }
    }

    /// The next digest begins a chain.
    pub(super) fn forget_previous(&mut self) {
        self.previous = None;
    }

    pub(super) async fn put(&self, writes: Vec<Write>) {
        self.store.commit(Change { writes, ..Change::default() }).await.unwrap();
    }

    pub(super) fn path(&self, object: &str) -> PathBuf {
        self.root().join(BUCKET).join(object)
    }

    pub(super) fn read(&self, object: &str) -> Vec<u8> {
        std::fs::read(self.path(object)).unwrap()
    }

    pub(super) fn write(&self, object: &str, bytes: &[u8]) {
        let path = self.path(object);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Changes one byte; gives the value it had and has.
    pub(super) fn flip(&self, object: &str, offset: usize) -> (u8, u8) {
        let mut bytes = self.read(object);
        let was = bytes[offset];
        bytes[offset] = was.wrapping_add(0x5b);
        self.write(object, &bytes);
        (was, bytes[offset])
    }

    pub(super) fn remove(&self, object: &str) {
        std::fs::remove_file(self.path(object)).unwrap();
    }

    /// Takes a file back to where it waited; its path there.
    pub(super) fn stage(&self, object: &str) -> PathBuf {
        let staging = self.root().join("staging");
        std::fs::create_dir_all(&staging).unwrap();
        let staged = staging.join(object.rsplit('/').next().unwrap());
        std::fs::rename(self.path(object), &staged).unwrap();
        staged
    }

    pub(super) fn root(&self) -> PathBuf {
        self.directory.path().join("audit")
    }

    pub(super) fn database(&self) -> PathBuf {
        self.directory.path().join("keyward.db")
    }

    /// With the database.
    pub(super) async fn verify(&self) -> Told {
        self.verify_range(&Range::default(), true).await
    }

    /// With the files and the public keys alone.
    pub(super) async fn verify_files(&self) -> Told {
        self.verify_range(&Range::default(), false).await
    }

    pub(super) async fn verify_range(&self, range: &Range, with_database: bool) -> Told {
        let root: &Path = &self.root();
        let buckets = if with_database {
            Buckets::Below(root.to_owned())
        } else {
            Buckets::Is(root.join(BUCKET))
        };
        let sources = Sources {
            files: &RealFiles,
            buckets: &buckets,
            trail: with_database.then(|| self.store.trail()),
            journal: None,
            heads: &self.noted,
            public_keys: &self.keys,
        };
        let mut findings = Vec::new();
        let mut heads = Vec::new();
        let mut tell = |event: Event<'_>| match event {
            Event::Found(finding) => findings.push(finding.clone()),
            Event::Head(_, head) => heads.push(head.clone()),
            Event::Chain(_) | Event::Read => {}
        };
        let summary = verify(&sources, range, &mut tell).await.unwrap();
        let count = |severity| {
            let found = findings.iter().filter(|finding| finding.severity == severity).count();
            u64::try_from(found).unwrap()
        };
        assert_eq!(summary.errors, count(Severity::Error));
        assert_eq!(summary.losses, count(Severity::Loss));
        Told { summary, findings, heads }
    }
}

impl Told {
    /// The one thing found, about this file.
    pub(super) fn only(&self, object: &str) -> &Problem {
        assert_eq!(self.findings.len(), 1, "{:?}", self.findings);
        self.about(object)
    }

    /// What was found about this file.
    pub(super) fn about(&self, object: &str) -> &Problem {
        let is_about =
            |finding: &&Finding| finding.file.as_ref().is_some_and(|file| file.object == object);
        let found: Vec<_> = self.findings.iter().filter(is_about).collect();
        assert_eq!(found.len(), 1, "{object}: {:?}", self.findings);
        &found[0].problem
    }

    /// Valid and invalid digests, valid and invalid log files.
    pub(super) fn counts(&self) -> [u64; 4] {
        let Summary { digests_valid, digests_invalid, logs_valid, logs_invalid, .. } = self.summary;
        [digests_valid, digests_invalid, logs_valid, logs_invalid]
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    parse_iso_date(text).unwrap()
}

/// Records that do not compress to nothing.
pub(super) fn records(file: usize) -> Vec<u8> {
    let record = |n: usize| {
        let id = hex::encode(sha256(&[&file.to_be_bytes(), &n.to_be_bytes()]));
        format!(r#"{{"eventName":"Encrypt","eventID":"{id}"}}"#)
    };
    let records: Vec<_> = (0..30).map(record).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(",")).into_bytes()
}

fn key() -> &'static AsymmetricKey {
    static KEY: OnceLock<AsymmetricKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let material = AsymmetricKey::generate(KeySpec::Rsa2048).unwrap();
        AsymmetricKey::load(KeySpec::Rsa2048, &material).unwrap()
    })
}
