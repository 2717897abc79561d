//! SimulateCustomPolicy: what the policies of the request would say to some requests.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, PolicyDocumentType, ResourceHandlingOptionType, ResourceNameType};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::simulation::{
    ActionNames, ContextEntries, Documents, OrganizationLevels, Policies, Requests, ResourceArns,
    SimulatedCaller, SimulatedContext, SimulationOutput, Source, organization, simulate,
    single_boundary,
};

/// The operation.
pub(crate) enum SimulateCustomPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_input_list: Documents<'a>,
    #[serde(borrow, default)]
    permissions_boundary_policy_input_list: Documents<'a>,
    #[serde(borrow, default)]
    ordered_organization_policy_input_list: OrganizationLevels<'a>,
    #[serde(borrow)]
    action_names: ActionNames<'a>,
    #[serde(borrow, default)]
    resource_arns: ResourceArns<'a>,
    #[serde(borrow)]
    resource_policy: Option<Text<'a, PolicyDocumentType>>,
    #[serde(borrow)]
    resource_owner: Option<Text<'a, ResourceNameType>>,
    #[serde(borrow)]
    caller_arn: Option<Text<'a, ResourceNameType>>,
    #[serde(borrow, default)]
    context_entries: ContextEntries<'a>,
    /// Tells kinds of instances apart, of a service that is not served.
    #[serde(borrow, rename = "ResourceHandlingOption")]
    _resource_handling_option: Option<Text<'a, ResourceHandlingOptionType>>,
    max_items: MaxItems,
    #[serde(borrow)]
    marker: Marker<'a>,
}

impl Operation for SimulateCustomPolicy {
    const NAME: &'static str = "SimulateCustomPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::SIMULATE_CUSTOM_POLICY;
    type Input<'a> = Input<'a>;
    type Output = SimulationOutput;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<SimulationOutput, OpError> {
        let (resource, conditions) = (Resource::any(), Conditions::none());
        authorize::<action::SimulateCustomPolicy>(cx, &resource, conditions).await?;
        let request = PageRequest::new(cx, (Self::NAME, ""), &input.marker, input.max_items)?;
        let documents = input.policy_input_list.iter().map(Text::as_str);
        let resource_policy = input.resource_policy.as_deref();
        let policies = Policies {
            identity: Source::list("PolicyInputList", documents)?,
            boundary: single_boundary(&input.permissions_boundary_policy_input_list)?,
            resource: resource_policy.map(Source::of_resource).transpose()?,
            organization: organization(&input.ordered_organization_policy_input_list)?,
        };
        let caller = match input.caller_arn.as_deref() {
            Some(arn) => SimulatedCaller::of_arn(cx, arn, "")?,
            None => SimulatedCaller::anybody(cx),
        };
        let requests = Requests {
            actions: &input.action_names,
            resources: &input.resource_arns,
            resource_owner: input.resource_owner.as_deref(),
            caller,
            context: SimulatedContext::new(&input.context_entries),
        };
        simulate(cx, &request, &policies, &requests)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.texts("policyInputList", self.policy_input_list.iter().map(Text::as_str));
        to.texts("actionNames", self.action_names.iter().map(Text::as_str));
        to.texts("resourceArns", self.resource_arns.iter().map(Text::as_str));
        record_page(to, &self.marker, self.max_items);
    }
}

#[cfg(test)]
mod tests;
