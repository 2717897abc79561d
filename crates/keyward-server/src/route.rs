//! Which operation a request names, and what is counted for it.

use std::collections::HashMap;

use keyward_engine::Entry;
use keyward_model::Region;

use crate::Backend;
use crate::metrics::OperationMetrics;

/// A service the server answers for: a table of operations.
#[derive(Clone, Copy)]
pub struct Service {
    /// The name its requests are signed for, such as `kms`.
    pub signing_name: &'static str,
    /// How requests name its operations.
    pub naming: Naming,
    /// Its operations.
    pub operations: &'static [Entry],
}

/// How requests name the operations of a service.
#[derive(Clone, Copy)]
pub enum Naming {
    /// In `X-Amz-Target`.
    Target {
        /// What stands before an operation's name, its dot included.
        prefix: &'static str,
        /// Where its requests are signed for.
        signing_region: SigningRegion,
    },
    /// In the parameters `Action` and `Version` of a form.
    Action(QueryApi),
}

/// A service that speaks Query.
#[derive(Clone, Copy)]
pub struct QueryApi {
    /// `Version`.
    pub version: &'static str,
    /// The XML namespace of its replies.
    pub namespace: &'static str,
    /// Where its requests are signed for.
    pub signing_region: SigningRegion,
}

/// Which Regions the requests of a service may be signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningRegion {
    /// Those that are served, or the one Region of the partition's global services, served or not.
    /// Whichever it is, the request happens in the latter.
    // WIRE: the real endpoint takes that one alone, but clients that are told an endpoint sign for
    // the Region they are set to.
    Global,
    /// Those that are served.
    Served,
    /// The same Regions, and the request happens in the one it is signed for.
    ServedOrGlobal,
}

impl SigningRegion {
    /// Whether requests may be signed for the Region of this name.
    pub(crate) fn allows(self, backend: &impl Backend, name: &str) -> bool {
        let is_global = || backend.partition().global_region() == name;
        match self {
            Self::Served => backend.region(name).is_some(),
            Self::Global | Self::ServedOrGlobal => backend.region(name).is_some() || is_global(),
        }
    }

    /// Where a request happens that is signed for the Region of this name, if it may be.
    pub(crate) fn find(self, backend: &impl Backend, name: &str) -> Option<Region> {
        let served = match self {
            Self::Global => None,
            Self::Served | Self::ServedOrGlobal => backend.region(name).cloned(),
        };
        served.or_else(|| self.allows(backend, name).then(|| global(backend)).flatten())
    }
}

/// The Region of the partition's global services.
pub(crate) fn global(backend: &impl Backend) -> Option<Region> {
    backend.partition().global_region().parse().ok()
}

/// One operation of one service.
pub(crate) struct Route {
    pub(crate) entry: &'static Entry,
    pub(crate) signing_name: &'static str,
    pub(crate) signing_region: SigningRegion,
    /// The XML namespace of replies.
    pub(crate) namespace: &'static str,
    pub(crate) metrics: OperationMetrics,
}

/// Every operation of every service.
pub(crate) struct Routes {
    /// By its whole target.
    by_target: HashMap<Box<str>, Route>,
    /// By version and name.
    by_action: HashMap<&'static str, HashMap<&'static str, Route>>,
}

impl Routes {
    pub(crate) fn new(services: &[Service]) -> Self {
        let mut routes = Self { by_target: HashMap::new(), by_action: HashMap::new() };
        for service in services {
            for entry in service.operations {
                routes.add(service, entry);
            }
        }
        routes
    }

    fn add(&mut self, service: &Service, entry: &'static Entry) {
        let (signing_region, namespace) = match service.naming {
            Naming::Target { signing_region, .. } => (signing_region, ""),
            Naming::Action(api) => (api.signing_region, api.namespace),
        };
        let route = Route {
            entry,
            signing_name: service.signing_name,
            signing_region,
            namespace,
            metrics: OperationMetrics::new(entry.name),
        };
        match service.naming {
            Naming::Target { prefix, .. } => {
                self.by_target.insert(format!("{prefix}{}", entry.name).into(), route);
            }
            Naming::Action(api) => {
                self.by_action.entry(api.version).or_default().insert(entry.name, route);
            }
        }
    }

    pub(crate) fn find(&self, target: &str) -> Option<&Route> {
        self.by_target.get(target)
    }

    pub(crate) fn find_action(&self, version: &str, action: &str) -> Option<&Route> {
        self.by_action.get(version)?.get(action)
    }
}
