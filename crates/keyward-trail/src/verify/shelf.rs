//! What lies on disk: buckets, prefixes, accounts, Regions and the names of their files. Nothing is
//! read here, and names are kept in few bytes, for there are many.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use keyward_audit::files::Files;
use keyward_model::Timestamp;
use keyward_store::Scope;

use super::finding::{Address, Problem};
use crate::format::{DigestName, FileTag, KeyPrefix, LogFileName, METADATA_SUFFIX};
use crate::layout::{STAGING, UNREADABLE};

/// Where buckets are.
#[derive(Clone, Debug)]
pub enum Buckets {
    /// Every directory below this one is a bucket of that name, but for `staging`.
    Below(PathBuf),
    /// This directory is the bucket, whatever its name: a copy of one.
    Is(PathBuf),
}

/// The buckets of a file system.
pub(super) struct Tree<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) buckets: &'a Buckets,
}

/// A prefix in a bucket, below which there is `AWSLogs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) prefix: KeyPrefix,
}

/// The names of an account's Region.
#[derive(Default)]
pub(super) struct Shelf {
    places: Vec<Place>,
    /// By the end of their time.
    pub(super) digests: BTreeMap<Timestamp, Vec<Address>>,
    /// Each with whether it was accounted for.
    logs: BTreeMap<LogKey, bool>,
    pub(super) foreign: Vec<Address>,
    /// Files and directories that are links to others.
    pub(super) links: Vec<Address>,
    /// The digests that have a side file and are not there themselves.
    pub(super) side_files: Vec<(Timestamp, Address)>,
}

/// The name of a log file within its account and Region: the place, the minute, the tag.
type LogKey = (usize, Timestamp, FileTag);

/// The directories beside the buckets: where files are made, and what a file system begins with.
pub(super) const NO_BUCKETS: [&str; 2] = [STAGING, "lost+found"];
pub(super) const ROOT: &str = "AWSLogs";
/// How many words of a prefix are looked through.
const PREFIX_WORDS_MAX: usize = 8;
pub(super) const LOG_FILES: &str = "CloudTrail";
pub(super) const DIGESTS: &str = "CloudTrail-Digest";

impl Tree<'_> {
    /// The prefixes in all buckets.
    pub(super) fn places(&self) -> io::Result<Vec<Place>> {
        let mut places = Vec::new();
        match self.buckets {
            Buckets::Is(_) => self.find_places("", &mut Vec::new(), &mut places)?,
            Buckets::Below(root) => {
                for bucket in self.bucket_names(root)? {
                    self.find_places(&bucket, &mut Vec::new(), &mut places)?;
                }
            }
        }
        Ok(places)
    }

    /// The directories that stand for buckets.
    pub(super) fn bucket_names(&self, root: &Path) -> io::Result<Vec<String>> {
        let mut names = self.names(root)?;
        names.retain(|name| !NO_BUCKETS.contains(&&**name));
        let mut buckets = Vec::new();
        for name in names {
            if self.is_directory(&root.join(&name))? {
                buckets.push(name);
            }
        }
        Ok(buckets)
    }

    fn find_places(
        &self,
        bucket: &str,
        words: &mut Vec<String>,
        places: &mut Vec<Place>,
    ) -> io::Result<()> {
        let directory = self.path(bucket, &words.join("/"));
        for name in self.names(&directory)? {
            let prefix = words.join("/").parse::<KeyPrefix>();
            if name == ROOT {
                places.extend(prefix.map(|prefix| Place { bucket: bucket.to_owned(), prefix }));
            } else if words.len() < PREFIX_WORDS_MAX && self.is_directory(&directory.join(&name))? {
                words.push(name);
                self.find_places(bucket, words, places)?;
                words.pop();
            }
        }
        Ok(())
    }

    /// The accounts and Regions that have a directory.
    pub(super) fn scopes(&self, places: &[Place]) -> io::Result<Vec<Scope>> {
        let mut scopes = Vec::new();
        for Place { bucket, prefix } in places {
            let root = self.path(bucket, prefix.as_str()).join(ROOT);
            for account in self.names(&root)? {
                let Ok(id) = account.parse() else { continue };
                for kind in [LOG_FILES, DIGESTS] {
                    let regions = self.names(&root.join(&account).join(kind))?;
                    let regions = regions.iter().filter_map(|region| region.parse().ok());
                    scopes.extend(regions.map(|region| Scope { account: id, region }));
                }
            }
        }
        scopes.sort();
        scopes.dedup();
        Ok(scopes)
    }

    /// The file of lines that were set aside, if there are any.
    pub(super) fn set_aside(&self) -> io::Result<Option<(Address, Problem)>> {
        let Buckets::Below(root) = self.buckets else { return Ok(None) };
        let found = absent_as_none(self.files.describe(&root.join(UNREADABLE)))?;
        let file = Address { bucket: String::new(), object: UNREADABLE.to_owned() };
        Ok(found
            .filter(|found| found.bytes > 0)
            .map(|found| (file, Problem::SetAside { bytes: found.bytes, at: found.written_at })))
    }

    /// The names of an account's Region.
    pub(super) fn shelf(&self, places: &[Place], scope: &Scope) -> io::Result<Shelf> {
        let mut names = Shelf { places: places.to_vec(), ..Shelf::default() };
        for Place { bucket, prefix } in places {
            let Scope { account, region } = scope;
            for directory in [
                DigestName::directory(prefix, account, region),
                LogFileName::directory(prefix, account, region),
            ] {
                self.walk(bucket, &directory, 0, &mut names)?;
            }
        }
        let Shelf { digests, side_files, .. } = &mut names;
        side_files.retain(|(end, digest)| {
            digests.get(end).is_none_or(|digests| !digests.contains(digest))
        });
        Ok(names)
    }

    /// Every file below a directory: three levels of years, months and days, and whatever else
    /// lies there.
    fn walk(
        &self,
        bucket: &str,
        directory: &str,
        depth: usize,
        found: &mut Shelf,
    ) -> io::Result<()> {
        const DAYS: usize = 3;
        for name in self.names(&self.path(bucket, directory))? {
            let object = format!("{directory}/{name}");
            let path = self.path(bucket, &object);
            if is_link(&path) {
                let bucket = bucket.to_owned();
                found.links.push(Address { bucket, object: object.clone() });
            }
            if depth < DAYS && self.is_directory(&path)? {
                self.walk(bucket, &object, depth + 1, found)?;
            } else {
                found.take(bucket, object);
            }
        }
        Ok(())
    }

    /// The bytes of a file; `None` if there is none.
    pub(super) fn read(&self, file: &Address, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        absent_as_none(self.files.read(&self.path(&file.bucket, &file.object), bytes_max))
    }

    /// The bytes of a file that may be on its way to its place, and whether it still waits.
    pub(super) fn read_staged(
        &self,
        file: &Address,
        bytes_max: usize,
    ) -> io::Result<Option<(Vec<u8>, bool)>> {
        let Buckets::Below(root) = self.buckets else { return Ok(None) };
        let name = file.object.rsplit('/').next().unwrap_or(&file.object);
        let path = root.join(STAGING).join(name);
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        if let Some(bytes) = absent_as_none(self.files.read(&path, limit))? {
            return Ok(Some((bytes, true)));
        }
        // It came to its place since it was looked for there.
        Ok(self.read(file, bytes_max)?.map(|bytes| (bytes, false)))
    }

    /// The address as it is written here.
    pub(super) fn address(&self, bucket: &str, object: &str) -> Address {
        let bucket = if matches!(self.buckets, Buckets::Is(_)) { "" } else { bucket };
        Address { bucket: bucket.to_owned(), object: object.to_owned() }
    }

    /// The path of a key, which was parsed or listed and so stays below its bucket.
    pub(super) fn path(&self, bucket: &str, object: &str) -> PathBuf {
        match self.buckets {
            Buckets::Below(root) => root.join(bucket).join(object),
            Buckets::Is(root) => root.join(object),
        }
    }

    /// The names in a directory; none if there is none.
    pub(super) fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let names = absent_as_none(self.files.list(directory))?.unwrap_or_default();
        // What is not UTF-8 was not written here and is shown as well as it can be.
        Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect())
    }

    pub(super) fn is_directory(&self, path: &Path) -> io::Result<bool> {
        let description = absent_as_none(self.files.describe(path))?;
        Ok(description.is_some_and(|description| description.is_directory))
    }
}

