//! An MFA device in the hands of a test.

use keyward_crypto::{MFA_STEP_S, MfaSeed};
use keyward_model::Clock as _;
use keyward_testkit::{Client, TestApp, mfa_seed, unblob};
use serde_json::{Value, json};

/// A device that the root user made.
pub(crate) struct Device {
    pub(crate) serial_number: String,
    seed: MfaSeed,
}

impl Device {
    /// Makes a device.
    pub(crate) async fn create(root: &Client, name: &str) -> Self {
        let input = json!({ "VirtualMFADeviceName": name });
        let reply = root.ok("CreateVirtualMFADevice", input).await;
        let device = &reply["VirtualMFADevice"];
        let serial_number = device["SerialNumber"].as_str().unwrap().to_owned();
        Self { serial_number, seed: mfa_seed(&unblob(&device["Base32StringSeed"])) }
    }

    /// Makes a device and gives it to a user.
    pub(crate) async fn enabled(app: &TestApp, user: &str) -> Self {
        let device = Self::create(&app.root(), user).await;
        app.root().ok("EnableMFADevice", device.codes(app, user, -1)).await;
        device
    }

    /// A request with the two codes that the device shows from `steps` steps after now.
    pub(crate) fn codes(&self, app: &TestApp, user: &str, steps: i64) -> Value {
        let step = app.clock().now().unix_s().div_euclid(MFA_STEP_S) + steps;
        json!({
            "UserName": user,
            "SerialNumber": self.serial_number,
            "AuthenticationCode1": *self.seed.code(step),
            "AuthenticationCode2": *self.seed.code(step + 1),
        })
    }
}
