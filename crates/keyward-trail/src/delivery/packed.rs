//! A batch of lines made into what files will hold: all that takes a processor, and no disk.

use keyward_audit::Lines;
use keyward_crypto::sha256;
use keyward_model::{LookupAttribute, Timestamp};
use keyward_store::Scope;

use super::batch::{Batch, Group};
use super::{length, place};
use crate::format::block_sums;

/// What becomes of a batch.
pub(super) struct Packed {
    /// One for each account and Region.
    pub(super) files: Vec<PackedFile>,
    /// Lines that are no records.
    pub(super) unreadable: Vec<Vec<u8>>,
}

/// What a log file will hold, and what its rows say of it.
pub(super) struct PackedFile {
    pub(super) scope: Scope,
    pub(super) values: Vec<(LookupAttribute, String)>,
    pub(super) event_ids: Vec<u8>,
    pub(super) oldest: Timestamp,
    pub(super) newest: Timestamp,
    pub(super) records: u64,
    /// How long the content is that `stored` is the compressed form of.
    pub(super) bytes: u64,
    /// SHA-256 of the content.
    pub(super) hash: [u8; 32],
    pub(super) stored: Vec<u8>,
    pub(super) blocks: Vec<u8>,
}

impl Packed {
    pub(super) fn of(lines: &Lines) -> Self {
        let batch = Batch::of(lines.iter());
        Self {
            files: batch.groups.into_iter().map(|(scope, group)| pack(scope, group)).collect(),
            unreadable: batch.unreadable.into_iter().map(<[u8]>::to_vec).collect(),
        }
    }
}

fn pack(scope: Scope, group: Group) -> PackedFile {
    let (records, event_ids) = (group.records(), group.event_ids());
    let (oldest, newest) = (group.oldest, group.newest);
    let (values, content) = group.into_parts();
    let stored = place::compress(&content);
    PackedFile {
        scope,
        values,
        event_ids,
        oldest,
        newest,
        records,
        bytes: length(&content),
        hash: sha256(&[&content]),
        blocks: block_sums(&stored),
        stored,
    }
}
