//! ResyncMFADevice: checks two codes of a user's MFA device. Nothing is kept of how far its clock is
//! off: codes of a device that drifts stay wrong.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::UserBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::mfa_device::{check_codes, find, no_such_device, not_of_user};
use super::shape::CodesOfDevice;
use super::{action, constraints};

/// The operation.
pub(crate) enum ResyncMFADevice {}

impl Operation for ResyncMFADevice {
    const NAME: &'static str = "ResyncMFADevice";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::RESYNC_MFA_DEVICE;
    type Input<'a> = CodesOfDevice<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: CodesOfDevice<'a>) -> Result<(), OpError> {
        let name = &*input.user_name;
        let (proof, user) =
            existing::<action::ResyncMfaDevice, UserBody>(cx, name, Conditions::none()).await?;
        let device = find(cx, &input.serial_number).await?;
        let mut device = device.ok_or_else(|| no_such_device(&input.serial_number))?;
        if device.body.user != Some(user.unique_id()?) {
            return Err(not_of_user());
        }
        check_codes(cx, &mut device, input.codes())?;
        device.stage(cx, &proof);
        Ok(())
    }
}
