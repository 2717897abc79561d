//! A deployment for development: its clock, and keys that are known.

use serde_json::{Value, json};

use crate::sandbox::{ACCOUNT, Sandbox};
use crate::wire::{Client, Reply};

const DAY_S: i64 = 86_400;

fn development() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.succeed(&["init", "--dev", "--account-id", ACCOUNT]);
    sandbox
}

fn call(client: &Client, operation: &str, body: &Value) -> Value {
    let reply: Reply = client.call(operation, &body.to_string());
    assert_eq!(reply.status, 200, "{operation}: {reply:?}");
    if reply.body.is_empty() { Value::Null } else { reply.json() }
}

fn seconds(value: &Value) -> i64 {
    value.to_string().split('.').next().unwrap().parse().unwrap()
}

/// A key that is deleted in seven days.
fn dying_key(client: &Client) -> Value {
    let key = call(client, "CreateKey", &json!({}))["KeyMetadata"]["KeyId"].clone();
    let scheduled = json!({ "KeyId": key, "PendingWindowInDays": 7 });
    call(client, "ScheduleKeyDeletion", &scheduled);
    json!({ "KeyId": key })
}

#[test]
fn a_moved_clock_does_what_is_due_before_the_command_answers() {
    let sandbox = development();
    let _running = sandbox.serve();
    let client = Client::new(&sandbox, "keyward");
    let key = dying_key(&client);

    sandbox.succeed(&["dev", "advance", "6d"]);
    let metadata = call(&client, "DescribeKey", &key);
    assert_eq!(metadata["KeyMetadata"]["KeyState"], "PendingDeletion");
    sandbox.succeed(&["dev", "advance", "24h"]);

    let gone = client.call("DescribeKey", &key.to_string());
    assert_eq!(gone.json()["__type"], "NotFoundException");
}

#[test]
fn records_and_states_follow_the_moved_clock_and_signatures_do_not() {
    let sandbox = development();
    let running = sandbox.serve();
    let client = Client::new(&sandbox, "keyward");
    let before = call(&client, "CreateKey", &json!({}));
    let said = sandbox.succeed(&["dev", "advance", "400d", "--json"]);
    let shown: Value = serde_json::from_str(&said).unwrap();
    let after = call(&client, "CreateKey", &json!({}));

    let created = |key: &Value| seconds(&key["KeyMetadata"]["CreationDate"]);
    assert!(created(&after) - created(&before) >= 400 * DAY_S);
    assert!(created(&after) >= seconds(&shown["nowUnixSeconds"]));
    assert!(running.stop().success());
    let journal = sandbox.journal();
    let times: Vec<&str> = journal
        .lines()
        .filter(|line| line.contains("\"eventName\":\"CreateKey\""))
        .map(|line| line.split_once("\"eventTime\":\"").unwrap().1.get(..4).unwrap())
        .collect();
    let year = |at: usize| times[at].parse::<u32>().unwrap();
    assert!(year(1) > year(0), "{times:?}");
    let moved = journal.lines().find(|line| line.contains("AdvanceClock")).unwrap();
    assert!(moved.contains("\"advancedMilliseconds\":34560000000"), "{moved}");
}

#[test]
fn a_moved_clock_outlives_the_server_and_no_guard_minds_it() {
    let sandbox = development();
    let running = sandbox.serve();
    let key = dying_key(&Client::new(&sandbox, "keyward"));
    sandbox.succeed(&["dev", "advance", "3d"]);
    assert!(running.stop().success());
    // Without a server it is done as well.
    sandbox.succeed(&["dev", "advance", "96h"]);

    let _running = sandbox.serve();
    let client = Client::new(&sandbox, "keyward");
    let gone = client.call("DescribeKey", &key.to_string());
    assert_eq!(gone.json()["__type"], "NotFoundException");
    assert!(!sandbox.log().contains("leapt"), "{}", sandbox.log());
}

