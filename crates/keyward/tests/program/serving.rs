//! `keyward serve`: from the start to the end.

use std::os::unix::fs::MetadataExt;

use rustix::process::Signal;

use crate::sandbox::{Sandbox, setting, words};
use crate::wire::{Client, get};

#[test]
fn serve_answers_until_sigterm_and_ends_with_status_0() {
    let sandbox = Sandbox::initialised();
    let running = sandbox.serve();
    assert_eq!(get(&running.address, "/health/live").status, 200);
    assert_eq!(get(&running.address, "/health/ready").status, 200);
    assert_eq!(Client::new(&sandbox, "default").call("ListKeys", "{}").status, 200);

    assert_eq!(running.stop().code(), Some(0));
    assert!(!sandbox.path("run/address").exists());
    assert!(!sandbox.path("admin.sock").exists());
    assert!(!sandbox.path("keyward.db-wal").exists(), "the database was not closed");
}

#[test]
fn a_second_signal_does_not_wait_for_requests_under_way() {
    let sandbox = Sandbox::initialised();
    let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    let running = sandbox.start(command.env("KEYWARD_SERVER_SHUTDOWN_GRACE_S", "600"));
    let _stalled = Client::new(&sandbox, "keyward").stall("ListKeys");

    running.signal(Signal::INT);
    assert_eq!(running.stop().code(), Some(1));
    assert!(!sandbox.path("run/address").exists());
    let _running = sandbox.serve();
}

#[test]
fn keys_outlive_a_stop_and_a_crash() {
    let sandbox = Sandbox::initialised();
    let running = sandbox.serve();
    let made = Client::new(&sandbox, "keyward").call("CreateKey", "{}").json();
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let plaintext = "aGVsbG8=";
    let body = format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{plaintext}\"}}");
    let sealed = Client::new(&sandbox, "keyward").call("Encrypt", &body).json();
    let ciphertext = sealed["CiphertextBlob"].as_str().unwrap();

    let opens = || {
        let body = format!("{{\"CiphertextBlob\":\"{ciphertext}\"}}");
        let opened = Client::new(&sandbox, "keyward").call("Decrypt", &body);
        assert_eq!(opened.status, 200, "{opened:?}");
        assert_eq!(opened.json()["Plaintext"], plaintext);
    };
    running.kill();
    let running = sandbox.serve();
    opens();
    assert!(running.stop().success());
    let _running = sandbox.serve();
    opens();
}

#[test]
fn serve_without_a_deployment_names_the_command_that_makes_one() {
    let sandbox = Sandbox::empty();
    let expected = format!("keyward init --data-dir {}", sandbox.dir().display());
    assert!(sandbox.fail(&["serve"]).contains(&expected));
    std::fs::create_dir(sandbox.dir()).unwrap();
    assert!(sandbox.fail(&["serve"]).contains(&expected));
    assert!(!sandbox.path("root.key").exists());
    assert!(!sandbox.path("keyward.db").exists());
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let sandbox = Sandbox::initialised();
    let running = sandbox.serve();
    let said = sandbox.fail(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("another keyward is at work on"), "{said}");
    assert_eq!(get(&running.address, "/health/ready").status, 200);
}

