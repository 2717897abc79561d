//! Seeds of MFA devices: made, sealed for their rows, and opened to check a code.

use keyward_crypto::MfaSeed;
use keyward_store::{EntityName, EntityRecord, StoreError};

use crate::authorize::{Account, reach};
use crate::credential::seed_binding;
use crate::{Action, Authorized, Cx, Engine, OpError};

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
}

impl Engine {
    /// The time step whose code of the device this is, by the machine's clock; `None` when the code
    /// is wrong, or not after `last_step`.
    pub fn mfa_step(
        &self,
        (device, sealed_seed): (&EntityName, &[u8]),
        code: &str,
        (shift_s, last_step): (i64, i64),
    ) -> Result<Option<i64>, StoreError> {
        let row = device.row_identity();
        let seed = self.ring().keys().open(&seed_binding(&row), sealed_seed);
        let seed = seed.map_err(|_| StoreError::Forged { table: EntityRecord::TABLE })?;
        let now_s = self.machine_clock().now().unix_ms().div_euclid(1000);
        Ok(MfaSeed::from(seed).step_of(code, now_s.saturating_add(shift_s), last_step))
    }
}
