//! AttachGroupPolicy: attaches a managed policy to a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::GroupBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::policy_holder::attach;
use super::shape::ManagedPolicyOfGroup;
use super::{action, constraints};

/// The operation.
pub(crate) enum AttachGroupPolicy {}

impl Operation for AttachGroupPolicy {
    const NAME: &'static str = "AttachGroupPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ATTACH_GROUP_POLICY;
    type Input<'a> = ManagedPolicyOfGroup<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: ManagedPolicyOfGroup<'a>) -> Result<(), OpError> {
        let arn = &*input.policy_arn;
        let conditions = Conditions::none().with_policy_arn(arn);
        let holder =
            existing::<action::AttachGroupPolicy, GroupBody>(cx, &input.group_name, conditions)
                .await?;
        attach(cx, holder, arn).await
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::{Value, json};

    fn input(arn: &str) -> Value {
        json!({ "GroupName": "x", "PolicyArn": arn })
    }

    #[tokio::test]
    async fn attached_policies_are_listed_by_name_until_they_are_detached() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "x" })).await;
        let arn = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
        for name in ["ReadOnlyAccess", "AdministratorAccess", "ReadOnlyAccess"] {
            root.ok("AttachGroupPolicy", input(&arn(name))).await;
        }
        let listed = root.ok("ListAttachedGroupPolicies", json!({ "GroupName": "x" })).await;
        let policy = |name: &str| json!({ "PolicyName": name, "PolicyArn": arn(name) });
        let expected = json!([policy("AdministratorAccess"), policy("ReadOnlyAccess")]);
        assert_eq!(listed["AttachedPolicies"], expected);
        let elsewhere = json!({ "GroupName": "x", "PathPrefix": "/other/" });
        let listed = root.ok("ListAttachedGroupPolicies", elsewhere).await;
        assert_eq!(listed["AttachedPolicies"], json!([]));
        root.ok("DetachGroupPolicy", input(&arn("ReadOnlyAccess"))).await;
        let refused = root.refused("DetachGroupPolicy", input(&arn("ReadOnlyAccess"))).await;
        let message = "Policy arn:aws:iam::aws:policy/ReadOnlyAccess was not found.";
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
    }

    #[tokio::test]
    async fn a_policy_that_does_not_exist_or_is_for_a_service_is_not_attached() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "x" })).await;
        for arn in [
            "arn:aws:iam::aws:policy/None",
            "arn:aws:iam::111122223333:policy/none",
            "arn:aws:iam::444455556666:policy/none",
        ] {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            let refused = root.refused("AttachGroupPolicy", input(arn)).await;
            assert_eq!(refused, Refused::new("NoSuchEntity", message));
        }
        let arn = "arn:aws:iam::aws:policy/aws-service-role/\
                   AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy";
        assert_eq!(root.refused("AttachGroupPolicy", input(arn)).await.name, "PolicyNotAttachable");
    }
}
