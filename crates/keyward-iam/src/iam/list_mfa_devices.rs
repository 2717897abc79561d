//! ListMFADevices: the MFA devices of a user, or of the caller.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::{EntityKind, EntityName, MfaDeviceBody, UserBody};
use serde::Serialize;

use super::entity::Entity;
use super::mfa_device::devices_of;
use super::paging::{Page, PageRequest};
use super::shape::PageOfUserOrCaller;
use super::subject::{Subject, authorize_subject};
use super::{action, constraints};
use crate::shape::Date;

/// The operation.
pub(crate) enum ListMFADevices {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "MFADevices")]
    mfa_devices: Vec<MfaDevice>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MfaDevice {
    user_name: String,
    serial_number: String,
    enable_date: Date,
}

impl Operation for ListMFADevices {
    const NAME: &'static str = "ListMFADevices";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_MFA_DEVICES;
    type Input<'a> = PageOfUserOrCaller<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfUserOrCaller<'a>) -> Result<Output, OpError> {
        let name = input.user_name.as_deref();
        let (_, subject) = authorize_subject::<action::ListMfaDevices>(cx, name).await?;
        let Subject::User(user) = subject else {
            return Ok(Output { mfa_devices: Vec::new(), is_truncated: false, marker: None });
        };
        let filter = user.unique_id()?.to_string();
        let request = PageRequest::new(cx, (Self::NAME, &filter), &input.marker, input.max_items)?;
        let page = page(cx, &request, &user).await?;
        let is_truncated = page.is_truncated();
        Ok(Output { mfa_devices: page.entries, is_truncated, marker: page.marker })
    }
}

/// A page of a user's devices, by name. The devices themselves say whose they are.
async fn page(
    cx: &Cx,
    request: &PageRequest<'_>,
    user: &Entity<UserBody>,
) -> Result<Page<MfaDevice>, OpError> {
    let id = user.unique_id()?;
    let after = request.after.clone();
    let after = after.map(|name| EntityName::new(user.account, EntityKind::MfaDevice, name));
    let entities = cx.engine().store().entities();
    let (target, read_max) = (devices_of(user)?, request.read_max());
    let names = entities.referrers(&target, after.as_ref(), read_max).await;
    let page = request.page(cx, names.map_err(OpError::internal)?, |name| name.name.clone())?;
    let mut devices = Vec::with_capacity(page.entries.len());
    for name in &page.entries {
        let device = Entity::<MfaDeviceBody>::find(cx, &name.name).await?;
        let device = device.filter(|device| device.body.user == Some(id));
        devices.extend(device.map(|device| MfaDevice {
            user_name: user.name.clone(),
            serial_number: device.arn(cx),
            enable_date: Date(device.body.enabled_at.unwrap_or(device.created_at)),
        }));
    }
    Ok(Page { entries: devices, marker: page.marker })
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
