//! The seal of a deployment: made by `init`, opened by everything else.

use anyhow::{Context, Result, anyhow, bail};
use keyward_crypto::{
    DomainKeys, PassphraseParameters, RootKeyFile, Seal, SealKind, UnwrapError, WrappedDomainKey,
};
use keyward_store::DomainKeyRecord;

use crate::arguments::{PassphraseSource, SealName};
use crate::data_dir::DataDir;
use crate::{passphrase, private_file};

/// Makes a seal for a new deployment. A root key file left by an unfinished init is used again.
pub(crate) fn create(dir: &DataDir, name: SealName, source: &PassphraseSource) -> Result<Seal> {
    match name {
        SealName::File => {
            // A root key in the clear beside the database is not what was wanted then.
            if passphrase::is_offered(source) {
                bail!(
                    "a passphrase is handed over, but the seal is a file: add `--seal passphrase`"
                );
            }
            let path = dir.root_key();
            if let Some(seal) = read_file(dir)? {
                return Ok(seal);
            }
            let file = RootKeyFile::generate()?;
            private_file::create(&path, file.encode()?.expose())
                .with_context(|| format!("could not create {}", path.display()))?;
            Ok(Seal::from_root_key_file(&file)?)
        }
        SealName::Passphrase => {
            let passphrase = passphrase::read(source)?;
            passphrase::require_strength(&passphrase)?;
            Ok(Seal::from_passphrase(&passphrase, &PassphraseParameters::generate()?)?)
        }
    }
}

/// Opens the domain keys of an existing deployment. Creates nothing: a root key that is missing
/// is to be restored, a new one would open nothing.
///
/// Derives from a passphrase, so it blocks.
pub(crate) fn open(
    dir: &DataDir,
    records: &[DomainKeyRecord],
    source: &PassphraseSource,
) -> Result<(Seal, DomainKeys)> {
    let wrapped = records.iter().map(|record| WrappedDomainKey::parse(&record.wrapped));
    let wrapped = wrapped.collect::<Result<Vec<_>, _>>()?;
    let Some(newest) = wrapped.iter().max_by_key(|record| record.number()) else {
        bail!(
            "{} holds no domain key: its init did not finish; remove the directory and run `{}`",
            dir.database().display(),
            dir.command("init")
        );
    };
    let seal = match newest.kind() {
        SealKind::File => read_file(dir)?.ok_or_else(|| {
            anyhow!(
                "there is no root key file at {}; restore the one this database was made with, \
                 for without it nothing in the database can be read",
                dir.root_key().display()
            )
        })?,
        SealKind::Passphrase(parameters) => {
            Seal::from_passphrase(&passphrase::read(source)?, parameters)?
        }
    };
    let keys = DomainKeys::from_records(&seal, &wrapped).map_err(|error| explain(dir, error))?;
    Ok((seal, keys))
}

/// Whether the seal is a passphrase that nobody gives.
pub(crate) fn lacks_passphrase(
    records: &[DomainKeyRecord],
    source: &PassphraseSource,
) -> Result<bool> {
    let Some(newest) = records.iter().max_by_key(|record| record.number) else {
        return Ok(false);
    };
    let is_passphrase =
        matches!(WrappedDomainKey::parse(&newest.wrapped)?.kind(), SealKind::Passphrase(_));
    Ok(is_passphrase && !passphrase::is_offered(source))
}

fn read_file(dir: &DataDir) -> Result<Option<Seal>> {
    let path = dir.root_key();
    let Some(content) = private_file::read_secret(&path, RootKeyFile::BYTES)? else {
        return Ok(None);
    };
    let file = RootKeyFile::parse(&content).with_context(|| path.display().to_string())?;
    Ok(Some(Seal::from_root_key_file(&file)?))
}

fn explain(dir: &DataDir, error: UnwrapError) -> anyhow::Error {
    match error {
        UnwrapError::WrongRootKey => anyhow!(
            "{} is not the root key that sealed {}; restore the root key file that belongs to \
             this database",
            dir.root_key().display(),
            dir.database().display()
        ),
        UnwrapError::WrongPassphrase => {
            anyhow!("the passphrase is not the one that sealed {}", dir.database().display())
        }
        other => anyhow::Error::from(other).context(dir.database().display().to_string()),
    }
}
