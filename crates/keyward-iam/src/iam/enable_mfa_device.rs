//! EnableMFADevice: gives an MFA device to a user, who shows two codes of it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html>

use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_store::UserBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::mfa_device::{check_codes, devices_of, find, no_such_device};
use super::shape::CodesOfDevice;
use super::{action, constraints};

/// The operation.
pub(crate) enum EnableMFADevice {}

/// The most MFA devices of one user.
const DEVICES_PER_USER_MAX: u32 = 8;

impl Operation for EnableMFADevice {
    const NAME: &'static str = "EnableMFADevice";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ENABLE_MFA_DEVICE;
    type Input<'a> = CodesOfDevice<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: CodesOfDevice<'a>) -> Result<(), OpError> {
        let name = &*input.user_name;
        let (proof, user) =
            existing::<action::EnableMfaDevice, UserBody>(cx, name, Conditions::none()).await?;
        let device = find(cx, &input.serial_number).await?;
        let mut device = device.ok_or_else(|| no_such_device(&input.serial_number))?;
        if device.body.user.is_some() {
            // WIRE: "IAM: MFA devices".
            return Err(op_error!(EntityAlreadyExists, "MFA Device is already in use."));
        }
        let devices = devices_of(&user)?;
        let count = cx.engine().store().entities().count_referrers(&devices).await;
        if count.map_err(OpError::internal)? >= DEVICES_PER_USER_MAX {
            return Err(op_error!(
                LimitExceeded,
                "Cannot exceed quota for MFADevicesPerUser: {DEVICES_PER_USER_MAX}"
            ));
        }
        check_codes(cx, &mut device, input.codes())?;
        device.body.user = Some(user.unique_id()?);
        device.body.enabled_at = Some(cx.now());
        user.require_unchanged(cx);
        device.stage(cx, &proof);
        Ok(())
    }
}
