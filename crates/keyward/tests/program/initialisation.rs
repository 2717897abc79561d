//! `keyward init`, `quickstart` and `version`.

use std::process::Stdio;

use crate::sandbox::{ACCOUNT, Sandbox, setting};
use crate::wire::Client;

#[test]
fn init_asks_nothing_and_closes_what_it_makes_to_others() {
    let sandbox = Sandbox::empty();
    let said = sandbox.succeed(&["init", "--account-id", ACCOUNT, "--region", "eu-central-1"]);
    assert!(said.contains("export AWS_PROFILE=keyward"), "{said}");
    for (name, mode) in [
        ("", 0o700),
        ("aws", 0o700),
        ("aws/config", 0o600),
        ("aws/credentials", 0o600),
        ("keyward.db", 0o600),
        ("root.key", 0o600),
    ] {
        assert_eq!(sandbox.mode(name), mode, "{name}");
    }
    let config = sandbox.path("aws/config");
    for section in ["default", "profile keyward"] {
        assert_eq!(setting(&config, section, "region").unwrap(), "eu-central-1");
        let endpoint = setting(&config, section, "endpoint_url").unwrap();
        assert_eq!(endpoint, "http://127.0.0.1:7600");
    }
    assert!(!said.contains(Client::new(&sandbox, "keyward").secret()));
}

#[test]
fn init_leaves_nothing_unfinished_behind() {
    let sandbox = Sandbox::initialised();
    let mut names: Vec<_> = std::fs::read_dir(sandbox.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["aws", "keyward.db", "lock", "root.key"]);
}

#[test]
fn init_takes_a_relative_data_directory_as_an_argument() {
    let sandbox = Sandbox::empty();
    sandbox.succeed(&["init", "--data-dir", "elsewhere"]);
    assert!(sandbox.beside("elsewhere/keyward.db").exists());
    assert!(!sandbox.dir().exists());
}

#[test]
fn a_second_init_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::initialised();
    let before = (sandbox.text("root.key"), sandbox.text("aws/credentials"));
    assert!(sandbox.fail(&["init"]).contains("holds a deployment already"));
    sandbox.succeed(&["init", "--if-missing"]);
    assert_eq!((sandbox.text("root.key"), sandbox.text("aws/credentials")), before);
}

#[test]
fn an_interrupted_init_is_made_good_with_the_same_root_key() {
    let sandbox = Sandbox::initialised();
    let root_key = sandbox.text("root.key");
    std::fs::rename(sandbox.path("keyward.db"), sandbox.path("keyward.db.new")).unwrap();
    std::fs::write(sandbox.path("keyward.db.new-wal"), "half").unwrap();
    sandbox.succeed(&["init", "--account-id", ACCOUNT]);
    assert_eq!(sandbox.text("root.key"), root_key);
    let _running = sandbox.serve();
    assert_eq!(Client::new(&sandbox, "keyward").call("ListKeys", "{}").status, 200);
}

#[test]
fn regions_of_two_partitions_make_no_deployment() {
    let sandbox = Sandbox::empty();
    let said = sandbox.fail(&["init", "--region", "us-east-1", "--region", "cn-north-1"]);
    assert!(said.contains("one partition"), "{said}");
    assert!(!sandbox.dir().exists());
}

#[test]
fn every_region_named_is_served() {
    let sandbox = Sandbox::empty();
    sandbox.succeed(&["init", "--region", "cn-north-1", "--region", "cn-northwest-1"]);
    let _running = sandbox.serve();
    let made = Client::new(&sandbox, "keyward").call("CreateKey", "{}");
    assert_eq!(made.status, 200, "{made:?}");
    let arn = made.json()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws-cn:kms:cn-north-1:"), "{arn}");
}

#[test]
fn init_prints_json_without_the_secret() {
    let sandbox = Sandbox::empty();
    let said = sandbox.succeed(&["init", "--json", "--account-id", ACCOUNT]);
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["accountId"], ACCOUNT);
    assert_eq!(value["profile"], "keyward");
    assert!(value["accessKeyId"].is_string());
    assert_eq!(sandbox.succeed(&["init", "--json", "--if-missing"]), said);
    assert!(!said.contains(Client::new(&sandbox, "keyward").secret()));
}

#[test]
fn quickstart_makes_a_deployment_once_and_says_how_to_use_it() {
    let sandbox = Sandbox::empty();
    let start = || {
        let printed = std::fs::File::create(sandbox.beside("printed")).unwrap();
        let mut command = sandbox.command(&["quickstart", "--listen", "127.0.0.1:0"]);
        sandbox.start(command.stdout(Stdio::from(printed)))
    };
    let running = start();
    let client = Client::new(&sandbox, "keyward");
    assert_eq!(client.call("CreateKey", "{}").status, 200);
    assert!(running.stop().success());
    let printed = std::fs::read_to_string(sandbox.beside("printed")).unwrap();
    let variable = format!("export AWS_CONFIG_FILE={}\n", sandbox.path("aws/config").display());
    assert!(printed.contains(&variable), "{printed}");

    let running = start();
    let keys = Client::new(&sandbox, "keyward").call("ListKeys", "{}").json();
    assert_eq!(keys["Keys"].as_array().unwrap().len(), 1);
    assert!(running.stop().success());
}

#[test]
fn the_version_is_printed_for_people_and_for_programs() {
    let sandbox = Sandbox::empty();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(sandbox.succeed(&["version"]), format!("keyward {version}\n"));
    let said: serde_json::Value =
        serde_json::from_str(&sandbox.succeed(&["version", "--json"])).unwrap();
    assert_eq!(said["version"], version);
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let sandbox = Sandbox::empty();
    for arguments in
        [&["init", "--account-id", "1"][..], &["serve", "--lissten"], &["unknown"], &[]]
    {
        assert_eq!(sandbox.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn what_is_printed_can_be_pasted_from_a_path_with_a_space() {
    let sandbox = Sandbox::empty();
    let there = sandbox.beside("my kms");
    let arguments = ["--data-dir", "my kms"];
    let serve = format!("keyward serve --data-dir '{}'", there.display());
    let missing = sandbox.fail(&[&["serve"], &arguments[..]].concat());
    assert!(missing.contains(&serve.replace("serve", "init")), "{missing}");
    let made = sandbox.succeed(&[&["init"], &arguments[..]].concat());
    assert!(made.contains(&serve), "{made}");
    let again = sandbox.fail(&[&["init"], &arguments[..]].concat());
    assert!(again.contains(&serve), "{again}");
}
