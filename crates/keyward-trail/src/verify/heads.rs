//! Digests that were noted elsewhere, and must be in their chains. They tell of a whole older state
//! that was put back, database and all.

use std::collections::HashMap;

use keyward_model::Timestamp;
use keyward_store::Scope;

use super::Event;
use super::finding::{Address, Problem};
use super::walk::Walk;
use crate::format::DigestName;

/// A digest, as it is noted elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its key: the path below the bucket.
    pub object: String,
    /// The bucket it lies in, as far as that is known.
    pub bucket: String,
    /// SHA-256 of its uncompressed content.
    pub hash: [u8; 32],
}

impl Head {
    /// A digest by its name and its hash in hexadecimal digits; `None` if that is none.
    pub fn new(object: String, bucket: String, sha256: &str) -> Option<Self> {
        let mut hash = [0; 32];
        hex::decode_to_slice(sha256, &mut hash).ok()?;
        Some(Self { object, bucket, hash })
    }

    /// The hash in hexadecimal digits.
    pub fn sha256(&self) -> String {
        hex::encode(self.hash)
    }
}

/// Those of one account and Region.
#[derive(Default)]
pub(super) struct Heads<'a> {
    /// The ones the walk has not come by.
    awaited: HashMap<&'a str, &'a Head>,
    /// Up to where digests were removed because of their age.
    pub(super) removed_until: Option<Timestamp>,
    /// Whether the newest digest was told.
    is_told: bool,
}

/// The accounts and Regions that heads belong to; `None` in place of a head that names no digest.
pub(super) fn scopes_of(heads: &[Head]) -> impl Iterator<Item = Option<Scope>> {
    heads.iter().map(|head| {
        let DigestName { account, region, .. } = head.object.parse().ok()?;
        Some(Scope { account, region })
    })
}

impl<'a> Heads<'a> {
    pub(super) fn of(heads: &'a [Head], scope: &Scope) -> Self {
        let own = heads.iter().zip(scopes_of(heads));
        let own = own.filter(|(_, of)| of.as_ref() == Some(scope)).map(|(head, _)| head);
        Self { awaited: own.map(|head| (&*head.object, head)).collect(), ..Self::default() }
    }

    /// Notes that the walk came by this digest; what was noted of it.
    pub(super) fn meet(&mut self, object: &str) -> Option<[u8; 32]> {
        self.awaited.remove(object).map(|head| head.hash)
    }
}

impl Walk<'_, '_> {
    /// Tells the newest valid digest, and any that is not what was noted of it.
    pub(super) fn meet_head(&mut self, file: &Address, noted: Option<[u8; 32]>, hash: [u8; 32]) {
        if !std::mem::replace(&mut self.heads.is_told, true) {
            let Address { bucket, object } = file.clone();
            (self.report.tell)(Event::Head(self.scope, &Head { object, bucket, hash }));
        }
        if noted.is_some_and(|noted| noted != hash) {
            self.found(file, Problem::NotAsNoted);
        }
    }

    /// Tells of the heads that are not in the chain, as far as they are asked for.
    pub(super) fn tell_missing_heads(&mut self) {
        let removed = self.heads.removed_until.max(self.range.removed_before);
        let mut missing: Vec<_> = self.heads.awaited.drain().map(|(_, head)| head).collect();
        missing.sort_by_key(|head| &head.object);
        for head in missing {
            let Ok(DigestName { end, .. }) = head.object.parse() else { continue };
            if self.is_asked_for(end) && removed.is_none_or(|removed| end > removed) {
                let file = self.tree.address(&head.bucket, &head.object);
                self.report.summary.digests_invalid += 1;
                self.found(&file, Problem::NotInChain);
            }
        }
    }
}
