//! A server's life: from an open deployment to the last request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use keyward_engine::EventHistory;
use keyward_iam::{iam, sts};
use keyward_server::{
    Certificates, Limits, Listener, Naming, QueryApi, Readiness, Server, Service, SigningRegion,
};
use keyward_trail::DeliveryTask;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::admin::{AdminSocket, Deliverer, Desk};
use crate::arguments::PassphraseSource;
use crate::certificate::{CertificateWatch, PrivateCa};
use crate::config::Config;
use crate::data_dir::{DataDir, Lock};
use crate::logging::chain;
use crate::metrics::Metrics;
use crate::profile::{Endpoint, Profiles};
use crate::schedule::Schedule;
use crate::sinks::{RunningSinks, Sinks};
use crate::wiring::{self, Opened};
use crate::{hardening, notify, private_file};

/// Few collect metrics, and what they take is not to be had for requests.
const METRICS_CONNECTIONS_MAX: u32 = 16;

/// Serves a deployment until told to stop. `announce` is called once requests are served.
pub(crate) fn serve(
    dir: &DataDir,
    config: &Config,
    source: &PassphraseSource,
    lock: &Lock,
    announce: impl FnOnce(&Profiles) -> Result<()>,
) -> Result<()> {
    keyward_server::log_panics();
    // What a killed server left would mislead whoever waits for this one.
    private_file::remove(&dir.address())?;
    let watch = certificates(dir, config)?;
    require_private(config, watch.is_some())?;
    hardening::lock_memory(config.hardening.lock_memory)?;
    let mut config = config.clone();
    config.server.connections_max = hardening::connections_max(config.server.connections_max);
    let opened = wiring::open(dir, source, lock)?;
    let metrics = Metrics::install(&config)?;
    crate::command::runtime()?.block_on(async {
        let serving = Serving::start(dir, &config, opened, watch, metrics).await?;
        announce(&Profiles::of(dir)?)?;
        serving.run_to_end(dir, &config).await
    })
}

/// Everything that runs while requests are served.
struct Serving {
    server: Server,
    listener: Listener,
    admin: AdminSocket,
    desk: Arc<Desk>,
    /// The engine only knows of it.
    history: Arc<dyn EventHistory>,
    schedule: Schedule,
    sinks: RunningSinks,
    metrics: Option<(Listener, Metrics)>,
    stop: watch::Receiver<Stop>,
}

/// What the operator has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    /// To serve.
    No,
    /// To stop when requests under way are answered.
    Soon,
    /// To stop.
    Now,
}

impl Serving {
    async fn start(
        dir: &DataDir,
        config: &Config,
        opened: Opened,
        watch: Option<CertificateWatch>,
        metrics: Option<Metrics>,
    ) -> Result<Self> {
        // Before anyone can think the server ready: a signal without a handler would end it.
        let stop = stop_signal()?;
        if opened.is_development().await? {
            require_loopback(config)?;
        }
        let sinks = Sinks::prepare(dir, config)?;
        let certificates = watch.as_ref().map(CertificateWatch::certificates);
        let listener = bind(config.server.listen, certificates).await?;
        let address = listener.local_addr()?;
        let listener =
            if config.server.proxy_protocol { listener.with_proxy_protocol() } else { listener };
        let metrics = match (metrics, config.metrics_listen()?) {
            (Some(metrics), Some(address)) => Some((bind(address, certificates).await?, metrics)),
            _ => None,
        };
        let observer = metrics.as_ref().map(|(_, metrics)| metrics.observer());
        let (engine, seal) = opened.start(dir, config, observer).await?;
        engine.deliver_outbox().await.context("audit records of an earlier run")?;
        engine.recover_last_uses().await.context("audit records of an earlier run")?;
        let readiness = Readiness::new();
        let server = Server::builder(Arc::clone(&engine), &services())
            .limits(limits(config))
            .trusted_proxies(config.trusted_proxies()?)
            .readiness(readiness.clone())
            .build();
        let sinks = sinks.start(&engine, &readiness);
        let delivery = DeliveryTask::start(wiring::delivery(&engine, dir, config)?)?;
        let history = wiring::history(&engine, dir, config, delivery.status())?;
        engine.attach_event_history(&history);
        let deliverer = Deliverer::Beside(delivery);
        let desk = Arc::new(Desk::new(engine, seal, dir.clone(), deliverer));
        let schedule = Schedule::new(Arc::clone(&desk), config, watch, readiness)?;
        let admin = AdminSocket::bind(dir.admin_socket())?;
        let has_tls = schedule.has_certificates();
        Profiles::of(dir)?.point(&endpoint(dir, config, address, has_tls)?)?;
        write_address(dir, address)?;
        info!(%address, tls = has_tls, "serving");
        if let Some((listener, _)) = &metrics {
            info!(address = %listener.local_addr()?, "serving metrics");
        }
        notify::ready();
        Ok(Self { server, listener, admin, desk, history, schedule, sinks, metrics, stop })
    }

