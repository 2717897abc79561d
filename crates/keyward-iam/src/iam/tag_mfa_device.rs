//! TagMFADevice: adds tags to an MFA device, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagMFADevice.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;

use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, SerialNumberType};
use super::mfa_device::authorize_device;
use super::tags::Tags;
use super::{action, tags};

/// The operation.
pub(crate) enum TagMFADevice {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    serial_number: Text<'a, SerialNumberType>,
    #[serde(borrow)]
    tags: Tags<'a>,
}

impl Operation for TagMFADevice {
    const NAME: &'static str = "TagMFADevice";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::TAG_MFA_DEVICE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let added = tags::sound(&input.tags)?;
        let conditions = Conditions::none().with_request_tags(&added);
        let (proof, mut device) =
            authorize_device::<action::TagMfaDevice>(cx, &input.serial_number, conditions).await?;
        tags::put(&mut device.body.tags, added)?;
        device.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("serialNumber", &self.serial_number);
        tags::record(to, &self.tags);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    use crate::iam::testing::Device;

    #[tokio::test]
    async fn tags_are_put_on_a_device_and_taken_off() {
        let app = TestApp::new().await;
        let root = app.root();
        let serial_number = Device::create(&root, "d").await.serial_number;
        let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
        let tags = json!([tag("b", "1"), tag("a", "")]);
        root.ok("TagMFADevice", json!({ "SerialNumber": serial_number, "Tags": tags })).await;
        let sought = json!({ "SerialNumber": serial_number });
        let listed = root.ok("ListMFADeviceTags", sought.clone()).await;
        assert_eq!(listed["Tags"], json!([tag("a", ""), tag("b", "1")]));
        let keys = json!({ "SerialNumber": serial_number, "TagKeys": ["A"] });
        root.ok("UntagMFADevice", keys).await;
        let listed = root.ok("ListMFADeviceTags", sought).await;
        assert_eq!(listed["Tags"], json!([tag("b", "1")]));
    }
}
