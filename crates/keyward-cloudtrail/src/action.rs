//! The permissions the operations ask for.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html>

use keyward_engine::{Access, Action, Conditions, Visit, reach};
use keyward_policy::ConditionKey;

/// Declares permissions: name, and what it lets its holder do.
macro_rules! actions {
    ($($name:ident: $reach:ident;)+) => {$(
        #[doc = concat!("`cloudtrail:", stringify!($name), "`")]
        pub(crate) struct $name;

        impl Action for $name {
            const NAME: &'static str = concat!("cloudtrail:", stringify!($name));
            const ACCESS: Access = Access::Own;
            type Reach = reach::$reach;
            type Proven = Self;
        }

        impl Conditions for $name {
            fn visit(&self, _: &ConditionKey, _: &mut Visit<'_>) -> bool {
                false
            }
        }
    )+};
}

actions! {
    CreateTrail: Change;
    DeleteTrail: Change;
    DescribeTrails: Look;
    GetEventSelectors: Look;
    GetTrail: Look;
    GetTrailStatus: Look;
    ListPublicKeys: Look;
    ListTrails: Look;
    LookupEvents: Look;
    PutEventSelectors: Change;
    StartLogging: Change;
    StopLogging: Change;
    UpdateTrail: Change;
}
