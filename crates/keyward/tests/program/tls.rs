//! `keyward init --tls-name`: a private CA, its certificate, and its renewal.

use std::net::TcpStream;
use std::sync::Arc;

use rustix::process::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::sandbox::{Sandbox, setting};
use crate::wire::{Reply, connect, exchange, plain_request};

const NAME: &str = "kms.internal";

/// A GET from a client that trusts the `ca_bundle` of the profile, and the certificate it was shown.
fn get(sandbox: &Sandbox, address: &str, name: &'static str) -> (Reply, Vec<u8>) {
    let bundle = setting(&sandbox.path("aws/config"), "profile keyward", "ca_bundle").unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(bundle).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(name).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream: StreamOwned<_, TcpStream> = StreamOwned::new(connection, connect(address));
    let reply = exchange(&mut stream, &plain_request("kms.internal", "/health/ready"));
    let shown = stream.conn.peer_certificates().unwrap()[0].to_vec();
    (reply, shown)
}

fn initialised() -> Sandbox {
    let sandbox = Sandbox::empty();
    let said = sandbox.succeed(&["init", "--tls-name", NAME]);
    let bundle = format!("export AWS_CA_BUNDLE={}\n", sandbox.path("tls/ca.pem").display());
    assert!(said.contains(&bundle), "{said}");
    sandbox
}

#[test]
fn the_certificate_is_good_for_the_name_given_and_for_loopback() {
    let sandbox = initialised();
    let running = sandbox.serve();
    for name in [NAME, "localhost", "127.0.0.1", "::1"] {
        assert_eq!(get(&sandbox, &running.address, name).0.status, 200, "{name}");
    }
    let (_, port) = running.address.rsplit_once(':').unwrap();
    let endpoint = setting(&sandbox.path("aws/config"), "default", "endpoint_url").unwrap();
    assert_eq!(endpoint, format!("https://localhost:{port}"));
    assert_eq!(sandbox.mode("tls/server-key.pem"), 0o600);
    assert_eq!(sandbox.mode("tls/ca-key.pem"), 0o600);
}

#[test]
fn with_tls_any_address_may_be_served() {
    let sandbox = initialised();
    let mut command = sandbox.command(&["serve", "--listen", "0.0.0.0:0"]);
    let running = sandbox.start(&mut command);
    let (_, port) = running.address.rsplit_once(':').unwrap();
    assert_eq!(get(&sandbox, &format!("127.0.0.1:{port}"), NAME).0.status, 200);
    let endpoint = setting(&sandbox.path("aws/config"), "default", "endpoint_url").unwrap();
    assert_eq!(endpoint, format!("https://kms.internal:{port}"));
}

#[test]
fn without_its_certificate_a_tls_server_does_not_fall_back_to_plain_http() {
    let sandbox = initialised();
    for file in ["server.pem", "server-key.pem"] {
        let path = sandbox.path("tls").join(file);
        let aside = sandbox.beside(file);
        std::fs::rename(&path, &aside).unwrap();
        let said = sandbox.fail(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(said.contains(path.to_str().unwrap()), "{file}: {said}");
        std::fs::rename(aside, path).unwrap();
    }
    std::fs::remove_dir_all(sandbox.path("tls")).unwrap();
    std::fs::create_dir(sandbox.path("tls")).unwrap();
    assert!(sandbox.fail(&["serve", "--listen", "127.0.0.1:0"]).contains("TLS cannot be served"));
}

#[test]
fn an_init_that_made_certificates_and_did_not_finish_is_not_made_good_without_them() {
    let sandbox = initialised();
    std::fs::remove_file(sandbox.path("keyward.db")).unwrap();
    assert!(sandbox.fail(&["init"]).contains("--tls-name"));
    sandbox.succeed(&["init", "--tls-name", NAME]);
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let sandbox = initialised();
    let running = sandbox.serve();
    let (_, before) = get(&sandbox, &running.address, NAME);
    sandbox.succeed(&["certificate", "renew", "--tls-name", NAME, "--tls-name", "kms.example"]);
    running.signal(Signal::HUP);
    // A signal is handled in its own time; each connection is a chance to see the result.
    let renewed = (0..10_000).any(|_| get(&sandbox, &running.address, NAME).1 != before);
    assert!(renewed, "{}", sandbox.log());
    assert_eq!(get(&sandbox, &running.address, "kms.example").0.status, 200);
}

#[test]
fn without_a_private_ca_nothing_is_renewed() {
    let sandbox = Sandbox::initialised();
    assert!(sandbox.fail(&["certificate", "renew"]).contains("holds no private CA"));
}
