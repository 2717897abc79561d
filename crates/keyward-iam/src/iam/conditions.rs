//! The condition keys of IAM actions that come from the request and the entity.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>

use keyward_engine::Visit;
use keyward_policy::{ConditionKey, ContextValue, KeyFamily, NamedKey, same_ignoring_case};
use keyward_store::{GroupBody, MfaDeviceBody, OidcProviderBody, PolicyBody, RoleBody, UserBody};

use super::entity::Body;

/// What a request says of itself to policies.
#[derive(Clone, Copy, Default)]
pub(crate) struct Conditions<'a> {
    /// `aws:RequestTag/`, and `aws:TagKeys`.
    request_tags: &'a [(String, String)],
    /// `aws:TagKeys` of a request that names keys only.
    tag_keys: &'a [String],
    /// `aws:ResourceTag/` and `iam:ResourceTag/`.
    resource_tags: &'a [(String, String)],
    /// `iam:PolicyARN`.
    policy_arn: Option<&'a str>,
    boundary: Boundary<'a>,
}

/// Where `iam:PermissionsBoundary` comes from.
#[derive(Clone, Copy, Default)]
enum Boundary<'a> {
    /// The action has no such key.
    #[default]
    None,
    /// From what the entity has.
    OfEntity,
    /// From the request, or from what the entity had.
    Known(&'a str),
}

/// What may hold a permissions boundary.
pub(crate) trait Holder {
    /// The ARN of the policy that is its permissions boundary.
    fn boundary(&self) -> Option<&str>;
}

impl Holder for UserBody {
    fn boundary(&self) -> Option<&str> {
        self.permissions_boundary.as_deref()
    }
}

impl Holder for RoleBody {
    fn boundary(&self) -> Option<&str> {
        self.permissions_boundary.as_deref()
    }
}

impl Holder for GroupBody {
    fn boundary(&self) -> Option<&str> {
        None
    }
}

impl Holder for MfaDeviceBody {
    fn boundary(&self) -> Option<&str> {
        None
    }
}

impl Holder for OidcProviderBody {
    fn boundary(&self) -> Option<&str> {
        None
    }
}

impl Holder for PolicyBody {
    fn boundary(&self) -> Option<&str> {
        None
    }
}

impl<'a> Conditions<'a> {
    /// None but the tags of the entity.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Tags that the request puts on something.
    pub(crate) fn with_request_tags(self, request_tags: &'a [(String, String)]) -> Self {
        Self { request_tags, ..self }
    }

    /// Keys of tags that the request takes off something.
    pub(crate) fn with_tag_keys(self, tag_keys: &'a [String]) -> Self {
        Self { tag_keys, ..self }
    }

    /// The managed policy that the request attaches or detaches.
    pub(crate) fn with_policy_arn(self, arn: &'a str) -> Self {
        Self { policy_arn: Some(arn), ..self }
    }

    /// The permissions boundary that the entity has.
    pub(crate) fn with_boundary_of_entity(self) -> Self {
        Self { boundary: Boundary::OfEntity, ..self }
    }

    /// The permissions boundary that the request names, if it names one.
    pub(crate) fn with_boundary(self, arn: Option<&'a str>) -> Self {
        Self { boundary: arn.map_or(Boundary::None, Boundary::Known), ..self }
    }

    /// With what the entity says of itself.
    pub(crate) fn of_entity<B: Body + Holder>(self, body: &'a B) -> Self {
        let boundary = match self.boundary {
            Boundary::OfEntity => body.boundary().map_or(Boundary::None, Boundary::Known),
            known => known,
        };
        Self { resource_tags: body.tags(), boundary, ..self }
    }

    /// Calls `visit` with each value of the key, and says whether the request has the key at all.
    pub(crate) fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        match key {
            ConditionKey::Family(KeyFamily::AwsRequestTag, tag) => {
                visit_tag(self.request_tags, tag, visit)
            }
            ConditionKey::Family(KeyFamily::AwsResourceTag | KeyFamily::IamResourceTag, tag) => {
                visit_tag(self.resource_tags, tag, visit)
            }
            ConditionKey::Named(NamedKey::AwsTagKeys) => {
                let keys = self.request_tags.iter().map(|(key, _)| key).chain(self.tag_keys);
                keys.fold(false, |_, key| visit_text(Some(key), visit))
            }
            ConditionKey::Named(NamedKey::IamPolicyArn) => visit_text(self.policy_arn, visit),
            ConditionKey::Named(NamedKey::IamPermissionsBoundary) => match self.boundary {
                Boundary::Known(arn) => visit_text(Some(arn), visit),
                Boundary::None | Boundary::OfEntity => false,
            },
            _ => false,
        }
    }
}

fn visit_tag(tags: &[(String, String)], wanted: &str, visit: &mut Visit<'_>) -> bool {
    let named = tags.iter().filter(|(key, _)| same_ignoring_case(key, wanted));
    named.fold(false, |_, (_, value)| visit_text(Some(value), visit))
}

fn visit_text(text: Option<&str>, visit: &mut Visit<'_>) -> bool {
    text.map(|text| visit(ContextValue::Text(text))).is_some()
}
