//! DeleteVirtualMFADevice: removes an MFA device that is nobody's.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::conditions::Conditions;
use super::constraints::{self, SerialNumberType};
use super::mfa_device::authorize_device;

/// The operation.
pub(crate) enum DeleteVirtualMFADevice {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    serial_number: Text<'a, SerialNumberType>,
}

impl Operation for DeleteVirtualMFADevice {
    const NAME: &'static str = "DeleteVirtualMFADevice";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_VIRTUAL_MFA_DEVICE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let (serial_number, conditions) = (&*input.serial_number, Conditions::none());
        let (proof, device) =
            authorize_device::<action::DeleteVirtualMfaDevice>(cx, serial_number, conditions)
                .await?;
        if device.body.user.is_some() {
            // WIRE: "IAM: MFA devices".
            return Err(op_error!(
                DeleteConflict,
                "MFA VirtualDevice in use. Must deactivate first."
            ));
        }
        device.stage_removal(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("serialNumber", &self.serial_number);
    }
}
