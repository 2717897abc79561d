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
