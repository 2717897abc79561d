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

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    use crate::iam::testing::Device;

    async fn with_alice() -> TestApp {
        let app = TestApp::new().await;
        app.root().ok("CreateUser", json!({ "UserName": "alice" })).await;
        app
    }

    #[tokio::test]
    async fn two_codes_one_after_the_other_give_a_user_a_device() {
        let app = with_alice().await;
        let root = app.root();
        let device = Device::create(&root, "d").await;
        root.ok("EnableMFADevice", device.codes(&app, "alice", -1)).await;
        let listed = root.ok("ListMFADevices", json!({ "UserName": "alice" })).await;
        assert_eq!(listed["MFADevices"][0]["SerialNumber"], device.serial_number);
        let sought = json!({ "UserName": "alice", "SerialNumber": device.serial_number });
        let told = root.ok("GetMFADevice", sought).await;
        assert_eq!(told["EnableDate"], listed["MFADevices"][0]["EnableDate"]);
        let again = root.refused("EnableMFADevice", device.codes(&app, "alice", 0)).await;
        assert_eq!(again.name, "EntityAlreadyExists");
    }

    #[tokio::test]
    async fn codes_count_up_to_two_minutes_before_and_after_now() {
        let app = with_alice().await;
        for (at, counts) in [(-9, false), (-5, true), (-1, true), (4, true), (8, false)] {
            let device = Device::create(&app.root(), &format!("d{at}")).await;
            let result = app.root().call("EnableMFADevice", device.codes(&app, "alice", at)).await;
            assert_eq!(result.is_ok(), counts, "{at}: {result:?}");
        }
    }

    #[tokio::test]
    async fn codes_that_do_not_follow_each_other_are_refused() {
        let app = with_alice().await;
        let device = Device::create(&app.root(), "d").await;
        let good = device.codes(&app, "alice", -1);
        let (first, second) = (&good["AuthenticationCode1"], &good["AuthenticationCode2"]);
        for (one, other) in [(first, first), (second, first), (second, second)] {
            let mut input = good.clone();
            input["AuthenticationCode1"] = one.clone();
            input["AuthenticationCode2"] = other.clone();
            let refused = app.root().refused("EnableMFADevice", input).await;
            let message = "Authentication code for device is not valid.";
            assert_eq!(refused, Refused::new("InvalidAuthenticationCode", message));
        }
        assert!(!app.last_record().to_string().contains(first.as_str().unwrap()));
    }
}
