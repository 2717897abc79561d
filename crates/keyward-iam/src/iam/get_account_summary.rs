//! GetAccountSummary: how many entities the account has, and how many it may have.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>

use std::collections::BTreeMap;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::{CredentialOwner, EntityKind, MfaDeviceBody, PolicyBody};
use serde::{Deserialize, Serialize};

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::{action, constraints, entity_list};

/// The operation.
pub(crate) enum GetAccountSummary {}

/// What does not change.
const QUOTAS: &[(&str, u32)] = &[
    ("AccessKeysPerUserQuota", 2),
    ("AccountMFAEnabled", 0),
    ("AccountPasswordPresent", 0),
    ("AccountSigningCertificatesPresent", 0),
    ("AssumeRolePolicySizeQuota", 2048),
    ("AttachedPoliciesPerGroupQuota", 10),
    ("AttachedPoliciesPerRoleQuota", 10),
    ("AttachedPoliciesPerUserQuota", 10),
    ("GlobalEndpointTokenVersion", 1),
    ("GroupPolicySizeQuota", 5120),
    ("GroupsPerUserQuota", 10),
    ("GroupsQuota", 300),
    ("InstanceProfiles", 0),
    ("InstanceProfilesQuota", 1000),
    ("PoliciesQuota", 1500),
    ("PolicySizeQuota", 6144),
    ("PolicyVersionsInUseQuota", 10_000),
    ("RolePolicySizeQuota", 10_240),
    ("RolesQuota", 1000),
    ("ServerCertificates", 0),
    ("ServerCertificatesQuota", 20),
    ("SigningCertificatesPerUserQuota", 2),
    ("UserPolicySizeQuota", 2048),
    ("UsersQuota", 5000),
    ("VersionsPerPolicyQuota", 5),
];

/// What is counted.
const COUNTED: [(&str, EntityKind); 6] = [
    ("Groups", EntityKind::Group),
    ("MFADevices", EntityKind::MfaDevice),
    ("Policies", EntityKind::Policy),
    ("Providers", EntityKind::OidcProvider),
    ("Roles", EntityKind::Role),
    ("Users", EntityKind::User),
];

#[derive(Deserialize)]
pub(crate) struct Input {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    summary_map: BTreeMap<&'static str, u32>,
}

impl Operation for GetAccountSummary {
    const NAME: &'static str = "GetAccountSummary";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_ACCOUNT_SUMMARY;
    type Input<'a> = Input;
    type Output = Output;

    async fn run(cx: &mut Cx, _: Input) -> Result<Output, OpError> {
        let (resource, conditions) = (Resource::any(), Conditions::none());
        authorize::<action::GetAccountSummary>(cx, &resource, conditions).await?;
        let mut summary: BTreeMap<_, _> = QUOTAS.iter().copied().collect();
        for (name, kind) in COUNTED {
            let count = cx.engine().store().entities().count(&cx.caller().account, kind).await;
            summary.insert(name, count.map_err(OpError::internal)?);
        }
        summary.insert("PolicyVersionsInUse", versions(cx).await?);
        summary.insert("MFADevicesInUse", devices_in_use(cx).await?);
        summary.insert("AccountAccessKeysPresent", u32::from(root_has_keys(cx).await?));
        Ok(Output { summary_map: summary })
    }
}

async fn versions(cx: &Cx) -> Result<u32, OpError> {
    let policies = entity_list::all::<PolicyBody>(cx, "/").await?;
    let count = policies.iter().map(|policy| policy.body.versions.len()).sum::<usize>();
    u32::try_from(count).map_err(OpError::internal)
}

async fn devices_in_use(cx: &Cx) -> Result<u32, OpError> {
    let devices = entity_list::all::<MfaDeviceBody>(cx, "/").await?;
    let count = devices.iter().filter(|device| device.body.user.is_some()).count();
    u32::try_from(count).map_err(OpError::internal)
}

async fn root_has_keys(cx: &Cx) -> Result<bool, OpError> {
    let credentials = cx.engine().store().credentials();
    let found = credentials.list(&cx.caller().account, &CredentialOwner::Root).await;
    Ok(!found.map_err(OpError::internal)?.is_empty())
}

impl Recorded for Input {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
