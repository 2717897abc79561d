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

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    use crate::iam::testing::Device;

    #[tokio::test]
    async fn codes_count_once() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let device = Device::enabled(&app, "alice").await;
        let used = root.refused("ResyncMFADevice", device.codes(&app, "alice", -1)).await;
        assert_eq!(used.name, "InvalidAuthenticationCode");
        root.ok("ResyncMFADevice", device.codes(&app, "alice", 1)).await;
    }

    #[tokio::test]
    async fn wrong_codes_are_counted_here_as_everywhere() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let device = Device::enabled(&app, "alice").await;
        let right = device.codes(&app, "alice", 1);
        for _ in 0..5 {
            root.refused("ResyncMFADevice", device.codes(&app, "alice", -1)).await;
        }
        let refused = root.refused("ResyncMFADevice", right).await;
        assert_eq!(refused.name, "InvalidAuthenticationCode");
    }

    #[tokio::test]
    async fn a_device_of_another_user_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        for name in ["alice", "bob"] {
            root.ok("CreateUser", json!({ "UserName": name })).await;
        }
        let device = Device::enabled(&app, "alice").await;
        let refused = root.refused("ResyncMFADevice", device.codes(&app, "bob", 1)).await;
        let message = "MFA Device invalid for user.";
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
    }
}
