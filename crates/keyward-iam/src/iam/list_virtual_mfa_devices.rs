//! ListVirtualMFADevices: the MFA devices of the account, those of users or those of nobody.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html>

use std::str::FromStr;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::UnknownValue;
use keyward_shape::OneOf;
use keyward_store::{MfaDeviceBody, UserBody};
use serde::{Deserialize, Serialize};

use super::constraints::{self, AssignmentStatusType};
use super::entity::Entity;
use super::entity_list::authorize_list;
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::user::UserOutput;
use super::{action, paging};
use crate::shape::Date;

/// The operation.
pub(crate) enum ListVirtualMFADevices {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    assignment_status: Option<OneOf<AssignmentStatus, AssignmentStatusType>>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

/// `AssignmentStatus`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AssignmentStatus {
    Any,
    Assigned,
    Unassigned,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "VirtualMFADevices")]
    virtual_mfa_devices: Vec<VirtualMfaDevice>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VirtualMfaDevice {
    serial_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_date: Option<Date>,
}

impl Operation for ListVirtualMFADevices {
    const NAME: &'static str = "ListVirtualMFADevices";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_VIRTUAL_MFA_DEVICES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        authorize_list::<action::ListVirtualMfaDevices, MfaDeviceBody>(cx, "/").await?;
        let wanted = input.wanted();
        let filter = wanted.as_str();
        let request = PageRequest::new(cx, (Self::NAME, filter), &input.marker, input.max_items)?;
        let page = page(cx, &request, wanted).await?;
        let is_truncated = page.is_truncated();
        let mut virtual_mfa_devices = Vec::with_capacity(page.entries.len());
        for device in page.entries {
            virtual_mfa_devices.push(shown(cx, device).await?);
        }
        Ok(Output { virtual_mfa_devices, is_truncated, marker: page.marker })
    }
}

impl Input<'_> {
    fn wanted(&self) -> AssignmentStatus {
        self.assignment_status.as_ref().map_or(AssignmentStatus::Any, |status| **status)
    }
}

type Device = Entity<MfaDeviceBody>;

/// A page of the account's devices with this status, by name. Those of another are read past.
async fn page(
    cx: &Cx,
    request: &PageRequest<'_>,
    wanted: AssignmentStatus,
) -> Result<paging::Page<Device>, OpError> {
    let (account, read_max) = (cx.caller().account, request.read_max());
    let entities = cx.engine().store().entities();
    let enough = usize::try_from(read_max).unwrap_or(usize::MAX);
    let (mut after, mut devices) = (request.after.clone(), Vec::new());
    while devices.len() < enough {
        let kind = keyward_store::EntityKind::MfaDevice;
        let found = entities.list(&account, kind, "/", after.as_deref(), read_max).await;
        let found = found.map_err(OpError::internal)?;
        let is_last = found.len() < enough;
        after = found.last().map(|device| device.name.clone());
        for device in found {
            let device = Device::of_listed(device)?;
            devices.extend(Some(device).filter(|device| wanted.is_of(&device.body)));
        }
        if is_last {
            break;
        }
    }
    devices.truncate(enough);
    request.page(cx, devices, |device| device.name.clone())
}

async fn shown(cx: &Cx, device: Device) -> Result<VirtualMfaDevice, OpError> {
    let user = match &device.body.user {
        Some(id) => Entity::<UserBody>::find_by_id(cx, id).await?,
        None => None,
    };
    let user = user.map(|user| UserOutput::listed(cx, &user)).transpose()?;
    let enable_date = device.body.enabled_at.map(Date);
    Ok(VirtualMfaDevice { serial_number: device.arn(cx), user, enable_date })
}

impl AssignmentStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Assigned => "Assigned",
            Self::Unassigned => "Unassigned",
        }
    }

    const fn is_of(self, device: &MfaDeviceBody) -> bool {
        match self {
            Self::Any => true,
            Self::Assigned => device.user.is_some(),
            Self::Unassigned => device.user.is_none(),
        }
    }
}

impl FromStr for AssignmentStatus {
    type Err = UnknownValue;

    fn from_str(word: &str) -> Result<Self, UnknownValue> {
        let all = [Self::Any, Self::Assigned, Self::Unassigned];
        all.into_iter().find(|status| status.as_str() == word).ok_or(UnknownValue)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(status) = &self.assignment_status {
            to.text("assignmentStatus", status.as_str());
        }
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    use crate::iam::testing::Device;

    #[tokio::test]
    async fn devices_are_listed_by_whether_they_are_somebodys() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "m" })).await;
        for name in ["a", "z"] {
            Device::create(&root, name).await;
        }
        Device::enabled(&app, "m").await;
        for (status, expected) in [
            (json!({}), vec!["a", "m", "z"]),
            (json!({ "AssignmentStatus": "Assigned", "MaxItems": 1 }), vec!["m"]),
            (json!({ "AssignmentStatus": "Unassigned" }), vec!["a", "z"]),
        ] {
            let listed = root.ok("ListVirtualMFADevices", status).await;
            let devices = listed["VirtualMFADevices"].as_array().unwrap();
            let serial = |name: &str| format!("arn:aws:iam::111122223333:mfa/{name}");
            let numbers: Vec<_> = devices.iter().map(|it| it["SerialNumber"].clone()).collect();
            assert_eq!(numbers, expected.into_iter().map(serial).collect::<Vec<_>>());
            let of_m = devices.iter().find(|it| it["SerialNumber"] == serial("m"));
            assert!(of_m.is_none_or(|it| it["User"]["UserName"] == "m"));
            assert_eq!(listed["IsTruncated"], false);
        }
    }

    #[tokio::test]
    async fn a_page_is_full_although_others_stand_between() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "b" })).await;
        for name in ["a", "c", "d"] {
            Device::create(&root, name).await;
        }
        Device::enabled(&app, "b").await;
        let input = json!({ "AssignmentStatus": "Unassigned", "MaxItems": 2 });
        let first = root.ok("ListVirtualMFADevices", input.clone()).await;
        assert_eq!(first["VirtualMFADevices"].as_array().map(Vec::len), Some(2));
        let mut next = input;
        next["Marker"] = first["Marker"].clone();
        let rest = root.ok("ListVirtualMFADevices", next).await;
        let serial = "arn:aws:iam::111122223333:mfa/d";
        assert_eq!(rest["VirtualMFADevices"], json!([{ "SerialNumber": serial }]));
    }
}
