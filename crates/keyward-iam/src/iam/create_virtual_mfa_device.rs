//! CreateVirtualMFADevice: makes an MFA device. Its seed is shown once.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_crypto::Secret;
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::{Text, as_secret_base64};
use keyward_store::{EntityKind, EntityName, MfaDeviceBody};
use serde::{Deserialize, Serialize, Serializer};

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, PathType, VirtualMFADeviceName};
use super::entity::{Entity, arn_of};
use super::shape::record_text;
use super::tags::{TagOutput, Tags};
use super::{action, tags};

/// The operation.
pub(crate) enum CreateVirtualMFADevice {}

/// What the API takes as a serial number elsewhere.
const SERIAL_NUMBER_CHARS_MAX: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    path: Option<Text<'a, PathType>>,
    #[serde(borrow, rename = "VirtualMFADeviceName")]
    virtual_mfa_device_name: Text<'a, VirtualMFADeviceName>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

#[derive(Serialize)]
pub(crate) struct Output {
    #[serde(rename = "VirtualMFADevice")]
    virtual_mfa_device: VirtualMfaDevice,
}

// WIRE: "IAM: MFA devices": there is no QRCodePNG.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VirtualMfaDevice {
    serial_number: String,
    base32_string_seed: ShownSeed,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagOutput>>,
}

/// A seed that the API defines as output: the one place where it becomes text.
struct ShownSeed(Secret);

impl Serialize for ShownSeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_secret_base64(self.0.expose(), serializer)
    }
}

impl Operation for CreateVirtualMFADevice {
    const NAME: &'static str = "CreateVirtualMFADevice";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_VIRTUAL_MFA_DEVICE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let tags = tags::sound(&input.tags)?;
        let (path, name) = (input.path.as_deref(), &*input.virtual_mfa_device_name);
        let serial_number = arn_of(cx, EntityKind::MfaDevice, path.unwrap_or("/"), name);
        // WIRE: "IAM: MFA devices".
        if serial_number.len() > SERIAL_NUMBER_CHARS_MAX {
            return Err(op_error!(Validation, "The serial number would be too long."));
        }
        let resource = Resource::of_arn(serial_number.clone());
        let conditions = Conditions::none().with_request_tags(&tags);
        let proof = authorize::<action::CreateVirtualMfaDevice>(cx, &resource, conditions).await?;
        if !tags.is_empty() {
            authorize::<action::TagMfaDevice>(cx, &resource, conditions).await?;
        }
        if Entity::<MfaDeviceBody>::find(cx, name).await?.is_some() {
            return Err(op_error!(
                EntityAlreadyExists,
                "MFADevice entity at the same path and name already exists."
            ));
        }
        let row = EntityName::new(cx.caller().account, EntityKind::MfaDevice, name);
        let (seed, sealed_seed) = cx.new_mfa_seed(&proof, &row)?;
        let body = MfaDeviceBody { sealed_seed, tags, ..MfaDeviceBody::default() };
        let virtual_mfa_device = VirtualMfaDevice {
            serial_number,
            base32_string_seed: ShownSeed(seed.base32()),
            tags: tags::shown(&body.tags),
        };
        Entity::new(cx, name, path, body).stage(cx, &proof);
        Ok(Output { virtual_mfa_device })
    }

    /// The tags, which are the longest part, in characters of four bytes and escaped.
    fn reply_bytes_max(output: &Output) -> usize {
        let tags = output.virtual_mfa_device.tags.as_ref().map_or(0, Vec::len);
        2048 + tags * 4096
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "path", self.path.as_ref());
        to.text("virtualMFADeviceName", &self.virtual_mfa_device_name);
        tags::record_sent(to, &self.tags);
    }
}

/// Everything but the seed.
impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("virtualMFADevice", |to| {
            to.text("serialNumber", &self.virtual_mfa_device.serial_number);
            if let Some(tags) = &self.virtual_mfa_device.tags {
                to.objects("tags", tags, |to, tag| tag.record(to));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp, unblob};
    use serde_json::json;

    #[tokio::test]
    async fn a_device_has_a_serial_number_and_a_seed_that_is_not_on_record() {
        let app = TestApp::new().await;
        let root = app.root();
        let tags = json!([{ "Key": "a", "Value": "b" }]);
        let input = json!({ "VirtualMFADeviceName": "d", "Path": "/p/", "Tags": tags });
        let reply = root.ok("CreateVirtualMFADevice", input.clone()).await;
        let device = &reply["VirtualMFADevice"];
        assert_eq!(device["SerialNumber"], "arn:aws:iam::111122223333:mfa/p/d");
        assert_eq!(device["Tags"], tags);
        let seed = String::from_utf8(unblob(&device["Base32StringSeed"])).unwrap();
        assert_eq!(seed.len(), 64);
        let record = app.last_record();
        let shown = &record["responseElements"]["virtualMFADevice"];
        assert_eq!(shown["serialNumber"], device["SerialNumber"]);
        assert!(!record.to_string().contains(&seed));
        assert!(!record.to_string().contains(device["Base32StringSeed"].as_str().unwrap()));

        let refused = root.refused("CreateVirtualMFADevice", input).await;
        let message = "MFADevice entity at the same path and name already exists.";
        assert_eq!(refused, Refused::new("EntityAlreadyExists", message));
    }

    #[tokio::test]
    async fn a_serial_number_is_no_longer_than_requests_may_name() {
        let app = TestApp::new().await;
        let name = "d".repeat(227);
        let input = json!({ "VirtualMFADeviceName": name });
        let refused = app.root().refused("CreateVirtualMFADevice", input).await;
        assert_eq!(refused.name, "ValidationError");
        let input = json!({ "VirtualMFADeviceName": &name[1..] });
        app.root().ok("CreateVirtualMFADevice", input).await;
    }
}
