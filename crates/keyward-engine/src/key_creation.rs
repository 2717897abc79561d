//! What `requestParameters` of a CreateKey record shows, whoever makes the key: a caller, the service
//! for a replica, or a service for itself.

use keyward_audit::{Fragment, JsonObject};
use keyward_model::{KeySpec, KeyUsage, Origin};
use keyward_store::KeyRecord;

/// The members that are there whether they were sent or not.
#[derive(Clone, Copy, Debug)]
pub struct KeyCreation<'a> {
    /// `keyUsage`.
    pub usage: KeyUsage,
    /// `description`.
    pub description: &'a str,
    /// `origin`.
    pub origin: Origin,
    /// `multiRegion`.
    pub is_multi_region: bool,
    /// `keySpec`, and its older name.
    pub spec: KeySpec,
    /// `bypassPolicyLockoutSafetyCheck`.
    pub bypasses_lockout_check: bool,
}

impl<'a> KeyCreation<'a> {
    /// The creation of a key whose row is about to be written.
    pub fn of(record: &'a KeyRecord, bypasses_lockout_check: bool) -> Self {
        Self {
            usage: record.usage,
            description: &record.description,
            origin: record.origin,
            is_multi_region: record.multi_region.is_some(),
            spec: record.spec,
            bypasses_lockout_check,
        }
    }

    /// Writes the members, after the tags.
    pub fn record<'t>(
        &self,
        to: &mut JsonObject<'_>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) {
        to.objects("tags", tags, |to, (key, value)| {
            to.text("tagKey", key);
            to.text("tagValue", value);
        });
        to.text("keyUsage", self.usage.as_str());
        to.text("description", self.description);
        to.text("origin", self.origin.as_str());
        to.boolean("multiRegion", self.is_multi_region);
        to.text("keySpec", self.spec.as_str());
        to.text("customerMasterKeySpec", self.spec.as_str());
        to.boolean("bypassPolicyLockoutSafetyCheck", self.bypasses_lockout_check);
    }

    /// The request of whoever makes a key with these tags and, unless it is the default, this policy.
    pub fn request_parameters<'t>(
        &self,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
        policy: Option<&str>,
    ) -> Fragment {
        let mut fragment = Fragment::default();
        let mut to = fragment.add();
        self.record(&mut to, tags);
        if let Some(policy) = policy {
            to.text("policy", policy);
        }
        fragment
    }
}
