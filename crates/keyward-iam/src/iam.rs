//! IAM: users, groups, roles, policies and what proves who somebody is.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>

use keyward_engine::{Api, Protocol};

pub mod constraints;

pub(crate) mod list_account_aliases;

/// The service.
pub static API: Api = Api { event_source: "iam.amazonaws.com", protocol: Protocol::AwsQuery };
/// The version of the API.
pub const VERSION: &str = "2010-05-08";
/// The XML namespace of replies.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