    /// Ends when the last accepted request is answered, or with the second signal.
    async fn run_to_end(self, dir: &DataDir, config: &Config) -> Result<()> {
        let Self { server, listener, admin, desk, history, schedule, sinks, metrics, stop } = self;
        if let Some((listener, metrics)) = metrics {
            let render = metrics.renderer(Arc::clone(&desk.engine), desk.deliverer.status());
            let limits = Limits { connections_max: METRICS_CONNECTIONS_MAX, ..limits(config) };
            let stop = reached(stop.clone(), Stop::Soon);
            tokio::spawn(keyward_server::serve_metrics(vec![listener], limits, render, stop));
        }
        let beside = async {
            tokio::join!(admin.serve(Arc::clone(&desk)), schedule.run());
        };
        let in_peace = async {
            tokio::select! {
                () = server.serve(vec![listener], reached(stop.clone(), Stop::Soon)) => {}
                () = beside => {}
            }
            desk.finish(limits(config).grace).await;
        };
        let is_cut_short = tokio::select! {
            () = in_peace => false,
            () = reached(stop.clone(), Stop::Now) => true,
        };
        private_file::remove(&dir.address())?;
        if is_cut_short {
            bail!("stopped at once, at the second signal; requests under way were cut short");
        }
        if let Err(error) = desk.engine.record_alterations().await {
            warn!(error = chain(error), "that the journal was altered is in this log only");
        }
        if let Err(error) = desk.engine.deliver_outbox().await {
            warn!(error = chain(error), "audit records wait in the database for the next start");
        }
        desk.deliverer.stop(limits(config).grace).await;
        drop(history);
        if let Err(error) = desk.engine.write_last_uses().await {
            warn!(error = chain(error), "the last uses of keys are in the journal only");
        }
        sinks.stop().await;
        if let Err(error) = desk.engine.journal().sync().await {
            warn!(error = chain(error), "a loss of power may take the newest audit records");
        }
        info!("stopped");
        Ok(())
    }
}

/// The API: the operations of KMS are a table of `keyward-ops`, those of IAM and STS tables of
/// `keyward-iam`, those of CloudTrail one of `keyward-cloudtrail`.
const fn services() -> [Service; 5] {
    [
        Service {
            signing_name: "kms",
            naming: Naming::Target {
                prefix: "TrentService.",
                signing_region: SigningRegion::Served,
            },
            operations: keyward_ops::OPERATIONS,
        },
        Service {
            signing_name: "cloudtrail",
            naming: Naming::Target {
                prefix: keyward_cloudtrail::TARGET_PREFIX,
                signing_region: SigningRegion::ServedOrGlobal,
            },
            operations: keyward_cloudtrail::OPERATIONS,
        },
        Service {
            signing_name: "cloudtrail",
            naming: Naming::Target {
                prefix: keyward_cloudtrail::TARGET_PREFIX_SHORT,
                signing_region: SigningRegion::ServedOrGlobal,
            },
            operations: keyward_cloudtrail::OPERATIONS,
        },
        Service {
            signing_name: "iam",
            naming: Naming::Action(QueryApi {
                version: iam::VERSION,
                namespace: iam::NAMESPACE,
                signing_region: SigningRegion::Global,
            }),
            operations: keyward_iam::IAM_OPERATIONS,
        },
        Service {
            signing_name: "sts",
            naming: Naming::Action(QueryApi {
                version: sts::VERSION,
                namespace: sts::NAMESPACE,
                signing_region: SigningRegion::ServedOrGlobal,
            }),
            operations: keyward_iam::STS_OPERATIONS,
        },
    ]
}

async fn bind(address: SocketAddr, certificates: Option<&Arc<Certificates>>) -> Result<Listener> {
    let listener =
        Listener::bind(address).await.with_context(|| format!("could not listen on {address}"))?;
    Ok(match certificates {
        Some(certificates) => listener.with_tls(certificates),
        None => listener,
    })
}

/// The certificates to serve with: those named in the configuration, or those made by init.
fn certificates(dir: &DataDir, config: &Config) -> Result<Option<CertificateWatch>> {
    let ca = PrivateCa::at(dir.tls());
    let (chain, key) = if !config.tls.certificate.as_os_str().is_empty() {
        (config.tls.certificate.clone(), config.tls.private_key.clone())
    } else if ca.is_wanted()? {
        (ca.server_certificate(), ca.server_key())
    } else {
        return Ok(None);
    };
    let loaded = CertificateWatch::load(chain, key);
    let loaded = loaded.with_context(|| {
        format!(
            "TLS cannot be served; restore {}, or name a certificate in [tls]",
            dir.tls().display()
        )
    });
    loaded.map(Some)
}

