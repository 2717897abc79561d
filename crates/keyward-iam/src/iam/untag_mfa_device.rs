//! UntagMFADevice: takes tags off an MFA device.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagMFADevice.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;

use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, SerialNumberType};
use super::mfa_device::authorize_device;
use super::tags::TagKeys;
use super::{action, tags};

/// The operation.
pub(crate) enum UntagMFADevice {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    serial_number: Text<'a, SerialNumberType>,
    #[serde(borrow)]
    tag_keys: TagKeys<'a>,
}

impl Operation for UntagMFADevice {
    const NAME: &'static str = "UntagMFADevice";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UNTAG_MFA_DEVICE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let keys = tags::sound_keys(&input.tag_keys)?;
        let conditions = Conditions::none().with_tag_keys(&keys);
        let (proof, mut device) =
            authorize_device::<action::UntagMfaDevice>(cx, &input.serial_number, conditions)
                .await?;
        tags::remove(&mut device.body.tags, &keys);
        device.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("serialNumber", &self.serial_number);
        tags::record_keys(to, &self.tag_keys);
    }
}
