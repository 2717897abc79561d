//! What lies where only the trail's files should, and is none: beside the buckets, beside `AWSLogs`,
//! and among the directories of accounts and Regions.

use std::io;

use keyward_model::{AccountId, Region};

use super::finding::Address;
use super::shelf::{Buckets, DIGESTS, LOG_FILES, NO_BUCKETS, Place, ROOT, Tree, is_link};
use crate::layout::{PUBLIC_KEYS, UNREADABLE};

/// What was found where it does not belong.
#[derive(Default)]
pub(super) struct Strays {
    /// Files and directories that are not the trail's.
    pub(super) foreign: Vec<Address>,
    /// Links to other places on the way to the trail's files.
    pub(super) links: Vec<Address>,
}

impl Tree<'_> {
    /// What lies outside the directories of accounts' Regions, and is not on the way to them. An
    /// empty directory is nothing, and a whole bucket may lie elsewhere.
    pub(super) fn strays(&self, places: &[Place]) -> io::Result<Strays> {
        let mut strays = Strays::default();
        match self.buckets {
            Buckets::Is(_) => self.beside_places("", "", places, &mut strays)?,
            Buckets::Below(root) => {
                let buckets = self.bucket_names(root)?;
                let known = [PUBLIC_KEYS, UNREADABLE];
                let is_known = |name: &str| known.contains(&name) || NO_BUCKETS.contains(&name);
                for object in self.names(root)? {
                    if !is_known(&object) && !buckets.contains(&object) {
                        strays.foreign.push(Address { bucket: String::new(), object });
                    }
                }
                for bucket in buckets {
                    self.beside_places(&bucket, "", places, &mut strays)?;
                }
            }
        }
        for Place { bucket, prefix } in places {
            let separator = if prefix.as_str().is_empty() { "" } else { "/" };
            let root = format!("{}{separator}{ROOT}", prefix.as_str());
            self.among_scopes(bucket, &root, &mut strays)?;
        }
        Ok(strays)
    }

    /// Looks on the way from a bucket to its places.
    fn beside_places(
        &self,
        bucket: &str,
        directory: &str,
        places: &[Place],
        strays: &mut Strays,
    ) -> io::Result<()> {
        let separator = if directory.is_empty() { "" } else { "/" };
        for name in self.names(&self.path(bucket, directory))? {
            let object = format!("{directory}{separator}{name}");
            let path = self.path(bucket, &object);
            let below = format!("{object}/");
            let leads = |place: &&Place| {
                place.bucket == bucket && format!("{}/", place.prefix).starts_with(&below)
            };
            let is_directory = self.is_directory(&path)?;
            let is_root = name == ROOT && is_directory;
            let is_way = is_directory && places.iter().any(|place| leads(&place));
            let address = Address { bucket: bucket.to_owned(), object: object.clone() };
            if (is_root || is_way) && is_link(&path) {
                strays.links.push(address);
            } else if !(is_root || is_way || is_directory && self.names(&path)?.is_empty()) {
                strays.foreign.push(address);
            }
            if is_way && !is_root {
                self.beside_places(bucket, &object, places, strays)?;
            }
        }
        Ok(())
    }

    /// Looks among the directories of accounts and Regions.
    fn among_scopes(&self, bucket: &str, root: &str, strays: &mut Strays) -> io::Result<()> {
        let is_account = |name: &str| name.parse::<AccountId>().is_ok();
        let is_kind = |name: &str| [LOG_FILES, DIGESTS].contains(&name);
        let is_region = |name: &str| name.parse::<Region>().is_ok();
        for account in self.known(bucket, root, is_account, strays)? {
            for kind in self.known(bucket, &account, is_kind, strays)? {
                self.known(bucket, &kind, is_region, strays)?;
            }
        }
        Ok(())
    }

    /// The directories below another whose names are known; the rest are strays.
    fn known(
        &self,
        bucket: &str,
        directory: &str,
        is_known: impl Fn(&str) -> bool,
        strays: &mut Strays,
    ) -> io::Result<Vec<String>> {
        let mut known = Vec::new();
        for name in self.names(&self.path(bucket, directory))? {
            let object = format!("{directory}/{name}");
            let path = self.path(bucket, &object);
            let address = Address { bucket: bucket.to_owned(), object: object.clone() };
            if !(is_known(&name) && self.is_directory(&path)?) {
                strays.foreign.push(address);
                continue;
            }
            if is_link(&path) {
                strays.links.push(address);
            }
            known.push(object);
        }
        Ok(known)
    }
}
