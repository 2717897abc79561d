//! CreatePolicy: makes a managed policy, with its document as version `v1`.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::{EntityKind, PolicyBody, PolicyVersion, Precondition};
use serde::Deserialize;

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{
    self, PolicyDescriptionType, PolicyDocumentType, PolicyNameType, PolicyPathType,
};
use super::document::check_identity;
use super::entity::Entity;
use super::managed_policy::{ManagedPolicy, OnePolicy, PolicyOutput, require_length};
use super::shape::record_text;
use super::tags::Tags;
use super::{action, tags};

/// The operation.
pub(crate) enum CreatePolicy {}

/// The most managed policies an account has.
pub(crate) const POLICIES_MAX: u32 = 1500;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_name: Text<'a, PolicyNameType>,
    #[serde(borrow)]
    path: Option<Text<'a, PolicyPathType>>,
    #[serde(borrow)]
    policy_document: Text<'a, PolicyDocumentType>,
    #[serde(borrow)]
    description: Option<Text<'a, PolicyDescriptionType>>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

impl Operation for CreatePolicy {
    const NAME: &'static str = "CreatePolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_POLICY;
    type Input<'a> = Input<'a>;
    type Output = OnePolicy;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<OnePolicy, OpError> {
        let tags = tags::sound(&input.tags)?;
        let (path, name) = (input.path.as_deref(), &*input.policy_name);
        let mut resource = Resource::new(cx, EntityKind::Policy, path.unwrap_or("/"), name);
        resource.shown = format!("policy {name}");
        let conditions = Conditions::none().with_request_tags(&tags);
        let proof = authorize::<action::CreatePolicy>(cx, &resource, conditions).await?;
        if !tags.is_empty() {
            authorize::<action::TagPolicy>(cx, &resource, conditions).await?;
        }
        check_identity(&input.policy_document)?;
        require_length(&input.policy_document)?;
        if Entity::<PolicyBody>::find(cx, name).await?.is_some() {
            return Err(op_error!(
                EntityAlreadyExists,
                "A policy called {name} already exists. Duplicate names are not allowed."
            ));
        }
        let document = input.policy_document.into_string();
        let body = PolicyBody {
            description: input.description.map(Text::into_string),
            tags,
            default_version: 1,
            next_version: 2,
            versions: vec![PolicyVersion { number: 1, document, created_at: cx.now() }],
            updated_at: cx.now(),
        };
        let policy = Entity::new(cx, name, path, body);
        let output = PolicyOutput::whole(cx, &ManagedPolicy::of_own(cx, policy.clone())?).await?;
        cx.require(Precondition::EntitiesBelow(policy.account, EntityKind::Policy, POLICIES_MAX));
        policy.stage(cx, &proof);
        Ok(OnePolicy { policy: output })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyName", &self.policy_name);
        record_text(to, "path", self.path.as_ref());
        to.text("policyDocument", &self.policy_document);
        record_text(to, "description", self.description.as_ref());
        tags::record_sent(to, &self.tags);
    }
}

#[cfg(test)]
mod tests;
