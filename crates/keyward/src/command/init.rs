//! `keyward init`

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keyward_crypto::{DomainKeys, Seal};
use keyward_engine::{KeyRing, NewAccount, NewDeployment, create_deployment};
use keyward_model::{Clock, Partition, Region};
use keyward_store::DomainKeyRecord;
use keyward_store_sqlite::Database;
use serde_json::json;

use super::{print, print_json, runtime};
use crate::arguments::{Birth, Init, PassphraseSource, SealName};
use crate::certificate::PrivateCa;
use crate::config::DEFAULT_LISTEN;
use crate::data_dir::{DataDir, Lock};
use crate::profile::{Endpoint, Profiles};
use crate::wiring::{SystemClock, SystemRng};
use crate::{private_file, root_key};

pub(super) fn run(arguments: &Init) -> Result<()> {
    let dir = DataDir::locate(arguments.directory.data_dir.clone())?;
    partition(&arguments.birth.regions)?;
    dir.create()?;
    // A server that runs holds the lock; whether there is a deployment can be told without it.
    if dir.is_initialised()? {
        return already_there(&dir, arguments);
    }
    let lock = dir.lock()?;
    if dir.is_initialised()? {
        return already_there(&dir, arguments);
    }
    let Init { birth, seal, passphrase, dev, .. } = arguments;
    let account = make_deployment(&dir, (birth, *dev), *seal, passphrase, &lock)?;
    report(&dir, arguments, &account)
}

/// Makes a deployment in a directory that holds none.
///
/// The database gets its name last. Before that nothing of it was ever used, and whatever an
/// interrupted run left is made anew, but for the root key file.
pub(super) fn make_deployment(
    dir: &DataDir,
    (birth, is_development): (&Birth, bool),
    seal: SealName,
    source: &PassphraseSource,
    _lock: &Lock,
) -> Result<NewAccount> {
    let partition = partition(&birth.regions)?;
    let seal = root_key::create(dir, seal, source)?;
    let endpoint = make_endpoint(dir, birth)?;
    let new = NewDeployment {
        partition,
        regions: distinct(&birth.regions),
        account: birth.account_id,
        is_development,
    };
    let unfinished = dir.path().join("keyward.db.new");
    let account = make_database(&unfinished, &seal, new)?;
    let region = birth.regions.first().map_or("", Region::as_str);
    Profiles::of(dir)?.write_first(&account, region, &endpoint)?;
    finish(&unfinished, &dir.database())?;
    Ok(account)
}

fn already_there(dir: &DataDir, arguments: &Init) -> Result<()> {
    if arguments.if_missing && arguments.json {
        let (account, access_key) = Profiles::of(dir)?.first()?;
        return print_json(&json_of(dir, account.as_deref(), access_key.as_deref()));
    }
    if arguments.if_missing {
        return print(&format!("{} holds a deployment already\n", dir.path().display()));
    }
    bail!(
        "{} holds a deployment already; serve it with `{}`, or name another directory",
        dir.path().display(),
        dir.command("serve")
    )
}

/// The partition that all these Regions belong to.
fn partition(regions: &[Region]) -> Result<Partition> {
    let of = |region: &Region| match region.as_str() {
        name if name.starts_with("cn-") => Partition::AwsCn,
        name if name.starts_with("us-gov-") => Partition::AwsUsGov,
        _ => Partition::Aws,
    };
    let first = regions.first().map_or(Partition::Aws, of);
    match regions.iter().find(|region| of(region) != first) {
        Some(other) => bail!(
            "{other} is of the partition {}, the first Region is of {}; a deployment serves one \
             partition",
            of(other).as_str(),
            first.as_str()
        ),
        None => Ok(first),
    }
}

/// Each Region once, in the order given.
fn distinct(regions: &[Region]) -> Vec<Region> {
    let mut distinct: Vec<Region> = Vec::new();
    for region in regions {
        if !distinct.contains(region) {
            distinct.push(region.clone());
        }
    }
    distinct
}

