//! Managed policies in requests and replies.

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError};
use keyward_shape::Text;
use keyward_store::{EntityRelation, PolicyBody, PolicyVersion};
use serde::{Deserialize, Serialize};

use super::super::constraints::{ArnType, PolicyVersionIdType};
use super::super::document::Escaped;
use super::super::paging::{Marker, MaxItems, record_page};
use super::super::tags::{self, TagOutput};
use super::{ManagedPolicy, count, version_id};
use crate::shape::Date;

/// `Policy`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyOutput {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    pub(crate) attachment_count: u32,
    pub(crate) permissions_boundary_usage_count: u32,
    is_attachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    create_date: Date,
    update_date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagOutput>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version_list: Option<Vec<PolicyVersionOutput>>,
}

impl PolicyOutput {
    /// All that is told of a policy.
    pub(crate) async fn whole(cx: &Cx, policy: &ManagedPolicy) -> Result<Self, OpError> {
        Ok(Self {
            description: policy.body.description.clone(),
            tags: tags::shown(&policy.body.tags),
            ..Self::listed(cx, policy).await?
        })
    }

    /// What lists tell of a policy: neither description nor tags.
    pub(crate) async fn listed(cx: &Cx, policy: &ManagedPolicy) -> Result<Self, OpError> {
        let arn = policy.arn.as_str();
        Ok(Self {
            policy_name: policy.name.clone(),
            policy_id: policy.id.clone(),
            arn: arn.to_owned(),
            path: policy.path.clone(),
            default_version_id: version_id(policy.body.default_version),
            attachment_count: count(cx, EntityRelation::Policy, arn).await?,
            permissions_boundary_usage_count: count(cx, EntityRelation::Boundary, arn).await?,
            is_attachable: true,
            description: None,
            create_date: Date(policy.created_at),
            update_date: Date(policy.body.updated_at),
            tags: None,
            policy_version_list: None,
        })
    }

    /// The policy as `ManagedPolicyDetail`: with the documents of its versions, newest first.
    pub(crate) async fn detailed(cx: &Cx, policy: &ManagedPolicy) -> Result<Self, OpError> {
        let whole = |version| PolicyVersionOutput::whole(&policy.body, version);
        Ok(Self {
            description: policy.body.description.clone(),
            policy_version_list: Some(policy.body.versions.iter().rev().map(whole).collect()),
            ..Self::listed(cx, policy).await?
        })
    }

    /// Whether anybody has it.
    pub(crate) const fn is_used(&self) -> bool {
        self.attachment_count > 0 || self.permissions_boundary_usage_count > 0
    }
}

impl Recorded for PolicyOutput {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyName", &self.policy_name);
        to.text("policyId", &self.policy_id);
        to.text("arn", &self.arn);
        to.text("path", &self.path);
        to.text("defaultVersionId", &self.default_version_id);
        to.integer("attachmentCount", self.attachment_count);
        to.integer("permissionsBoundaryUsageCount", self.permissions_boundary_usage_count);
        to.boolean("isAttachable", self.is_attachable);
        self.create_date.record(to, "createDate");
        self.update_date.record(to, "updateDate");
        if let Some(tags) = &self.tags {
            to.objects("tags", tags, |to, tag| tag.record(to));
        }
    }
}

/// `PolicyVersion`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyVersionOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Escaped>,
    version_id: String,
    is_default_version: bool,
    create_date: Date,
}

impl PolicyVersionOutput {
    /// The version with its document.
    pub(crate) fn whole(body: &PolicyBody, version: &PolicyVersion) -> Self {
        let document = Some(Escaped(version.document.clone()));
        Self { document, ..Self::listed(body, version) }
    }

    /// What lists tell of a version: not the document.
    pub(crate) fn listed(body: &PolicyBody, version: &PolicyVersion) -> Self {
        Self {
            document: None,
            version_id: version_id(version.number),
            is_default_version: version.number == body.default_version,
            create_date: Date(version.created_at),
        }
    }
}

impl Recorded for PolicyVersionOutput {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("versionId", &self.version_id);
        to.boolean("isDefaultVersion", self.is_default_version);
        self.create_date.record(to, "createDate");
    }
}

/// A reply that holds a policy.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OnePolicy {
    pub(crate) policy: PolicyOutput,
}

impl Recorded for OnePolicy {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("policy", |to| self.policy.record(to));
    }
}

/// A reply that holds a version.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OneVersion {
    pub(crate) policy_version: PolicyVersionOutput,
}

impl Recorded for OneVersion {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("policyVersion", |to| self.policy_version.record(to));
    }
}

/// A request that names a policy and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfPolicy<'a> {
    #[serde(borrow)]
    pub(crate) policy_arn: Text<'a, ArnType>,
}

impl Recorded for OfPolicy<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyArn", &self.policy_arn);
    }
}

/// A request about a version of a policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VersionOfPolicy<'a> {
    #[serde(borrow)]
    pub(crate) policy_arn: Text<'a, ArnType>,
    #[serde(borrow)]
    pub(crate) version_id: Text<'a, PolicyVersionIdType>,
}

impl Recorded for VersionOfPolicy<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyArn", &self.policy_arn);
        to.text("versionId", &self.version_id);
    }
}

/// A request for a list of what a policy has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PageOfPolicy<'a> {
    #[serde(borrow)]
    pub(crate) policy_arn: Text<'a, ArnType>,
    #[serde(borrow)]
    pub(crate) marker: Marker<'a>,
    pub(crate) max_items: MaxItems,
}

impl Recorded for PageOfPolicy<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyArn", &self.policy_arn);
        record_page(to, &self.marker, self.max_items);
    }
}
