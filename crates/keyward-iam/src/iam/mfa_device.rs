//! MFA devices: how they are found, shown and their codes checked.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html>

use keyward_engine::{Cx, OpError, op_error};
use keyward_store::{
    EntityKind, EntityName, EntityRelation, EntityTarget, MfaDeviceBody, UserBody,
};

use super::action::{Permission, Proof};
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::entity::Entity;

/// The device with this serial number, if the caller's account has it.
pub(crate) async fn find(
    cx: &Cx,
    serial_number: &str,
) -> Result<Option<Entity<MfaDeviceBody>>, OpError> {
    let Some(name) = serial_number.rsplit('/').next() else { return Ok(None) };
    let found = Entity::<MfaDeviceBody>::find(cx, name).await?;
    Ok(found.filter(|device| device.arn(cx) == serial_number))
}

/// Decides whether the caller may do `P` to the device with this serial number, and finds it.
pub(crate) async fn authorize_device<P: Permission>(
    cx: &mut Cx,
    serial_number: &str,
    conditions: Conditions<'_>,
) -> Result<(Proof<P>, Entity<MfaDeviceBody>), OpError> {
    let found = find(cx, serial_number).await?;
    let conditions = match &found {
        Some(device) => conditions.of_entity(&device.body),
        None => conditions,
    };
    let resource = Resource::of_arn(serial_number.to_owned());
    let proof = authorize::<P>(cx, &resource, conditions).await?;
    Ok((proof, found.ok_or_else(|| no_such_device(serial_number))?))
}

// WIRE: "IAM: MFA devices".
/// The refusal of a serial number that no device of the account has.
pub(crate) fn no_such_device(serial_number: &str) -> OpError {
    op_error!(NoSuchEntity, "VirtualMFADevice with serial number {serial_number} doesn't exist.")
}

/// The refusal of a device that is not the user's.
pub(crate) fn not_of_user() -> OpError {
    op_error!(NoSuchEntity, "MFA Device invalid for user.")
}

/// What the devices of a user name.
pub(crate) fn devices_of(user: &Entity<UserBody>) -> Result<EntityTarget, OpError> {
    let id = user.unique_id()?.to_string();
    Ok(EntityTarget::new(user.account, EntityRelation::MfaUser, id))
}

/// Checks two codes that a device has shown one after the other, and notes the second as used.
pub(crate) fn check_codes(
    cx: &Cx,
    device: &mut Entity<MfaDeviceBody>,
    codes: (&str, &str),
) -> Result<(), OpError> {
    let name = EntityName::new(device.account, EntityKind::MfaDevice, device.name.as_str());
    let Some(step) = cx.engine().step_of_codes(&name, &device.body, codes)? else {
        // WIRE: "IAM: MFA devices".
        return Err(op_error!(
            InvalidAuthenticationCode,
            "Authentication code for device is not valid."
        ));
    };
    device.body.last_step = step;
    Ok(())
}
