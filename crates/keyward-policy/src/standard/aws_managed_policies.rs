//! The managed policies that every account has, as data. No one changes them.
//!
//! Each document says what the real one says of the services served here. Those of
//! `AdministratorAccess` and `AWSKeyManagementServicePowerUser` are whole; that of `ReadOnlyAccess`
//! leaves out every other service.
//! <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>

/// A managed policy of the partition, not of an account.
#[derive(Debug)]
pub struct AwsManagedPolicy {
    /// `PolicyName`.
    pub name: &'static str,
    /// `Path`, from slash to slash.
    pub path: &'static str,
    /// `PolicyId`.
    pub id: &'static str,
    /// `Description`.
    pub description: &'static str,
    /// The one version there is: 1 is `v1`.
    pub version: u32,
    /// `CreateDate`, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// `UpdateDate`, in milliseconds since 1970.
    pub updated_at_ms: i64,
    /// The document of its version.
    pub document: &'static str,
    /// The service whose roles alone it may be attached to.
    pub service: Option<&'static str>,
}

impl AwsManagedPolicy {
    /// `Arn`.
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::aws:policy{}{}", self.path, self.name)
    }
}

/// Finds the policy with this ARN.
pub fn find_aws_managed_policy(arn: &str, partition: &str) -> Option<&'static AwsManagedPolicy> {
    let rest = arn.strip_prefix("arn:")?.strip_prefix(partition)?;
    let name = rest.strip_prefix(":iam::aws:policy")?;
    AWS_MANAGED_POLICIES
        .iter()
        .find(|policy| name.strip_prefix(policy.path).is_some_and(|name| name == policy.name))
}

/// The managed policies that every account has, by name.
pub const AWS_MANAGED_POLICIES: &[AwsManagedPolicy] = &[
    AwsManagedPolicy {
        name: "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
        path: "/aws-service-role/",
        id: "ANPAZKAPJZG4KWMRKSYNC",
        description: "Enables access to AWS Services and Resources required for AWS KMS \
                      Multi-Region Keys.",
        version: 1,
        created_at_ms: 1_623_686_165_000,
        updated_at_ms: 1_623_686_165_000,
        document: r#"{
  "Version" : "2012-10-17",
  "Statement" : [
    {
      "Sid" : "KMSSynchronizeMultiRegionKey",
      "Effect" : "Allow",
      "Action" : [
        "kms:SynchronizeMultiRegionKey"
      ],
      "Resource" : "*"
    }
  ]
}"#,
        service: Some("mrk.kms.amazonaws.com"),
    },
    AwsManagedPolicy {
        name: "AWSKeyManagementServicePowerUser",
        path: "/",
        id: "ANPAJNPP7PPPPMJRV2SA4",
        description: "Provides access to AWS Key Management Service (KMS).",
        version: 2,
        created_at_ms: 1_423_248_040_000,
        updated_at_ms: 1_488_848_111_000,
        document: r#"{
  "Version" : "2012-10-17",
  "Statement" : [
    {
      "Effect" : "Allow",
      "Action" : [
        "kms:CreateAlias",
        "kms:CreateKey",
        "kms:DeleteAlias",
        "kms:Describe*",
        "kms:GenerateRandom",
        "kms:Get*",
        "kms:List*",
        "kms:TagResource",
        "kms:UntagResource",
        "iam:ListGroups",
        "iam:ListRoles",
        "iam:ListUsers"
      ],
      "Resource" : "*"
    }
  ]
}"#,
        service: None,
    },
    AwsManagedPolicy {
        name: "AdministratorAccess",
        path: "/",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        description: "Provides full access to AWS services and resources.",
        version: 1,
        created_at_ms: 1_423_247_986_000,
        updated_at_ms: 1_423_247_986_000,
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}"#,
        service: None,
    },
    AwsManagedPolicy {
        name: "ReadOnlyAccess",
        path: "/",
        id: "ANPAILL3HVNFSB6DCOWYQ",
        description: "Provides read-only access to AWS services and resources.",
        version: 1,
        created_at_ms: 1_423_247_988_000,
        updated_at_ms: 1_423_247_988_000,
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ReadOnlyActions",
            "Effect": "Allow",
            "Action": [
                "cloudtrail:Describe*",
                "cloudtrail:Get*",
                "cloudtrail:List*",
                "cloudtrail:LookupEvents",
                "iam:Generate*",
                "iam:Get*",
                "iam:List*",
                "iam:Simulate*",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "sts:GetAccessKeyInfo",
                "sts:GetCallerIdentity",
                "sts:GetSessionToken"
            ],
            "Resource": "*"
        }
    ]
}"#,
        service: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn every_document_is_a_policy_of_the_newer_language() {
        for policy in AWS_MANAGED_POLICIES {
            let document = parse(policy.document).unwrap();
            assert_eq!(document.version, crate::Version::V2012_10_17, "{}", policy.name);
            assert!(document.statements.iter().all(|statement| statement.principal.is_none()));
            assert_eq!(policy.id.len(), 21);
            assert!(policy.updated_at_ms >= policy.created_at_ms);
        }
        assert!(AWS_MANAGED_POLICIES.is_sorted_by_key(|policy| policy.name));
    }

    #[test]
    fn a_policy_is_found_by_its_arn_of_the_partition_alone() {
        for policy in AWS_MANAGED_POLICIES {
            for partition in ["aws", "aws-cn"] {
                let found = find_aws_managed_policy(&policy.arn(partition), partition);
                assert_eq!(found.map(|found| found.name), Some(policy.name));
            }
        }
        let found = |arn, partition| find_aws_managed_policy(arn, partition).map(|it| it.name);
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
        assert_eq!(found(arn, "aws"), Some("AdministratorAccess"));
        assert_eq!(found(arn, "aws-cn"), None);
        for other in [
            "",
            "arn:aws:iam::aws:policy/administratoraccess",
            "arn:aws:iam::aws:policy/x/AdministratorAccess",
            "arn:aws:iam::111122223333:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
        ] {
            assert_eq!(found(other, "aws"), None, "{other}");
        }
    }
}
