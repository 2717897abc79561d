//! `keyward service`

use clap::{Args, Subcommand};
use keyward_engine::ServiceName;
use keyward_model::AccountId;

use super::Deployment;

#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    Add(ServiceAdd),
    /// List the registered services
    List(ServiceList),
    /// End a registration: its credentials stop working. Its role, grants and keys stay
    Remove(ServiceRemove),
    /// Replace a service's credentials, lost or leaked: every older one stops working
    ResetCredentials(ServiceReset),
}

/// Register a store or database of yours as a service, with credentials of its own
///
/// Its calls act for an account through the service NAME.amazonaws.com, with any AWS SDK and no
/// extra header: the caller is a role of the account, kms:ViaService is NAME.REGION.amazonaws.com,
/// and audit records say invokedBy. So it can use the AWS managed key alias/aws/NAME, which is made
/// when it is first used. It cannot call IAM, nor administer keys.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward service add s3 --account 111122223333
  keyward service add minio --account 111122223333 --role storage
  keyward service add backup --account 111122223333 --as-itself \\
      --source-arn arn:aws:backup:us-east-1:111122223333:backup-vault:nightly
  keyward service add dynamodb --owned")]
pub(crate) struct ServiceAdd {
    /// The service: the part before .amazonaws.com
    #[arg(value_name = "NAME")]
    pub(crate) name: ServiceName,
    /// The account it acts for, or is registered in [default: the first account]
    #[arg(long, value_name = "N")]
    pub(crate) account: Option<AccountId>,
    /// The role of the account whose permissions it has [default: a new one, keyward-NAME, that may
    /// use keys and make grants for the service]
    #[arg(long, value_name = "ROLE", conflicts_with_all = ["as_itself", "owned"])]
    pub(crate) role: Option<String>,
    /// Let it call as itself: the caller is the principal NAME.amazonaws.com, for key policies and
    /// grants that name it
    #[arg(long, conflicts_with = "owned")]
    pub(crate) as_itself: bool,
    /// aws:SourceArn of all its calls
    #[arg(long, value_name = "ARN", requires = "as_itself")]
    pub(crate) source_arn: Option<String>,
    /// aws:SourceAccount of all its calls [default: the account]
    #[arg(long, value_name = "N", requires = "as_itself")]
    pub(crate) source_account: Option<AccountId>,
    /// Give it a hidden account of its own, whose keys it uses for everyone: AWS owned keys
    #[arg(long, conflicts_with = "account")]
    pub(crate) owned: bool,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print accountId, accessKeyId and profile as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ServiceList {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ServiceRemove {
    #[command(flatten)]
    pub(crate) registration: Registration,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ServiceReset {
    #[command(flatten)]
    pub(crate) registration: Registration,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print accountId, accessKeyId and profile as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which registration.
#[derive(Args, Debug)]
pub(crate) struct Registration {
    /// The service: the part before .amazonaws.com
    #[arg(value_name = "NAME")]
    pub(crate) name: ServiceName,
    /// The account it is registered in [default: the first account]
    #[arg(long, value_name = "N")]
    pub(crate) account: Option<AccountId>,
}
