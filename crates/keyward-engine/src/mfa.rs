//! MFA devices: their seeds, sealed for their rows, and their codes as proof that a user is there.

use std::time::Duration;

use keyward_crypto::{MFA_STEP_S, MfaSeed};
use keyward_model::{Principal, Timestamp};
use keyward_store::{
    EntityBody, EntityKind, EntityName, EntityRecord, MfaDeviceBody, Precondition, Versioned, Write,
};
use quick_cache::sync::Cache;

use crate::authorize::{Account, reach};
use crate::credential::seed_binding;
use crate::{Action, Authorized, Cx, Engine, OpError, op_error};

/// How many wrong codes of one device are heard in one span of time. A code has six digits, of
/// which a few are right at any time.
const FAILURES_MAX: u32 = 5;
const FAILURES_SPAN: Duration = Duration::from_mins(5);
/// How far, in seconds, a device that is enabled or resynchronized may be off, in either direction.
const DRIFT_MAX_S: i64 = 120;
/// How many devices' failures are remembered.
const DEVICES_MAX: usize = 10_000;

/// Wrong codes heard lately, by device: since when, and how many.
pub(crate) struct MfaFailures(Cache<EntityName, (Duration, u32)>);

impl Default for MfaFailures {
    fn default() -> Self {
        Self(Cache::new(DEVICES_MAX))
    }
}

impl MfaFailures {
    fn lately(&self, device: &EntityName, now: Duration) -> (Duration, u32) {
        let heard = self.0.get(device);
        heard.filter(|(since, _)| now < since.saturating_add(FAILURES_SPAN)).unwrap_or((now, 0))
    }

    fn has_room(&self, device: &EntityName, now: Duration) -> bool {
        self.lately(device, now).1 < FAILURES_MAX
    }

    fn add(&self, device: &EntityName, now: Duration) {
        let (since, count) = self.lately(device, now);
        self.0.insert(device.clone(), (since, count.saturating_add(1)));
    }
}

impl Cx {
    /// Makes the seed of a device of the caller's account: what is shown once, and what its row
    /// holds.
    pub fn new_mfa_seed<A>(
        &self,
        _account: &Authorized<A, Account>,
        device: &EntityName,
    ) -> Result<(MfaSeed, Vec<u8>), OpError>
    where
        A: Action<Reach = reach::Change>,
    {
        let seed = MfaSeed::generate().map_err(OpError::internal)?;
        let row = device.row_identity();
        let keys = self.engine().ring().keys();
        let sealed = keys.seal(&seed_binding(&row), &seed).map_err(OpError::internal)?;
        Ok((seed, sealed))
    }

    /// When the caller showed a code of its MFA device: now, if the request holds one. The code is
    /// used up in the same change that does what the request asks for.
    pub async fn verify_mfa(
        &mut self,
        serial_number: Option<&str>,
        token_code: Option<&str>,
    ) -> Result<Option<Timestamp>, OpError> {
        let (serial_number, code) = match (serial_number, token_code) {
            (None, None) => return Ok(None),
            (Some(serial_number), Some(code)) => (serial_number, code),
            _ => {
                return Err(op_error!(
                    AccessDenied,
                    "MultiFactorAuthentication failed, must provide both MFA serial number and one \
                     time pass code."
                ));
            }
        };
        let device = self.mfa_device(serial_number).await?.ok_or_else(not_associated)?;
        let Versioned { record, change } = device;
        let name = record.entity_name();
        let EntityBody::MfaDevice(body) = record.body else { return Err(not_associated()) };
        let step = self.engine().step_of_code(&name, &body, code)?.ok_or_else(wrong_code)?;
        let body = EntityBody::MfaDevice(MfaDeviceBody { last_step: step, ..body });
        self.require(Precondition::EntityAt(name, change));
        let record = EntityRecord { body, ..record };
        self.change.writes.push(Write::PutEntity(Box::new(record)));
        Ok(Some(self.engine().machine_clock().now()))
    }

    /// The device of this serial number, if it is the caller's.
    async fn mfa_device(
        &self,
        serial_number: &str,
    ) -> Result<Option<Versioned<EntityRecord>>, OpError> {
        let Principal::User(user) = &self.caller().principal else { return Ok(None) };
        let name = serial_number.rsplit('/').next().unwrap_or_default();
        let name = EntityName::new(self.caller().account, EntityKind::MfaDevice, name);
        let found = self.engine().store().entities().find(&name).await;
        let partition = self.engine().partition();
        let is_own = |record: &EntityRecord| match &record.body {
            EntityBody::MfaDevice(body) => {
                body.user == Some(user.unique_id)
                    && body.enabled_at.is_some()
                    && record.arn(partition) == serial_number
            }
            _ => false,
        };
        Ok(found.map_err(OpError::internal)?.filter(|found| is_own(&found.record)))
    }
}

impl Engine {
    /// The time step of the second of two codes that a device has shown one after the other, not
    /// long ago by a clock that may be off; `None` when they are no such codes.
    pub fn step_of_codes(
        &self,
        device: &EntityName,
        body: &MfaDeviceBody,
        (first, second): (&str, &str),
    ) -> Result<Option<i64>, OpError> {
        self.hear(device, body, |seed, now_s| {
            let drifts = (0..=DRIFT_MAX_S / MFA_STEP_S).flat_map(|steps| [-steps, steps]);
            drifts.map(|steps| now_s.saturating_add(steps * MFA_STEP_S)).find_map(|then_s| {
                let earlier = seed.step_of(first, then_s, body.last_step)?;
                // Its code is looked for where it must be, whatever the drift.
                let later = seed.step_of(second, then_s.saturating_add(MFA_STEP_S), earlier);
                later.filter(|later| earlier.checked_add(1) == Some(*later))
            })
        })
    }

    /// The time step whose code of the device this is; `None` when the code is wrong or was shown
    /// before.
    fn step_of_code(
        &self,
        device: &EntityName,
        body: &MfaDeviceBody,
        code: &str,
    ) -> Result<Option<i64>, OpError> {
        self.hear(device, body, |seed, now_s| seed.step_of(code, now_s, body.last_step))
    }

    /// Lets `check` judge what was shown, by the machine's clock, unless too many wrong codes of the
    /// device were.
    fn hear(
        &self,
        device: &EntityName,
        body: &MfaDeviceBody,
        check: impl FnOnce(&MfaSeed, i64) -> Option<i64>,
    ) -> Result<Option<i64>, OpError> {
        let clock = self.machine_clock();
        if !self.mfa_failures.has_room(device, clock.monotonic()) {
            return Ok(None);
        }
        let row = device.row_identity();
        let seed = self.ring().keys().open(&seed_binding(&row), &body.sealed_seed);
        let seed = MfaSeed::from(seed.map_err(OpError::internal)?);
        let step = check(&seed, clock.now().unix_ms().div_euclid(1000));
        if step.is_none() {
            self.mfa_failures.add(device, clock.monotonic());
        }
        Ok(step)
    }
}

fn not_associated() -> OpError {
    op_error!(
        AccessDenied,
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA \
         serial number is valid and associated with this user."
    )
}

fn wrong_code() -> OpError {
    op_error!(
        AccessDenied,
        "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    )
}
