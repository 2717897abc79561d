//! ListMFADeviceTags: the tags of an MFA device, in the order of keys.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADeviceTags.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, SerialNumberType};
use super::mfa_device::authorize_device;
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::tags::TagPage;
use super::{action, tags};

/// The operation.
pub(crate) enum ListMFADeviceTags {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    serial_number: Text<'a, SerialNumberType>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

impl Operation for ListMFADeviceTags {
    const NAME: &'static str = "ListMFADeviceTags";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_MFA_DEVICE_TAGS;
    type Input<'a> = Input<'a>;
    type Output = TagPage;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<TagPage, OpError> {
        let (serial_number, conditions) = (&*input.serial_number, Conditions::none());
        let (_, device) =
            authorize_device::<action::ListMfaDeviceTags>(cx, serial_number, conditions).await?;
        let filter = serial_number;
        let request = PageRequest::new(cx, (Self::NAME, filter), &input.marker, input.max_items)?;
        tags::page(cx, &request, device.body.tags)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("serialNumber", &self.serial_number);
        record_page(to, &self.marker, self.max_items);
    }
}
