//! Prometheus metrics: the recorder, what each series means, and what is read from elsewhere when
//! they are asked for. docs/METRICS.md lists them all.

mod calls;
mod delivered;
mod described;
mod expiry;
mod held;

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;
use keyward_engine::{Engine, Observer};
use keyward_store::ScopedKey;
use keyward_trail::DeliveryStatus;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use self::calls::CallMetrics;
use crate::config::Config;

/// Seconds; a cryptographic operation takes well under a millisecond, a write some of them.
const DURATION_BUCKETS: [f64; 12] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0];

/// The recorder of this process, and what counts calls in it.
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    calls: Arc<CallMetrics>,
    /// The keys that are named.
    listed: Arc<HashSet<ScopedKey>>,
}

/// A page being made.
type Rendering = Pin<Box<dyn Future<Output = String> + Send>>;

impl Metrics {
    /// Installs the recorder, if metrics are wanted. Before the server is built.
    pub(crate) fn install(config: &Config) -> Result<Option<Self>> {
        if config.metrics_listen()?.is_none() {
            return Ok(None);
        }
        let durations = Matcher::Suffix("_duration_seconds".to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(durations, &DURATION_BUCKETS)?
            .install_recorder()?;
        described::describe();
        gauge!("keyward_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        let keys = config.metrics.key_arns()?;
        let calls = Arc::new(CallMetrics::new(&keys));
        Ok(Some(Self { handle, calls, listed: Arc::new(expiry::listed(&keys)) }))
    }

    /// Who counts the engine's calls.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        self.calls.clone()
    }

    /// What the metrics page shows.
    pub(crate) fn renderer(
        self,
        engine: Arc<Engine>,
        delivery: Option<Arc<DeliveryStatus>>,
    ) -> impl Fn() -> Rendering + Send + Sync + 'static {
        let Self { handle, listed, .. } = self;
        move || {
            let (engine, handle) = (Arc::clone(&engine), handle.clone());
            let listed = Arc::clone(&listed);
            if let Some(status) = &delivery {
                delivered::show(&engine, status);
            }
            Box::pin(async move { render(&engine, &handle, &listed).await })
        }
    }
}

async fn render(engine: &Engine, handle: &PrometheusHandle, listed: &HashSet<ScopedKey>) -> String {
    let journal = engine.journal();
    let counts = journal.counts();
    counter!("keyward_audit_records_total").absolute(counts.appended_records);
    counter!("keyward_audit_bytes_total").absolute(counts.appended_bytes);
    counter!("keyward_audit_refused_records_total").absolute(counts.refused_records);
    let is_healthy = u8::from(journal.is_healthy());
    gauge!("keyward_audit_healthy").set(f64::from(is_healthy));
    counter!("keyward_audit_torn_lines_total").absolute(counts.torn_lines);
    counter!("keyward_audit_journal_altered_total").absolute(counts.altered);
    held::show(journal);
    handle.run_upkeep();
    let mut page = handle.render();
    page.push_str(&expiry::series(engine, listed).await);
    page
}
