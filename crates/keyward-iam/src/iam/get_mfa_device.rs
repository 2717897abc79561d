//! GetMFADevice: tells of an MFA device of a user, or of the caller.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetMFADevice.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use super::action;
use super::constraints::{self, SerialNumberType, UserNameType};
use super::mfa_device::{find, no_such_device};
use super::shape::record_text;
use super::subject::{Subject, authorize_subject};
use crate::shape::Date;

/// The operation.
pub(crate) enum GetMFADevice {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    serial_number: Text<'a, SerialNumberType>,
    #[serde(borrow)]
    user_name: Option<Text<'a, UserNameType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    user_name: String,
    serial_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_date: Option<Date>,
}

impl Operation for GetMFADevice {
    const NAME: &'static str = "GetMFADevice";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_MFA_DEVICE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = input.user_name.as_deref();
        let (_, subject) = authorize_subject::<action::GetMfaDevice>(cx, name).await?;
        let Subject::User(user) = subject else { return Err(no_such_device(&input.serial_number)) };
        let id = user.unique_id()?;
        let device = find(cx, &input.serial_number).await?;
        let device = device.filter(|device| device.body.user == Some(id));
        let device = device.ok_or_else(|| no_such_device(&input.serial_number))?;
        let enable_date = device.body.enabled_at.map(Date);
        Ok(Output { user_name: user.name, serial_number: device.arn(cx), enable_date })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("serialNumber", &self.serial_number);
        record_text(to, "userName", self.user_name.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