/// Refuses to show plaintexts to a network.
fn require_private(config: &Config, has_tls: bool) -> Result<()> {
    if config.server.proxy_protocol && config.server.trusted_proxies.is_empty() {
        bail!("`proxy_protocol` needs `trusted_proxies`: nobody else may state an address");
    }
    if has_tls || config.server.expose_plaintext_http_to_the_network {
        return Ok(());
    }
    let listens = [Some(config.server.listen), config.metrics_listen()?];
    match listens.into_iter().flatten().find(|address| !address.ip().is_loopback()) {
        Some(address) => bail!(
            "{address} can be reached by other machines and there is no TLS: plaintexts and data \
             keys would cross the network readable. Make a certificate with `keyward init \
             --tls-name HOST`, name one in [tls], or listen on 127.0.0.1. If the network is \
             private in itself, say --expose-plaintext-http-to-the-network"
        ),
        None => Ok(()),
    }
}

/// Refuses to serve a development deployment, whose keys may be known to anyone, to a network.
fn require_loopback(config: &Config) -> Result<()> {
    let listens = [Some(config.server.listen), config.metrics_listen()?];
    match listens.into_iter().flatten().find(|address| !address.ip().is_loopback()) {
        Some(address) => bail!(
            "{address} can be reached by other machines, and a development deployment serves its \
             own machine only: its clock and its keys are anybody's. Listen on 127.0.0.1, or make \
             a deployment without --dev"
        ),
        None => Ok(()),
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        connections_max: config.server.connections_max,
        grace: Duration::from_secs(config.server.shutdown_grace_s.into()),
        ..Limits::default()
    }
}

/// Where clients find a server that listens on this address.
fn endpoint(
    dir: &DataDir,
    config: &Config,
    address: SocketAddr,
    has_tls: bool,
) -> Result<Endpoint> {
    let is_ours = has_tls && config.tls.certificate.as_os_str().is_empty();
    let found = if is_ours {
        Endpoint::under(&PrivateCa::at(dir.tls()), address)?
    } else {
        let scheme = if has_tls { "https" } else { "http" };
        Endpoint { url: format!("{scheme}://{}", reachable(address)), ca_bundle: None }
    };
    Ok(match config.server.endpoint_url.as_str() {
        "" => found,
        url => Endpoint { url: url.to_owned(), ..found },
    })
}

/// "Any address" is one to listen on, not one to connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// For scripts that let the system choose the port.
fn write_address(dir: &DataDir, address: SocketAddr) -> Result<()> {
    private_file::make_directory(&dir.run())?;
    let path = dir.address();
    private_file::replace(&path, format!("{address}\n").as_bytes())
        .with_context(|| format!("could not write {}", path.display()))
}

/// Follows the first and the second SIGTERM or SIGINT.
fn stop_signal() -> Result<watch::Receiver<Stop>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, receiver) = watch::channel(Stop::No);
    tokio::spawn(async move {
        for stop in [Stop::Soon, Stop::Now] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop == Stop::Soon {
                notify::stopping();
            }
            sender.send_replace(stop);
        }
    });
    Ok(receiver)
}

/// Waits until this much is asked for.
async fn reached(mut stop: watch::Receiver<Stop>, wanted: Stop) {
    // An error means that nobody can send a signal any more; what was asked for before is done.
    let _ = stop.wait_for(|stop| *stop >= wanted).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str) -> Config {
        let mut config = Config::default();
        config.server.listen = listen.parse().unwrap();
        config
    }

    #[test]
    fn only_loopback_is_served_without_tls_unless_told_so() {
        for listen in ["127.0.0.1:1", "127.8.0.1:1", "[::1]:1"] {
            require_private(&config(listen), false).unwrap();
        }
        for listen in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1"] {
            let mut config = config(listen);
            assert!(require_private(&config, false).is_err(), "{listen}");
            require_private(&config, true).unwrap();
            config.server.expose_plaintext_http_to_the_network = true;
            require_private(&config, false).unwrap();
        }
    }

    #[test]
    fn metrics_follow_the_same_rule() {
        let mut config = config("127.0.0.1:1");
        config.metrics.listen = "0.0.0.0:2".to_owned();
        assert!(require_private(&config, false).is_err());
        require_private(&config, true).unwrap();
    }

    #[test]
    fn a_proxy_header_from_anyone_is_refused() {
        let mut config = config("127.0.0.1:1");
        config.server.proxy_protocol = true;
        assert!(require_private(&config, false).is_err());
        config.server.trusted_proxies = vec!["10.0.0.0/8".to_owned()];
        require_private(&config, false).unwrap();
    }

    #[test]
    fn the_endpoint_is_an_address_clients_can_connect_to() {
        for (listens, reached) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), reached);
        }
    }
}
