//! The permissions the operations ask for.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>

use keyward_engine::{Action, reach};

/// Declares the permissions of a service: name, and what it lets its holder do.
macro_rules! actions {
    ($service:literal $($name:ident: $reach:ident ;)+) => {$(
        #[doc = concat!("`", $service, ":", stringify!($name), "`")]
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Action for $name {
            const NAME: &'static str = concat!($service, ":", stringify!($name));
            type Reach = reach::$reach;
        }
    )+};
}

actions! { "iam"
    ListAccountAliases: Look;
}

actions! { "sts"
    GetAccessKeyInfo: Look;
}
