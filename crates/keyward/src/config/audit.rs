//! `[audit]`: the journal, and the log files and digests made of it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use keyward_model::Region;
use keyward_trail::format::{KeyPrefix, TrailName};
use keyward_trail::{Bucket, DeliveryOptions, TrailLayout};
use serde::{Deserialize, Serialize};

const FILE_BYTES: std::ops::RangeInclusive<u32> = 1 << 20..=64 << 20;
const FILE_AGE_S: std::ops::RangeInclusive<u32> = 1..=3600;

/// What becomes of audit records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    pub(crate) durability: Durability,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) trail_name: String,
    pub(crate) file_age_s: u32,
    pub(crate) file_bytes_max: u32,
    pub(crate) history_days: u32,
    pub(crate) files_days: u32,
    pub(crate) journal_days: u32,
    pub(crate) signing_key_days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    Fsync,
    Written,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            durability: Durability::Written,
            bucket: "keyward-audit".to_owned(),
            prefix: String::new(),
            trail_name: "keyward".to_owned(),
            file_age_s: 300,
            file_bytes_max: 16 << 20,
            history_days: 90,
            files_days: 0,
            journal_days: 7,
            signing_key_days: 365,
        }
    }
}

impl Audit {
    pub(super) fn require_sound(&self) -> Result<()> {
        if !FILE_AGE_S.contains(&self.file_age_s) {
            bail!("`file_age_s` in [audit] is from 1 to 3600");
        }
        if !FILE_BYTES.contains(&self.file_bytes_max) {
            bail!("`file_bytes_max` in [audit] is from 1 MiB to 64 MiB");
        }
        if self.history_days == 0 || self.journal_days == 0 || self.signing_key_days == 0 {
            bail!(
                "`history_days`, `journal_days` and `signing_key_days` in [audit] are at least 1"
            );
        }
        self.names().map(drop)
    }

    /// How records are delivered to log files below `directory`.
    pub(crate) fn delivery(
        &self,
        directory: PathBuf,
        home_region: Region,
    ) -> Result<DeliveryOptions> {
        let mut options = DeliveryOptions::new(self.layout(directory, home_region)?);
        options.file_age = Duration::from_secs(self.file_age_s.into());
        options.file_bytes_max = usize::try_from(self.file_bytes_max)?;
        options.history_days = self.history_days;
        options.files_days = self.files_days;
        options.journal_days = self.journal_days;
        options.signing_key_days = self.signing_key_days;
        Ok(options)
    }

    /// Where log files and digests are, and what they are called.
    pub(crate) fn layout(&self, directory: PathBuf, home_region: Region) -> Result<TrailLayout> {
        let (bucket, prefix, name) = self.names()?;
        Ok(TrailLayout { directory, bucket, prefix, name, home_region })
    }

    fn names(&self) -> Result<(Bucket, KeyPrefix, TrailName)> {
        Ok((
            self.bucket.parse().context("`bucket` in [audit]")?,
            self.prefix.parse().context("`prefix` in [audit]")?,
            self.trail_name.parse().context("`trail_name` in [audit]")?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_trail_is_refused() {
        let check = |change: fn(&mut Audit)| {
            let mut audit = Audit::default();
            change(&mut audit);
            audit.require_sound()
        };
        assert!(check(|_| {}).is_ok());
        assert!(check(|it| it.prefix = "a/b".to_owned()).is_ok());
        assert!(check(|it| it.files_days = 1).is_ok());
        assert!(check(|it| it.bucket = "../x".to_owned()).is_err());
        assert!(check(|it| it.prefix = "/a".to_owned()).is_err());
        assert!(check(|it| it.trail_name = "a".to_owned()).is_err());
        assert!(check(|it| it.file_age_s = 0).is_err());
        assert!(check(|it| it.file_age_s = 3601).is_err());
        assert!(check(|it| it.file_bytes_max = 1000).is_err());
        assert!(check(|it| it.file_bytes_max = u32::MAX).is_err());
        assert!(check(|it| it.history_days = 0).is_err());
        assert!(check(|it| it.journal_days = 0).is_err());
        assert!(check(|it| it.signing_key_days = 0).is_err());
    }

    #[test]
    fn the_defaults_are_those_of_delivery() {
        let region: Region = "us-east-1".parse().unwrap();
        let audit = Audit::default();
        let options = audit.delivery("/d".into(), region.clone()).unwrap();
        let layout = audit.layout("/d".into(), region).unwrap();
        let expected = DeliveryOptions::new(layout);
        assert_eq!(format!("{options:?}"), format!("{expected:?}"));
    }
}
