//! Which operation a target names, and what is counted for it.

use std::collections::HashMap;

use keyward_engine::Entry;

use crate::metrics::OperationMetrics;

/// A service the server answers for: a table of operations, found by `X-Amz-Target`.
#[derive(Clone, Copy)]
pub struct Service {
    /// The name its requests are signed for, such as `kms`.
    pub signing_name: &'static str,
    /// What stands before an operation's name in `X-Amz-Target`, its dot included.
    pub target_prefix: &'static str,
    /// Its operations.
    pub operations: &'static [Entry],
}

/// One operation of one service.
pub(crate) struct Route {
    pub(crate) entry: &'static Entry,
    pub(crate) signing_name: &'static str,
    pub(crate) metrics: OperationMetrics,
}

/// Every operation of every service, by its whole target.
pub(crate) struct Routes(HashMap<Box<str>, Route>);

impl Routes {
    pub(crate) fn new(services: &[Service]) -> Self {
        let mut routes = HashMap::new();
        for service in services {
            for entry in service.operations {
                let target = format!("{}{}", service.target_prefix, entry.name);
                let metrics = OperationMetrics::new(entry.name);
                let signing_name = service.signing_name;
                routes.insert(target.into(), Route { entry, signing_name, metrics });
            }
        }
        Self(routes)
    }

    pub(crate) fn find(&self, target: &str) -> Option<&Route> {
        self.0.get(target)
    }
}
