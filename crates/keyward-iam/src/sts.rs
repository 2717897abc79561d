//! STS: temporary credentials, and who somebody is.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

use keyward_engine::{Api, Protocol, STS_EVENT_SOURCE};

pub mod constraints;

pub(crate) mod assume_role;
pub(crate) mod assume_role_with_web_identity;
pub(crate) mod get_access_key_info;
pub(crate) mod get_caller_identity;
pub(crate) mod get_federation_token;
pub(crate) mod get_session_token;

mod action;
mod credentials;
mod session;

/// The service.
pub static API: Api = Api {
    event_source: STS_EVENT_SOURCE,
    protocol: Protocol::AwsQuery,
    hidden: &[
        "MinimumSessionTokenSize",
        "ProvidedContexts",
        "ProviderId",
        "TokenCode",
        "WebIdentityToken",
    ],
    renamed: &[],
};
/// The version of the API.
pub const VERSION: &str = "2011-06-15";
/// The XML namespace of replies.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
