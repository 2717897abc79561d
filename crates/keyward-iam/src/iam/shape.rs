//! Shapes that several operations share, and what audit records show of them.

use keyward_audit::{JsonObject, Recorded};
use keyward_shape::Text;
use serde::Deserialize;

use super::constraints::{
    ArnType, AuthenticationCodeType, ExistingUserNameType, GroupNameType, PolicyNameType,
    SerialNumberType, UserNameType,
};
use super::paging::{Marker, MaxItems, record_page};

/// A request that names a user and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfUser<'a> {
    #[serde(borrow)]
    pub(crate) user_name: Text<'a, ExistingUserNameType>,
}

/// A request that names a user and a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserAndGroup<'a> {
    #[serde(borrow)]
    pub(crate) group_name: Text<'a, GroupNameType>,
    #[serde(borrow)]
    pub(crate) user_name: Text<'a, ExistingUserNameType>,
}

/// A request for a list of what a user has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PageOfUser<'a> {
    #[serde(borrow)]
    pub(crate) user_name: Text<'a, ExistingUserNameType>,
    #[serde(borrow)]
    pub(crate) marker: Marker<'a>,
    pub(crate) max_items: MaxItems,
}

/// A request for a list of what a group has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PageOfGroup<'a> {
    #[serde(borrow)]
    pub(crate) group_name: Text<'a, GroupNameType>,
    #[serde(borrow)]
    pub(crate) marker: Marker<'a>,
    pub(crate) max_items: MaxItems,
}

/// A request for a list of what a user has, or the caller if it names none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PageOfUserOrCaller<'a> {
    #[serde(borrow)]
    pub(crate) user_name: Option<Text<'a, ExistingUserNameType>>,
    #[serde(borrow)]
    pub(crate) marker: Marker<'a>,
    pub(crate) max_items: MaxItems,
}

impl Recorded for OfUser<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
    }
}

impl Recorded for UserAndGroup<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("groupName", &self.group_name);
        to.text("userName", &self.user_name);
    }
}

impl Recorded for PageOfUser<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for PageOfGroup<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("groupName", &self.group_name);
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for PageOfUserOrCaller<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
        record_page(to, &self.marker, self.max_items);
    }
}

/// A request that names an inline policy of a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InlinePolicyOfUser<'a> {
    #[serde(borrow)]
    pub(crate) user_name: Text<'a, ExistingUserNameType>,
    #[serde(borrow)]
    pub(crate) policy_name: Text<'a, PolicyNameType>,
}

/// A request that names a user and a managed policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ManagedPolicyOfUser<'a> {
    #[serde(borrow)]
    pub(crate) user_name: Text<'a, UserNameType>,
    #[serde(borrow)]
    pub(crate) policy_arn: Text<'a, ArnType>,
}

impl Recorded for InlinePolicyOfUser<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        to.text("policyName", &self.policy_name);
    }
}

impl Recorded for ManagedPolicyOfUser<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        to.text("policyArn", &self.policy_arn);
    }
}

/// A request that names an inline policy of a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InlinePolicyOfGroup<'a> {
    #[serde(borrow)]
    pub(crate) group_name: Text<'a, GroupNameType>,
    #[serde(borrow)]
    pub(crate) policy_name: Text<'a, PolicyNameType>,
}

/// A request that names a group and a managed policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ManagedPolicyOfGroup<'a> {
    #[serde(borrow)]
    pub(crate) group_name: Text<'a, GroupNameType>,
    #[serde(borrow)]
    pub(crate) policy_arn: Text<'a, ArnType>,
}

impl Recorded for InlinePolicyOfGroup<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("groupName", &self.group_name);
        to.text("policyName", &self.policy_name);
    }
}

impl Recorded for ManagedPolicyOfGroup<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("groupName", &self.group_name);
        to.text("policyArn", &self.policy_arn);
    }
}

/// A request that shows two codes of a user's MFA device, one after the other.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CodesOfDevice<'a> {
    #[serde(borrow)]
    pub(crate) user_name: Text<'a, ExistingUserNameType>,
    #[serde(borrow)]
    pub(crate) serial_number: Text<'a, SerialNumberType>,
    #[serde(borrow)]
    authentication_code1: Text<'a, AuthenticationCodeType>,
    #[serde(borrow)]
    authentication_code2: Text<'a, AuthenticationCodeType>,
}

impl CodesOfDevice<'_> {
    /// The codes, in the order the device showed them.
    pub(crate) fn codes(&self) -> (&str, &str) {
        (&self.authentication_code1, &self.authentication_code2)
    }
}

/// Everything but the codes.
impl Recorded for CodesOfDevice<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        to.text("serialNumber", &self.serial_number);
    }
}

/// Writes a member that was sent.
pub(crate) fn record_text<C>(
    to: &mut JsonObject<'_>,
    name: &'static str,
    text: Option<&Text<'_, C>>,
) {
    if let Some(text) = text {
        to.text(name, text.as_str());
    }
}