fn make_endpoint(dir: &DataDir, birth: &Birth) -> Result<Endpoint> {
    let ca = PrivateCa::at(dir.tls());
    if birth.tls_names.is_empty() {
        if ca.is_wanted()? {
            bail!(
                "{} is there, from an init that did not finish; name the hosts again with \
                 --tls-name, or remove it to serve plain HTTP",
                dir.tls().display()
            );
        }
        return Ok(Endpoint { url: format!("http://{DEFAULT_LISTEN}"), ca_bundle: None });
    }
    private_file::make_directory(&dir.tls())?;
    ca.create(&birth.tls_names, SystemClock.now())?;
    Endpoint::under(&ca, DEFAULT_LISTEN)
}

fn make_database(path: &Path, seal: &Seal, new: NewDeployment) -> Result<NewAccount> {
    for file in files_of(path) {
        private_file::remove(&file).with_context(|| file.display().to_string())?;
    }
    let database = Database::open(path).with_context(|| path.display().to_string())?;
    let (keys, wrapped) = DomainKeys::generate(seal)?;
    let now = SystemClock.now();
    database.add_domain_key(&DomainKeyRecord {
        number: wrapped.number(),
        wrapped: wrapped.encode(),
        created_at: now,
    })?;
    let ring = KeyRing::new(keys);
    let store = database.into_store(ring.clone()).with_context(|| path.display().to_string())?;
    runtime()?.block_on(async {
        let account = create_deployment(&store, &ring, new, (&SystemRng, now)).await?;
        store.close().await?;
        Ok(account)
    })
}

/// Gives the database its name, in one step.
fn finish(unfinished: &Path, path: &Path) -> Result<()> {
    let [_, leftovers @ ..] = files_of(unfinished);
    if leftovers.iter().any(|file| file.exists()) {
        bail!("{} was not closed properly; run this again", unfinished.display());
    }
    private_file::rename(unfinished, path).with_context(|| path.display().to_string())
}

/// A database file with those that SQLite puts beside it.
fn files_of(path: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", "-journal"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

fn report(dir: &DataDir, arguments: &Init, new: &NewAccount) -> Result<()> {
    let path = dir.path().display();
    let account = new.root.account;
    if arguments.json {
        let access_key = new.root.access_key_id.as_str();
        return print_json(&json_of(dir, Some(account.as_str()), Some(access_key)));
    }
    let root_key = match arguments.seal {
        SealName::File => format!(
            "\nKeep a copy of {} in a safe place elsewhere: without it the database cannot be \
             read.\n",
            dir.root_key().display()
        ),
        SealName::Passphrase => {
            "\nKeep the passphrase in a safe place: without it the database cannot be read.\n"
                .to_owned()
        }
    };
    print(&format!(
        "Made a deployment in {path} with account {account}.\n{root_key}\n\
         Serve it:   {}\n\
         Use it:\n{}",
        dir.command("serve"),
        Profiles::of(dir)?.environment()?
    ))
}

/// The same members whether the deployment was made now or before; what cannot be told is null.
fn json_of(dir: &DataDir, account: Option<&str>, access_key: Option<&str>) -> serde_json::Value {
    json!({
        "dataDir": dir.path(),
        "accountId": account,
        "accessKeyId": access_key,
        "profile": "keyward",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(names: &[&str]) -> Vec<Region> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn the_partition_follows_from_the_regions() {
        for (names, expected) in [
            (["us-east-1", "eu-central-1"], Partition::Aws),
            (["cn-north-1", "cn-northwest-1"], Partition::AwsCn),
            (["us-gov-west-1", "us-gov-east-1"], Partition::AwsUsGov),
        ] {
            assert_eq!(partition(&regions(&names)).unwrap(), expected);
        }
    }

    #[test]
    fn regions_of_two_partitions_are_refused() {
        let refused = partition(&regions(&["us-east-1", "cn-north-1"])).unwrap_err();
        assert!(refused.to_string().contains("one partition"));
    }

    #[test]
    fn a_region_named_twice_is_served_once() {
        let once = distinct(&regions(&["us-east-1", "eu-west-1", "us-east-1"]));
        assert_eq!(once, regions(&["us-east-1", "eu-west-1"]));
    }
}