#[test]
fn a_listener_that_others_reach_needs_tls_or_the_ugly_flag() {
    let sandbox = Sandbox::initialised();
    let said = sandbox.fail(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(said.contains("--expose-plaintext-http-to-the-network"), "{said}");
    let running = sandbox.serve_with(&["--expose-plaintext-http-to-the-network"]);
    assert_eq!(get(&running.address, "/health/ready").status, 200);
}

#[test]
fn the_profiles_follow_the_listener() {
    let sandbox = Sandbox::initialised();
    let running = sandbox.serve();
    let expected = format!("http://{}", running.address);
    for section in ["default", "profile keyward"] {
        let endpoint = setting(&sandbox.path("aws/config"), section, "endpoint_url").unwrap();
        assert_eq!(endpoint, expected);
    }
}

#[test]
fn the_admin_socket_is_closed_to_others() {
    let sandbox = Sandbox::initialised();
    let _running = sandbox.serve();
    let metadata = std::fs::metadata(sandbox.path("admin.sock")).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
}

#[test]
fn a_socket_left_by_a_killed_server_is_replaced() {
    let sandbox = Sandbox::initialised();
    sandbox.serve().kill();
    assert!(sandbox.path("admin.sock").exists());
    let _running = sandbox.serve();
    sandbox.succeed(&["account", "list"]);
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let sandbox = Sandbox::initialised();
    let running = sandbox.serve_with(&["--metrics-listen", "127.0.0.1:0"]);
    assert_eq!(Client::new(&sandbox, "keyward").call("ListKeys", "{}").status, 200);
    let log = sandbox.log();
    let (_, rest) = log.split_once("serving metrics address=").unwrap();
    let metrics = get(rest.split_whitespace().next().unwrap(), "/metrics");
    assert_eq!(metrics.status, 200);
    for expected in
        ["keyward_build_info{version=", "keyward_clock_leap 0", "operation=\"ListKeys\""]
    {
        assert!(metrics.body.contains(expected), "{expected}: {}", metrics.body);
    }
    assert_ne!(get(&running.address, "/metrics").status, 200);
}

#[test]
fn every_documented_series_is_there_before_anything_happened() {
    // These have no value before there is material that expires, or a request.
    const LATER: [&str; 2] =
        ["kms_seconds_until_key_material_expiration", "keyward_request_duration_seconds"];
    let sandbox = Sandbox::initialised();
    let config = sandbox.beside("sinks.toml");
    let sinks = "[audit_webhook]\nurl = 'https://localhost:1'\n\
                 [audit_syslog]\naddress = 'tls://localhost:1'\n\
                 [audit_otlp]\nendpoint = 'https://localhost:1'\n";
    std::fs::write(&config, sinks).unwrap();
    let config = config.to_str().unwrap();
    let _running = sandbox.serve_with(&["--config", config, "--metrics-listen", "127.0.0.1:0"]);
    let log = sandbox.log();
    let (_, rest) = log.split_once("serving metrics address=").unwrap();
    let page = get(rest.split_whitespace().next().unwrap(), "/metrics").body;
    let documented = include_str!("../../../../docs/METRICS.md").lines().filter_map(|line| {
        line.strip_prefix("| `").and_then(|line| Some(line.split_once("` |")?.0))
    });
    let mut count = 0;
    for name in documented.filter(|name| !LATER.contains(name)) {
        let is_there =
            |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        assert!(page.lines().any(is_there), "{name} is missing in\n{page}");
        count += 1;
    }
    assert!(count > 30, "{count}");
    for sink in ["webhook", "syslog", "otlp"] {
        let series = format!("keyward_audit_sink_failures_total{{sink=\"{sink}\"}} ");
        assert!(page.contains(&series), "{series} is missing in\n{page}");
    }
    for zero in [
        "keyward_access_denied_total{operation=\"Decrypt\"} 0\n",
        "keyward_access_denied_total{operation=\"AssumeRole\"} 0\n",
        "keyward_authentication_failures_total{reason=\"UnrecognizedClientException\"} 0\n",
        "keyward_audit_sink_dead_letters_total{sink=\"webhook\"} 0\n",
        "keyward_audit_sink_rejected_records_total{sink=\"otlp\"} 0\n",
    ] {
        assert!(page.contains(zero), "{zero} is missing in\n{page}");
    }
}

#[test]
fn no_log_line_holds_a_secret_even_at_trace_level() {
    let sandbox = Sandbox::initialised();
    let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    let running =
        sandbox.start(command.env("KEYWARD_LOG_LEVEL", "trace").env("KEYWARD_LOG_FORMAT", "json"));
    let client = Client::new(&sandbox, "keyward");
    let made = client.call("CreateKey", "{}").json();
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    let plaintext = "bWFya2VkIHBsYWludGV4dA==";
    let body = format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{plaintext}\"}}");
    assert_eq!(client.call("Encrypt", &body).status, 200);
    sandbox.succeed(&["account", "reset-root"]);
    assert!(running.stop().success());

    let log = sandbox.log();
    assert!(
        log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{log}"
    );
    let root_key = sandbox.text("root.key");
    let root_key = root_key.lines().find_map(|line| line.strip_prefix("key ")).unwrap();
    let new_secret = Client::new(&sandbox, "keyward");
    for secret in [client.secret(), new_secret.secret(), root_key, plaintext, "marked plaintext"] {
        let shown = format!("{:?}", secret.as_bytes());
        let numbers = shown.trim_matches(['[', ']']);
        let hex = format!("{:02x?}", secret.as_bytes()).replace(['[', ']', ',', ' '], "");
        for form in [secret, numbers, &numbers.replace(' ', ""), &hex, &hex.to_uppercase()] {
            assert!(!log.contains(form), "{form}");
        }
    }
}

#[test]
fn x_forwarded_for_counts_only_from_configured_proxies() {
    let sandbox = Sandbox::initialised();
    let call = || {
        let forwarded = "x-forwarded-for: 198.51.100.7\r\n";
        let reply = Client::new(&sandbox, "keyward").call_with("ListKeys", "{}", forwarded);
        assert_eq!(reply.status, 200, "{reply:?}");
        sandbox.journal().contains("\"sourceIPAddress\":\"198.51.100.7\"")
    };
    let running = sandbox.serve();
    assert!(!call());
    assert!(running.stop().success());

    let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    let _running =
        sandbox.start(command.env("KEYWARD_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"));
    assert!(call());
}

#[test]
fn a_proxy_that_is_no_network_is_refused() {
    let sandbox = Sandbox::initialised();
    let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0"]);
    let output = command.env("KEYWARD_SERVER_TRUSTED_PROXIES", "proxy.internal").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("`proxy.internal`"), "{}", words(&output));
}
