//! Operator commands, with a server and without one.

use crate::sandbox::{ACCOUNT, Sandbox};
use crate::wire::Client;

const OTHER: &str = "444455556666";

#[test]
fn an_account_is_created_on_a_running_server_and_works_at_once() {
    let sandbox = Sandbox::initialised();
    let _running = sandbox.serve();
    let said = sandbox.succeed(&["account", "create", "--account-id", OTHER]);
    assert!(said.contains("keyward-444455556666"), "{said}");
    let made = Client::new(&sandbox, "keyward-444455556666").call("CreateKey", "{}");
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.json()["KeyMetadata"]["AWSAccountId"], OTHER);
}

#[test]
fn an_account_is_created_on_a_stopped_deployment_and_works_after_the_start() {
    let sandbox = Sandbox::initialised();
    sandbox.succeed(&["account", "create", "--account-id", OTHER]);
    let _running = sandbox.serve();
    let reply = Client::new(&sandbox, "keyward-444455556666").call("ListKeys", "{}");
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn an_account_that_exists_is_not_created_again() {
    let sandbox = Sandbox::initialised();
    let refused = |sandbox: &Sandbox| {
        let said = sandbox.fail(&["account", "create", "--account-id", ACCOUNT]);
        assert!(said.contains("account 111122223333 exists already"), "{said}");
    };
    refused(&sandbox);
    let _running = sandbox.serve();
    refused(&sandbox);
}

#[test]
fn reset_root_makes_the_old_access_key_fail_at_once() {
    let sandbox = Sandbox::initialised();
    let _running = sandbox.serve();
    let old = Client::new(&sandbox, "keyward");
    assert_eq!(old.call("ListKeys", "{}").status, 200);

    sandbox.succeed(&["account", "reset-root"]);

    assert_eq!(old.call("ListKeys", "{}").status, 400);
    for profile in ["default", "keyward"] {
        let reply = Client::new(&sandbox, profile).call("ListKeys", "{}");
        assert_eq!(reply.status, 200, "{profile}: {reply:?}");
    }
}

#[test]
fn reset_root_of_an_absent_account_is_refused() {
    let sandbox = Sandbox::initialised();
    let said = sandbox.fail(&["account", "reset-root", "--account-id", OTHER]);
    assert!(said.contains("there is no account 444455556666"), "{said}");
}

#[test]
fn accounts_are_listed_with_their_profiles() {
    let sandbox = Sandbox::initialised();
    sandbox.succeed(&["account", "create", "--account-id", OTHER]);
    let stopped = sandbox.succeed(&["account", "list"]);
    assert_eq!(stopped, "111122223333  keyward\n444455556666  keyward-444455556666\n");
    let _running = sandbox.serve();
    assert_eq!(sandbox.succeed(&["account", "list"]), stopped);
    let value: serde_json::Value =
        serde_json::from_str(&sandbox.succeed(&["account", "list", "--json"])).unwrap();
    assert_eq!(value["accounts"][1]["accountId"], OTHER);
}

#[test]
fn every_command_is_audited_with_the_operator() {
    let sandbox = Sandbox::initialised();
    sandbox.succeed(&["account", "create", "--account-id", OTHER]);
    let running = sandbox.serve();
    for command in [
        &["account", "reset-root", "--account-id", OTHER][..],
        &["account", "list"],
        &["clock", "accept"],
        &["seal", "rotate-domain-key"],
    ] {
        sandbox.succeed(command);
    }
    assert!(running.stop().success());
    let journal = sandbox.journal();
    let operator = format!("uid {}", rustix::process::getuid().as_raw());
    for name in ["CreateAccount", "ResetRoot", "ListAccounts", "AcceptClock", "RotateDomainKey"] {
        let event = format!("\"eventName\":\"{name}\"");
        let line = journal.lines().find(|line| line.contains(&event));
        assert!(line.is_some_and(|line| line.contains(&operator)), "{name}: {journal}");
    }
}

#[test]
fn a_rotated_domain_key_loses_nothing() {
    let sandbox = Sandbox::initialised();
    let running = sandbox.serve();
    let client = Client::new(&sandbox, "keyward");
    let made = client.call("CreateKey", "{}").json();
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let body = format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"aGVsbG8=\"}}");
    assert!(sandbox.succeed(&["seal", "rotate-domain-key"]).contains("domain key 2"));
    assert_eq!(client.call("Encrypt", &body).status, 200);
    assert!(running.stop().success());
    assert!(sandbox.succeed(&["seal", "rotate-domain-key"]).contains("domain key 3"));
    let _running = sandbox.serve();
    assert_eq!(Client::new(&sandbox, "keyward").call("Encrypt", &body).status, 200);
}

#[test]
fn a_command_is_not_answered_when_the_lock_is_held_by_something_else() {
    let sandbox = Sandbox::initialised();
    let lock = std::fs::File::open(sandbox.path("lock")).unwrap();
    lock.lock().unwrap();
    let said = sandbox.fail(&["account", "create"]);
    assert!(said.contains("another keyward is at work on"), "{said}");
}

#[test]
fn a_command_on_a_mistyped_directory_leaves_nothing_in_it() {
    let sandbox = Sandbox::empty();
    std::fs::create_dir(sandbox.dir()).unwrap();
    for command in [&["account", "list"][..], &["clock", "accept"], &["certificate", "renew"]] {
        assert!(sandbox.fail(command).contains("holds no deployment"), "{command:?}");
    }
    assert_eq!(std::fs::read_dir(sandbox.dir()).unwrap().count(), 0);
    sandbox.succeed(&["init"]);
}
