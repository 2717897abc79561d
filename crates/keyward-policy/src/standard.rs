//! The policies that the service writes itself: the default key policy, those of the keys it
//! manages for other services, and the managed policies that every account has. `Display` of a
//! [`Document`] is the text layout of key policies.

mod aws_managed_policies;
mod services;

pub use aws_managed_policies::{AWS_MANAGED_POLICIES, AwsManagedPolicy, find_aws_managed_policy};
pub use services::{AWS_MANAGED_SERVICES, AwsManagedService};

use crate::document::{
    Comparison, Condition, ConditionTest, Document, Effect, Element, Operator, Principal,
    PrincipalEntry, PrincipalKind, Statement, Version,
};
use services::{Access, Via};

/// The policy of a key that is created without one: its account decides through its own policies.
pub fn default_key_policy(partition: &str, account: &str) -> String {
    let root = aws(&root_arn(partition, account));
    let statement = allow("Enable IAM User Permissions", root, &["kms:*"], Vec::new());
    document("key-default-1", vec![statement]).to_string()
}

/// Finds the service whose key has the alias `alias/aws/<alias>`.
pub fn find_aws_managed_service(alias: &str) -> Option<&'static AwsManagedService> {
    AWS_MANAGED_SERVICES.iter().find(|service| service.alias == alias)
}

impl AwsManagedService {
    /// The policy of the service's key: use through the service only, by principals of the account
    /// only, and no administration by anyone.
    pub fn key_policy(&self, partition: &str, account: &str, region: &str) -> String {
        let mut statements: Vec<_> =
            self.access.iter().map(|access| access_statement(access, account, region)).collect();
        let root = aws(&root_arn(partition, account));
        let sid = "Allow direct access to key metadata to the account";
        statements.push(allow(sid, root, self.metadata_actions, Vec::new()));
        statements.extend(self.described_by.iter().map(|described| {
            let service = names(PrincipalKind::Service, described.service);
            allow(described.sid, service, &["kms:Describe*", "kms:Get*", "kms:List*"], Vec::new())
        }));
        document(self.policy_id, statements).to_string()
    }
}

/// The policy of the key that a service without documented ones has: as those of most services.
pub fn service_key_policy(service: &str, partition: &str, account: &str, region: &str) -> String {
    let root = aws(&root_arn(partition, account));
    let conditions = vec![
        test("kms:CallerAccount", account),
        test("kms:ViaService", &format!("{service}.{region}.amazonaws.com")),
    ];
    let statements = vec![
        allow(
            &format!(
                "Allow access through {service} for all principals in the account that are \
                 authorized to use {service}"
            ),
            aws("*"),
            services::USE_AND_GRANT,
            vec![condition(Comparison::StringEquals, conditions)],
        ),
        allow(
            "Allow direct access to key metadata to the account",
            root,
            services::METADATA_AND_REVOKE,
            Vec::new(),
        ),
    ];
    document(&format!("auto-{service}-1"), statements).to_string()
}

fn access_statement(access: &Access, account: &str, region: &str) -> Statement {
    let caller = test("kms:CallerAccount", account);
    let conditions = match access.via {
        Via::ThisRegion(service) => {
            let via = test("kms:ViaService", &format!("{service}.{region}.amazonaws.com"));
            vec![condition(Comparison::StringEquals, vec![caller, via])]
        }
        Via::AnyRegion(service) => {
            let via = test("kms:ViaService", &format!("{service}.*.amazonaws.com"));
            vec![
                condition(Comparison::StringEquals, vec![caller]),
                condition(Comparison::StringLike, vec![via]),
            ]
        }
    };
    allow(access.sid, aws("*"), access.actions, conditions)
}

fn document(id: &str, statements: Vec<Statement>) -> Document {
    Document { version: Version::V2012_10_17, id: Some(id.to_owned()), statements }
}

