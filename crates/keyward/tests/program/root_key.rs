//! The root key: where it is made, and what happens without the right one.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sandbox::{ACCOUNT, Sandbox, words};
use crate::wire::Client;

#[test]
fn a_missing_root_key_is_never_made_anew() {
    let sandbox = Sandbox::initialised();
    std::fs::remove_file(sandbox.path("root.key")).unwrap();
    let said = sandbox.fail(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("there is no root key file at"), "{said}");
    assert!(!sandbox.path("root.key").exists());
}

#[test]
fn a_wrong_root_key_is_refused_with_a_sentence() {
    let (sandbox, other) = (Sandbox::initialised(), Sandbox::initialised());
    std::fs::copy(other.path("root.key"), sandbox.path("root.key")).unwrap();
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["account", "create"]] {
        let said = sandbox.fail(arguments);
        assert!(said.contains("is not the root key that sealed"), "{said}");
    }
}

#[test]
fn a_damaged_root_key_is_told_from_a_wrong_one() {
    let sandbox = Sandbox::initialised();
    let text = sandbox.text("root.key");
    std::fs::write(sandbox.path("root.key"), &text[..text.len() - 3]).unwrap();
    let said = sandbox.fail(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("damaged or truncated"), "{said}");
}

#[test]
fn a_root_key_that_others_may_read_is_refused() {
    let sandbox = Sandbox::initialised();
    std::fs::set_permissions(sandbox.path("root.key"), Permissions::from_mode(0o644)).unwrap();
    let said = sandbox.fail(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_root_key_behind_a_symbolic_link_is_refused() {
    let sandbox = Sandbox::initialised();
    let elsewhere = sandbox.beside("root.key");
    std::fs::rename(sandbox.path("root.key"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, sandbox.path("root.key")).unwrap();
    let said = sandbox.fail(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("symbolic link"), "{said}");
}

#[test]
fn a_passphrase_seals_and_opens_a_deployment() {
    let sandbox = Sandbox::empty();
    let (right, wrong) = (sandbox.beside("right"), sandbox.beside("wrong"));
    std::fs::write(&right, "correct horse battery staple\n").unwrap();
    std::fs::write(&wrong, "correct horse battery stable\n").unwrap();
    let init = ["init", "--seal", "passphrase", "--account-id", ACCOUNT];
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let with = |command: &mut Command, path| {
        let output = command.env("KEYWARD_PASSPHRASE_FILE", path).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };

    assert!(sandbox.fail(&init).contains("--passphrase-file"));
    let (status, said) = with(&mut sandbox.command(&init), &right);
    assert_eq!(status, Some(0), "{said}");
    assert!(!sandbox.path("root.key").exists());

    let (status, said) = with(&mut sandbox.command(&serve), &wrong);
    assert_eq!(status, Some(1));
    assert!(said.contains("the passphrase is not the one that sealed"), "{said}");

    // As systemd hands it over.
    let credentials = sandbox.beside("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::rename(&right, credentials.join("keyward-passphrase")).unwrap();
    let _running =
        sandbox.start(sandbox.command(&serve).env("CREDENTIALS_DIRECTORY", &credentials));
    assert_eq!(Client::new(&sandbox, "keyward").call("ListKeys", "{}").status, 200);
}

#[test]
fn a_passphrase_whose_seal_is_not_named_makes_nothing() {
    let sandbox = Sandbox::empty();
    let init = |name, value: &Path| sandbox.command(&["init"]).env(name, value).output().unwrap();
    let output = init("KEYWARD_PASSPHRASE_FILE", Path::new("passphrase"));
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).contains("--seal passphrase"), "{}", words(&output));
    assert!(!sandbox.dir().exists());

    std::fs::write(sandbox.beside("keyward-passphrase"), "correct horse battery staple").unwrap();
    let output = init("CREDENTIALS_DIRECTORY", &sandbox.beside(""));
    assert!(words(&output).contains("--seal passphrase"), "{}", words(&output));
    assert!(!sandbox.path("root.key").exists());
}

#[test]
fn quickstart_makes_and_serves_a_deployment_sealed_with_a_passphrase() {
    let sandbox = Sandbox::empty();
    std::fs::write(sandbox.beside("passphrase"), "correct horse battery staple\n").unwrap();
    let arguments = ["quickstart", "--listen", "127.0.0.1:0", "--passphrase-file", "passphrase"];
    for _ in 0..2 {
        let running = sandbox.start(sandbox.command(&arguments).stdout(Stdio::null()));
        assert_eq!(Client::new(&sandbox, "keyward").call("ListKeys", "{}").status, 200);
        assert!(running.stop().success());
    }
    assert!(!sandbox.path("root.key").exists());
}

#[test]
fn a_passphrase_is_read_from_an_open_file_descriptor() {
    let sandbox = Sandbox::empty();
    let arguments = ["init", "--seal", "passphrase", "--passphrase-fd", "0"];
    let init = |text: &str| {
        let mut command = sandbox.command(&arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert!(words(&init("too short")).contains("at least 12 characters"));
    let output = init("correct horse battery staple");
    assert!(output.status.success(), "{}", words(&output));
}
