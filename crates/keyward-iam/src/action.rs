//! The permissions the operations of STS ask for.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>

use keyward_engine::{Access, Action, Conditions, Visit, reach};
use keyward_policy::ConditionKey;

/// Declares the permissions of a service: name, and what it lets its holder do.
macro_rules! actions {
    ($service:literal $($name:ident: $reach:ident ;)+) => {$(
        #[doc = concat!("`", $service, ":", stringify!($name), "`")]
        pub(crate) struct $name;

        impl Action for $name {
            const NAME: &'static str = concat!($service, ":", stringify!($name));
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

actions! { "sts"
    GetAccessKeyInfo: Look;
}
