//! The configuration file, the environment and `--print-config`.

use crate::sandbox::{Sandbox, words};
use crate::wire::get;

#[test]
fn what_print_config_prints_is_taken_as_a_configuration_file() {
    let sandbox = Sandbox::empty();
    let printed = sandbox.succeed(&["serve", "--print-config"]);
    assert!(printed.contains("listen = \"127.0.0.1:7600\""), "{printed}");
    let file = sandbox.beside("keyward.toml");
    std::fs::write(&file, &printed).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(sandbox.succeed(&["serve", "--print-config", "--config", file]), printed);
}

#[test]
fn arguments_win_over_the_environment_and_that_over_the_file() {
    let sandbox = Sandbox::initialised();
    std::fs::write(
        sandbox.path("keyward.toml"),
        "[server]\nlisten = '127.0.0.1:1'\nconnections_max = 5\nshutdown_grace_s = 3\n",
    )
    .unwrap();
    let output = sandbox
        .command(&["serve", "--print-config", "--listen", "127.0.0.1:3"])
        .env("KEYWARD_SERVER_LISTEN", "127.0.0.1:2")
        .env("KEYWARD_SERVER_CONNECTIONS_MAX", "6")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    for line in ["listen = \"127.0.0.1:3\"", "connections_max = 6", "shutdown_grace_s = 3"] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
}

#[test]
fn a_misspelt_setting_is_refused_wherever_it_stands() {
    let sandbox = Sandbox::initialised();
    let output =
        sandbox.command(&["serve"]).env("KEYWARD_SERVER_LISSTEN", "127.0.0.1:0").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("KEYWARD_SERVER_LISSTEN"));

    std::fs::write(sandbox.path("keyward.toml"), "[server]\nlissten = '127.0.0.1:0'\n").unwrap();
    assert!(sandbox.fail(&["serve"]).contains("keyward.toml"));
}

#[test]
fn the_environment_chooses_the_listener() {
    let sandbox = Sandbox::initialised();
    let mut command = sandbox.command(&["serve"]);
    let running = sandbox.start(command.env("KEYWARD_SERVER_LISTEN", "[::1]:0"));
    assert!(running.address.starts_with("[::1]:"), "{}", running.address);
    assert_eq!(get(&running.address, "/health/ready").status, 200);
}

#[test]
fn print_config_refuses_what_serve_would_and_names_variables_that_nothing_reads() {
    let sandbox = Sandbox::empty();
    let print = |name: &str, value: &str| {
        sandbox.command(&["serve", "--print-config"]).env(name, value).output().unwrap()
    };
    for (name, value) in
        [("KEYWARD_LOG_LEVEL", "warning"), ("KEYWARD_SERVER_TRUSTED_PROXIES", "proxy.internal")]
    {
        let refused = print(name, value);
        assert_eq!(refused.status.code(), Some(1));
        assert!(words(&refused).contains(name), "{}", words(&refused));
    }
    let warned = print("KEYWARD_SERVR_LISTEN", "0.0.0.0:1");
    assert!(warned.status.success());
    assert!(words(&warned).contains("KEYWARD_SERVR_LISTEN"), "{}", words(&warned));
    assert_eq!(words(&print("KEYWARD_SERVICE_HOST", "10.0.0.1")), "");
}