fn allow(
    sid: &str,
    principal: Principal,
    actions: &[&str],
    conditions: Vec<Condition>,
) -> Statement {
    Statement {
        sid: Some(sid.to_owned()),
        effect: Effect::Allow,
        principal: Some(Element::Listed(principal)),
        action: Some(Element::Listed(actions.iter().map(|&action| action.to_owned()).collect())),
        resource: Some(Element::Listed(vec!["*".to_owned()])),
        conditions,
    }
}

fn condition(comparison: Comparison, tests: Vec<ConditionTest>) -> Condition {
    Condition { operator: Operator::plain(comparison), tests }
}

fn test(key: &str, value: &str) -> ConditionTest {
    ConditionTest { key: key.to_owned(), values: vec![value.to_owned()] }
}

fn root_arn(partition: &str, account: &str) -> String {
    format!("arn:{partition}:iam::{account}:root")
}

fn aws(name: &str) -> Principal {
    names(PrincipalKind::Aws, name)
}

fn names(kind: PrincipalKind, name: &str) -> Principal {
    Principal::Entries(vec![PrincipalEntry { kind, names: vec![name.to_owned()] }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyPolicy, Principals};

    /// A world of one account, in which every service is known.
    struct OneAccount;

    impl Principals for OneAccount {
        fn account_exists(&self, account: &str) -> bool {
            account == "111122223333"
        }
        fn principal_exists(&self, _: &str) -> bool {
            false
        }
        fn partition(&self) -> &'static str {
            "aws"
        }
        fn service_is_known(&self, _: &str) -> bool {
            true
        }
    }

    #[test]
    fn the_default_key_policy_has_the_layout_of_the_service() {
        let expected = r#"{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"#;
        assert_eq!(default_key_policy("aws", "111122223333"), expected);
    }

    #[test]
    fn the_key_of_a_service_is_used_through_that_service_only() {
        let expected = r#"{
  "Version" : "2012-10-17",
  "Id" : "auto-secretsmanager-2",
  "Statement" : [ {
    "Sid" : "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "111122223333",
        "kms:ViaService" : "secretsmanager.us-west-2.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : "kms:GenerateDataKey*",
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "111122223333"
      },
      "StringLike" : {
        "kms:ViaService" : "secretsmanager.*.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  } ]
}"#;
        let service = find_aws_managed_service("secretsmanager").unwrap();
        assert_eq!(service.key_policy("aws", "111122223333", "us-west-2"), expected);
    }

    #[test]
    fn every_standard_document_is_a_valid_key_policy() {
        for service in AWS_MANAGED_SERVICES {
            let text = service.key_policy("aws", "111122223333", "eu-west-1");
            KeyPolicy::check(&text, &OneAccount).unwrap();
            assert!(text.contains(&format!("\"{}.", service.via_service)), "{}", service.alias);
        }
        KeyPolicy::check(&default_key_policy("aws", "111122223333"), &OneAccount).unwrap();
    }

    #[test]
    fn no_key_of_a_service_can_be_administered_by_the_account() {
        for service in AWS_MANAGED_SERVICES {
            let text = service.key_policy("aws", "111122223333", "eu-west-1");
            for action in ["kms:*", "kms:Put", "kms:Disable", "kms:Schedule", "kms:Tag"] {
                assert!(!text.contains(&format!("\"{action}")), "{}: {action}", service.alias);
            }
        }
    }

    #[test]
    fn the_aliases_are_those_of_the_documented_services_in_order() {
        let aliases: Vec<_> = AWS_MANAGED_SERVICES.iter().map(|service| service.alias).collect();
        let expected = [
            "backup",
            "dynamodb",
            "ebs",
            "elasticfilesystem",
            "glue",
            "kinesis",
            "lambda",
            "rds",
            "redshift",
            "s3",
            "secretsmanager",
            "sns",
            "sqs",
            "ssm",
        ];
        assert_eq!(aliases, expected);
        assert!(find_aws_managed_service("xyz").is_none());
    }
}