impl Shelf {
    fn take(&mut self, bucket: &str, object: String) {
        let address = Address { bucket: bucket.to_owned(), object };
        if let Ok(name) = address.object.parse::<DigestName>() {
            self.digests.entry(name.end).or_default().push(address);
        } else if let Some(key) = self.log_key(&address) {
            self.logs.insert(key, false);
        } else if let Some((end, object)) = digest_of_side_file(&address.object) {
            self.side_files.push((end, Address { object, ..address }));
        } else {
            self.foreign.push(address);
        }
    }

    /// Accounts for a log file; whether it already was.
    pub(super) fn account_for(&mut self, file: &Address) -> bool {
        self.log_key(file).is_some_and(|key| self.logs.insert(key, true) == Some(true))
    }

    /// Whether a log file was accounted for.
    pub(super) fn is_accounted_for(&mut self, file: &Address) -> bool {
        self.log_key(file).is_some_and(|key| self.logs.get(&key) == Some(&true))
    }

    /// The log files not accounted for, with their minutes.
    pub(super) fn others(&self, scope: &Scope) -> Vec<(Timestamp, Address)> {
        let others = self.logs.iter().filter(|(_, is_known)| !**is_known);
        others.filter_map(|(key, _)| Some((key.1, self.address(scope, key)?))).collect()
    }

    /// Whether there is no digest up to this instant, and no log file that was not accounted for.
    pub(super) fn is_empty_until(&self, scope: &Scope, end: Timestamp) -> bool {
        self.digests.range(..=end).next().is_none()
            && self.others(scope).iter().all(|(minute, _)| *minute > end)
    }

    fn address(&self, scope: &Scope, (place, delivered_at, tag): &LogKey) -> Option<Address> {
        let Place { bucket, prefix } = self.places.get(*place)?;
        let name = LogFileName {
            prefix: prefix.clone(),
            account: scope.account,
            region: scope.region.clone(),
            delivered_at: *delivered_at,
            tag: *tag,
        };
        Some(Address { bucket: bucket.clone(), object: name.to_string() })
    }

    fn log_key(&mut self, file: &Address) -> Option<LogKey> {
        let LogFileName { prefix, delivered_at, tag, .. } = file.object.parse().ok()?;
        let place = Place { bucket: file.bucket.clone(), prefix };
        let known = self.places.iter().position(|other| *other == place);
        let index = known.unwrap_or_else(|| {
            self.places.push(place);
            self.places.len() - 1
        });
        Some((index, delivered_at, tag))
    }
}

/// Whether a name stands for another. Nothing is written through it here, so the system is asked
/// as it is.
pub(super) fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_symlink())
}

fn digest_of_side_file(object: &str) -> Option<(Timestamp, String)> {
    let digest = object.strip_suffix(METADATA_SUFFIX)?;
    let name = digest.parse::<DigestName>().ok()?;
    Some((name.end, digest.to_owned()))
}

fn absent_as_none<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
