//! What only a development deployment allows: its clock is moved, and keys are loaded that are known
//! already.
//!
//! A deployment is one from birth or never: the fact stands in the authenticated row of the
//! deployment, and nothing writes that row again.

mod load;

use std::time::Duration;

use keyward_audit::Fragment;
use keyward_model::{AccountId, AliasName, KeyId, Timestamp};

use crate::operator::OperatorCommand;
use crate::{Engine, OperatorError};

pub use load::LoadedKey;

/// How far the clock may be ahead of the machine's: a hundred years.
const AHEAD_DAYS_MAX: u32 = 36_525;

/// Why a command of development did nothing.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentError {
    /// An alias exists already.
    #[error("{0} exists already")]
    AliasExists(AliasName),
    /// A key exists already.
    #[error("key {0} exists already")]
    KeyExists(KeyId),
    /// It could not be done or not be recorded.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The deployment is not for development.
    #[error("this is not a development deployment; only `keyward init --dev` makes one")]
    Ordinary,
    /// Two versions of a key's material are the same.
    #[error("key {0} has the same material twice")]
    SameMaterial(KeyId),
    /// The clock would be too far ahead.
    #[error("the clock can be at most {AHEAD_DAYS_MAX} days ahead of the machine's in all")]
    TooFar,
}

impl Engine {
    /// Refuses a deployment that is not for development.
    pub fn require_development(&self) -> Result<(), DevelopmentError> {
        if self.deployment().is_development { Ok(()) } else { Err(DevelopmentError::Ordinary) }
    }

    /// Moves the deployment's clock forward, for good, and tells the time it shows then. Recorded in
    /// the log of `account`. What is due by then is for the caller to have done.
    pub async fn advance_clock(
        &self,
        by: Duration,
        account: AccountId,
        operator: &str,
    ) -> Result<Timestamp, DevelopmentError> {
        self.require_development()?;
        let by_ms = i64::try_from(by.as_millis()).map_err(|_| DevelopmentError::TooFar)?;
        let ahead = Timestamp::from_unix_ms(self.clock.ahead_ms().saturating_add(by_ms));
        if ahead > Timestamp::from_unix_ms(0).plus_days(AHEAD_DAYS_MAX) {
            return Err(DevelopmentError::TooFar);
        }
        let mut request_parameters = Fragment::default();
        request_parameters.add().integer("advancedMilliseconds", by_ms);
        let command = OperatorCommand {
            name: "AdvanceClock",
            account,
            region: self.default_region(),
            operator,
            request_parameters,
        };
        self.operate(&command, Vec::new()).await?;
        let moved = self.store().deployment().move_clock(by_ms).await;
        self.clock.set_ahead_ms(moved.map_err(OperatorError::from)?);
        Ok(self.clock().now())
    }
}
