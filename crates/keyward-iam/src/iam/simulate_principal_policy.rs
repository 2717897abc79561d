//! SimulatePrincipalPolicy: what the policies of a user, group or role would say to some requests.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::constraints::{
    self, ArnType, PolicyDocumentType, ResourceHandlingOptionType, ResourceNameType,
};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::simulation::{
    ActionNames, ContextEntries, Documents, Exclusions, Policies, PrincipalPolicies, Requests,
    ResourceArns, SimulatedCaller, SimulatedContext, SimulationOutput, Source, simulate,
    single_boundary,
};

/// The operation.
pub(crate) enum SimulatePrincipalPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_source_arn: Text<'a, ArnType>,
    #[serde(borrow, default)]
    policy_input_list: Documents<'a>,
    #[serde(borrow, default)]
    permissions_boundary_policy_input_list: Documents<'a>,
    #[serde(borrow, default)]
    policy_exclusion_list: Exclusions<'a>,
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

impl Operation for SimulatePrincipalPolicy {
    const NAME: &'static str = "SimulatePrincipalPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::SIMULATE_PRINCIPAL_POLICY;
    type Input<'a> = Input<'a>;
    type Output = SimulationOutput;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<SimulationOutput, OpError> {
        let source = &*input.policy_source_arn;
        let found = PrincipalPolicies::load::<action::SimulatePrincipalPolicy>(
            cx,
            source,
            &input.policy_exclusion_list,
        )
        .await?;
        let request = PageRequest::new(cx, (Self::NAME, source), &input.marker, input.max_items)?;
        let documents = input.policy_input_list.iter().map(Text::as_str);
        let mut identity = found.identity;
        identity.extend(Source::list("PolicyInputList", documents)?);
        let given = single_boundary(&input.permissions_boundary_policy_input_list)?;
        let resource_policy = input.resource_policy.as_deref();
        let policies = Policies {
            identity,
            boundary: given.or(found.boundary),
            resource: resource_policy.map(Source::of_resource).transpose()?,
            organization: Vec::new(),
        };
        let id = found.id.map(|id| id.to_string()).unwrap_or_default();
        let caller = match (input.caller_arn.as_deref(), found.id) {
            (Some(arn), _) if arn != source => SimulatedCaller::of_arn(cx, arn, "")?,
            (_, Some(_)) => SimulatedCaller::of_arn(cx, source, &id)?,
            (_, None) => SimulatedCaller::anybody(cx),
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
        to.text("policySourceArn", &self.policy_source_arn);
        to.texts("policyInputList", self.policy_input_list.iter().map(Text::as_str));
        to.texts("actionNames", self.action_names.iter().map(Text::as_str));
        to.texts("resourceArns", self.resource_arns.iter().map(Text::as_str));
        record_page(to, &self.marker, self.max_items);
    }
}

#[cfg(test)]
mod tests;
