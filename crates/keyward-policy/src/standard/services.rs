//! The services that have a key of their own in every account, as data.
//!
//! The policies are those that the real service shows for these keys; they differ from service to
//! service in more than the names.

/// A service with an AWS managed key.
#[derive(Debug)]
pub struct AwsManagedService {
    /// The key's alias is `alias/aws/` and this.
    pub alias: &'static str,
    /// The service's name in `kms:ViaService` (the first part of the host name).
    pub via_service: &'static str,
    /// The key's description.
    pub description: &'static str,
    pub(super) policy_id: &'static str,
    pub(super) access: &'static [Access],
    pub(super) metadata_actions: &'static [&'static str],
    pub(super) described_by: Option<DescribedBy>,
}

/// What principals of the account may do through the service.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) sid: &'static str,
    pub(super) actions: &'static [&'static str],
    pub(super) via: Via,
}

/// Where the service may be when it passes a request on, with its name in `kms:ViaService`.
#[derive(Debug)]
pub(super) enum Via {
    ThisRegion(&'static str),
    AnyRegion(&'static str),
}

/// A service that reads the key's metadata as itself.
#[derive(Debug)]
pub(super) struct DescribedBy {
    pub(super) sid: &'static str,
    pub(super) service: &'static str,
}

const USE: &[&str] =
    &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];
pub(super) const USE_AND_GRANT: &[&str] = &[
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:CreateGrant",
    "kms:DescribeKey",
];
const METADATA: &[&str] = &["kms:Describe*", "kms:Get*", "kms:List*"];
pub(super) const METADATA_AND_REVOKE: &[&str] =
    &["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"];

/// The services that have an AWS managed key, by alias. The descriptions of the keys of Kinesis and
/// Redshift follow the pattern of the others; no record of the real ones is known.
pub const AWS_MANAGED_SERVICES: &[AwsManagedService] = &[
    AwsManagedService {
        alias: "backup",
        via_service: "backup",
        description: "Default key that protects my Backup data when no other key is defined",
        policy_id: "auto-backup-1",
        access: &[Access {
            sid: "Allow access through Backup for all principals in the account that are authorized to use Backup Storage",
            actions: &["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*"],
            via: Via::ThisRegion("backup"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "dynamodb",
        via_service: "dynamodb",
        description: "Default key that protects my DynamoDB data when no other key is defined",
        policy_id: "auto-dynamodb-3",
        access: &[Access {
            sid: "Allow access through Amazon DynamoDB for all principals in the account that are authorized to use Amazon DynamoDB",
            actions: USE_AND_GRANT,
            via: Via::AnyRegion("dynamodb"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: Some(DescribedBy {
            sid: "Allow DynamoDB to directly describe the key",
            service: "dynamodb.amazonaws.com",
        }),
    },
    AwsManagedService {
        alias: "ebs",
        via_service: "ec2",
        description: "Default key that protects my EBS volumes when no other key is defined",
        policy_id: "auto-ebs-2",
        access: &[Access {
            sid: "Allow access through EBS for all principals in the account that are authorized to use EBS",
            actions: USE_AND_GRANT,
            via: Via::ThisRegion("ec2"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "elasticfilesystem",
        via_service: "elasticfilesystem",
        description: "Default key that protects my EFS filesystems when no other key is defined",
        policy_id: "auto-elasticfilesystem-1",
        access: &[Access {
            sid: "Allow access to EFS for all principals in the account that are authorized to use EFS",
            actions: USE_AND_GRANT,
            via: Via::ThisRegion("elasticfilesystem"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "glue",
        via_service: "glue",
        description: "Default key that protects my Glue data when no other key is defined",
        policy_id: "auto-glue-1",
        access: &[Access {
            sid: "Allow access through Glue for all principals in the account that are authorized to use Glue",
            actions: USE_AND_GRANT,
            via: Via::ThisRegion("glue"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "kinesis",
        via_service: "kinesis",
        description: "Default key that protects my Kinesis data when no other key is defined",
        policy_id: "auto-kinesis-1",
        access: &[Access {
            sid: "Allow access through Amazon Kinesis for all principals in the account that are authorized to use Amazon Kinesis",
            actions: USE,
            via: Via::ThisRegion("kinesis"),
        }],
        metadata_actions: METADATA,
        described_by: None,
    },
    AwsManagedService {
        alias: "lambda",
        via_service: "lambda",
        description: "Default key that protects my Lambda functions when no other key is defined",
        policy_id: "auto-awslambda",
        access: &[Access {
            sid: "Allow access through AWS Lambda for all principals in the account that are authorized to use AWS Lambda",
            actions: USE_AND_GRANT,
            via: Via::ThisRegion("lambda"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "rds",
        via_service: "rds",
        description: "Default key that protects my RDS database volumes when no other key is defined",
        policy_id: "auto-rds-2",
        access: &[Access {
            sid: "Allow access through RDS for all principals in the account that are authorized to use RDS",
            actions: &[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:CreateGrant",
                "kms:ListGrants",
                "kms:DescribeKey",
            ],
            via: Via::ThisRegion("rds"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "redshift",
        via_service: "redshift",
        description: "Default key that protects my Redshift clusters when no other key is defined",
        policy_id: "auto-redshift-3",
        access: &[
            Access {
                sid: "Allow access through RedShift for all principals in the account that are authorized to use RedShift",
                actions: USE_AND_GRANT,
                via: Via::ThisRegion("redshift"),
            },
            Access {
                sid: "Allow access through RedShift-Serverless for all principals in the account that are authorized to use RedShift-Serverless",
                actions: USE_AND_GRANT,
                via: Via::ThisRegion("redshift-serverless"),
            },
        ],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "s3",
        via_service: "s3",
        description: "Default key that protects my S3 objects when no other key is defined",
        policy_id: "auto-s3-2",
        access: &[Access {
            sid: "Allow access through S3 for all principals in the account that are authorized to use S3",
            actions: USE,
            via: Via::ThisRegion("s3"),
        }],
        metadata_actions: METADATA,
        described_by: None,
    },
    AwsManagedService {
        alias: "secretsmanager",
        via_service: "secretsmanager",
        description: "Default key that protects my Secrets Manager data when no other key is defined",
        policy_id: "auto-secretsmanager-2",
        access: &[
            Access {
                sid: "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
                actions: &[
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:CreateGrant",
                    "kms:DescribeKey",
                ],
                via: Via::ThisRegion("secretsmanager"),
            },
            Access {
                sid: "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
                actions: &["kms:GenerateDataKey*"],
                via: Via::AnyRegion("secretsmanager"),
            },
        ],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "sns",
        via_service: "sns",
        description: "Default key that protects my SNS data when no other key is defined",
        policy_id: "auto-sns-1",
        access: &[Access {
            sid: "Allow access through SNS for all principals in the account that are authorized to use SNS",
            actions: &[
                "kms:Decrypt",
                "kms:GenerateDataKey*",
                "kms:CreateGrant",
                "kms:ListGrants",
                "kms:DescribeKey",
            ],
            via: Via::ThisRegion("sns"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "sqs",
        via_service: "sqs",
        description: "Default key that protects my SQS messages when no other key is defined",
        policy_id: "auto-sqs-1",
        access: &[Access {
            sid: "Allow access through Simple Queue Service (SQS) for all principals in the account that are authorized to use SQS",
            actions: USE_AND_GRANT,
            via: Via::ThisRegion("sqs"),
        }],
        metadata_actions: METADATA_AND_REVOKE,
        described_by: None,
    },
    AwsManagedService {
        alias: "ssm",
        via_service: "ssm",
        description: "Default key that protects my SSM parameters when no other key is defined",
        policy_id: "auto-ssm-1",
        access: &[Access {
            sid: "Allow access through SSM for all principals in the account that are authorized to use SSM",
            actions: USE,
            via: Via::ThisRegion("ssm"),
        }],
        metadata_actions: METADATA,
        described_by: None,
    },
];
