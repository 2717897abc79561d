//! DeactivateMFADevice: takes an MFA device from its user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::constraints::{self, ExistingUserNameType, SerialNumberType};
use super::mfa_device::{find, no_such_device, not_of_user};
use super::shape::record_text;
use super::subject::{Subject, authorize_subject};

/// The operation.
pub(crate) enum DeactivateMFADevice {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, ExistingUserNameType>>,
    #[serde(borrow)]
    serial_number: Text<'a, SerialNumberType>,
}

impl Operation for DeactivateMFADevice {
    const NAME: &'static str = "DeactivateMFADevice";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DEACTIVATE_MFA_DEVICE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = input.user_name.as_deref();
        let (proof, subject) = authorize_subject::<action::DeactivateMfaDevice>(cx, name).await?;
        let device = find(cx, &input.serial_number).await?;
        let mut device = device.ok_or_else(|| no_such_device(&input.serial_number))?;
        let user = match &subject {
            Subject::Root => None,
            Subject::User(user) => Some(user.unique_id()?),
        };
        if user.is_none() || device.body.user != user {
            return Err(not_of_user());
        }
        device.body.user = None;
        device.body.enabled_at = None;
        device.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
        to.text("serialNumber", &self.serial_number);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    use crate::iam::testing::Device;

    #[tokio::test]
    async fn a_device_and_its_user_are_deleted_once_they_are_apart() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let device = Device::enabled(&app, "alice").await;
        let serial = || json!({ "SerialNumber": device.serial_number });
        let of_alice = || json!({ "UserName": "alice", "SerialNumber": device.serial_number });
        let refused = root.refused("DeleteVirtualMFADevice", serial()).await;
        let message = "MFA VirtualDevice in use. Must deactivate first.";
        assert_eq!(refused, Refused::new("DeleteConflict", message));
        let refused = root.refused("DeleteUser", json!({ "UserName": "alice" })).await;
        let message = "Cannot delete entity, must delete MFA device first.";
        assert_eq!(refused, Refused::new("DeleteConflict", message));

        root.ok("DeactivateMFADevice", of_alice()).await;
        let refused = root.refused("DeactivateMFADevice", of_alice()).await;
        let message = "MFA Device invalid for user.";
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
        root.ok("DeleteUser", json!({ "UserName": "alice" })).await;
        root.ok("DeleteVirtualMFADevice", serial()).await;
    }
}
