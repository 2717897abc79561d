//! Roles that belong to a service: it alone uses and changes them.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/using-service-linked-roles.html>

use std::fmt::Display;

use keyward_engine::Cx;
use keyward_store::RoleBody;

/// A service that has a role in the accounts it works for.
#[derive(Debug)]
pub(crate) struct LinkedService {
    /// `AWSServiceName`.
    pub(crate) name: &'static str,
    /// The name of its role.
    pub(crate) role_name: &'static str,
    /// What it is for.
    description: &'static str,
    /// The managed policy that its role has, if it is one of those served.
    policy_name: Option<&'static str>,
}

/// Every service that may have a role.
const LINKED_SERVICES: [LinkedService; 2] = [
    LinkedService {
        name: "cks.kms.amazonaws.com",
        role_name: "AWSServiceRoleForKeyManagementServiceCustomKeyStores",
        description: "Enables access to AWS Services and Resources required for AWS KMS Custom \
                      Key Stores",
        policy_name: None,
    },
    LinkedService {
        name: "mrk.kms.amazonaws.com",
        role_name: "AWSServiceRoleForKeyManagementServiceMultiRegionKeys",
        description: "Enables access to AWS services and resources required for AWS KMS \
                      Multi-Region Keys",
        policy_name: Some("AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"),
    },
];

/// The service of this name.
pub(crate) fn find(name: &str) -> Option<&'static LinkedService> {
    LINKED_SERVICES.iter().find(|service| service.name == name)
}

impl LinkedService {
    /// The path of its role.
    pub(crate) fn path(&self) -> String {
        format!("/aws-service-role/{}/", self.name)
    }

    /// Its role, before there is one.
    pub(crate) fn role(&self, cx: &Cx, description: Option<&str>) -> RoleBody {
        let partition = cx.engine().partition();
        let arn = |name| format!("arn:{partition}:iam::aws:policy/aws-service-role/{name}");
        RoleBody {
            assume_role_policy_document: trust_policy(self.name),
            description: Some(description.unwrap_or(self.description).to_owned()),
            max_session_duration_s: 3600,
            attached_policies: self.policy_name.map(arn).into_iter().collect(),
            is_service_linked: true,
            service: Some(self.name.to_owned()),
            ..RoleBody::default()
        }
    }
}

/// The id of the task that removes the role of a service.
pub(crate) fn task_id(service: &str, role_name: &str, task: impl Display) -> String {
    format!("task/aws-service-role/{service}/{role_name}/{task}")
}

/// Whether it is the id of such a task.
pub(crate) fn is_task_id(id: &str) -> bool {
    let mut parts = id.strip_prefix("task/aws-service-role/").unwrap_or_default().split('/');
    let service = parts.next().and_then(find);
    let role_name = parts.next();
    let has_task = parts.next().is_some_and(|task| task.len() == UUID_CHARS);
    service.is_some_and(|service| Some(service.role_name) == role_name)
        && has_task
        && parts.next().is_none()
}

const UUID_CHARS: usize = 36;

fn trust_policy(service: &str) -> String {
    let action = r#""Action":"sts:AssumeRole""#;
    let principal = format!(r#""Principal":{{"Service":"{service}"}}"#);
    let statement = format!(r#"{{"Effect":"Allow",{principal},{action}}}"#);
    format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
}