#[test]
fn the_clock_of_an_ordinary_deployment_is_not_moved() {
    let sandbox = Sandbox::initialised();
    let refused = |sandbox: &Sandbox| {
        let said = sandbox.fail(&["dev", "advance", "30d"]);
        assert!(said.contains("this is not a development deployment"), "{said}");
    };
    refused(&sandbox);
    let running = sandbox.serve();
    refused(&sandbox);
    assert!(running.stop().success());
    let failed = sandbox.journal().matches("\"eventName\":\"AdvanceClock\"").count();
    assert_eq!(failed, 2);
}

#[test]
fn the_clock_is_moved_forward_and_not_beyond_a_hundred_years() {
    let sandbox = development();
    for wrong in ["-1d", "0s", "1y", "soon"] {
        assert_eq!(sandbox.run(&["dev", "advance", wrong]).status.code(), Some(2), "{wrong}");
    }
    sandbox.succeed(&["dev", "advance", "36525d"]);
    let said = sandbox.fail(&["dev", "advance", "1s"]);
    assert!(said.contains("at most 36525 days ahead"), "{said}");
}

const KEYS: &str = r#"[{
    "keyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "keySpec": "HMAC_256",
    "aliases": ["alias/known"],
    "material": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
}]"#;

/// HMAC-SHA-256 of "hello" under that material, computed elsewhere.
const MAC: &str = "U8QCcqcMFcpO4K9N8fFV/WxB4AziMH2Jh+zUuzan6ZA=";

#[test]
fn known_keys_are_loaded_with_a_server_and_without_one() {
    for is_served in [true, false] {
        let sandbox = development();
        std::fs::write(sandbox.beside("keys.json"), KEYS).unwrap();
        let before = is_served.then(|| sandbox.serve());
        let said = sandbox.succeed(&["dev", "load", "keys.json", "--json"]);
        assert_eq!(said, "{\"keysLoaded\":1}\n");
        let running = before.unwrap_or_else(|| sandbox.serve());

        let message = json!({ "KeyId": "alias/known", "Message": "aGVsbG8=", "MacAlgorithm": "HMAC_SHA_256" });
        let made = call(&Client::new(&sandbox, "keyward"), "GenerateMac", &message);
        assert_eq!(made["Mac"], MAC);
        let again = sandbox.fail(&["dev", "load", "keys.json"]);
        assert!(again.contains("entry 1 (1234abcd-12ab-34cd-56ef-1234567890ab)"), "{again}");
        assert!(again.contains("the key exists already"), "{again}");
        assert!(running.stop().success());
        let journal = sandbox.journal();
        let record = journal.lines().find(|line| line.contains("\"LoadKey\"")).unwrap();
        assert!(record.contains("arn:aws:kms:us-east-1:111122223333:key/1234abcd"), "{record}");
        assert!(!journal.contains("AAECAwQF") && !sandbox.log().contains("AAECAwQF"));
    }
}

#[test]
fn keys_are_read_from_stdin_and_only_by_a_development_deployment() {
    for (sandbox, is_taken) in [(development(), true), (Sandbox::initialised(), false)] {
        let keys = sandbox.beside("keys.json");
        std::fs::write(&keys, KEYS).unwrap();
        let mut load = sandbox.command(&["dev", "load", "-"]);
        let output = load.stdin(std::fs::File::open(keys).unwrap()).output().unwrap();
        assert_eq!(output.status.success(), is_taken, "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.contains("this is not a development deployment"), !is_taken, "{said}");
    }
}

#[test]
fn a_development_deployment_serves_its_own_machine_only() {
    let sandbox = development();
    for listen in [["--listen", "0.0.0.0:0"], ["--metrics-listen", "0.0.0.0:0"]] {
        let serve = ["serve", "--expose-plaintext-http-to-the-network", listen[0], listen[1]];
        let said = sandbox.fail(&serve);
        assert!(said.contains("a development deployment serves its own machine only"), "{said}");
    }
    let _running = sandbox.serve();
}
