//! Golden records: files of requests, each with the audit records it must leave, member by member
//! and in order.
//!
//! A file is a list of steps. A step with `records` is held to them; one without only prepares.
//! `<name>` stands for what differs between runs: wherever it is known it must be the same, and
//! where it is not it becomes known. `vectors/records/README.md` tells the format.

mod deeds;
mod pattern;
mod refusing_store;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use keyward_audit::without_operator_note;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Client, Refused, TestApp};
use deeds::Deed;
pub use pattern::{Bindings, compact};
pub use table::RecordTable;

/// One step of a golden file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// What the step shows.
    case: Option<String>,
    /// Who calls.
    #[serde(rename = "as", default = "root")]
    caller: String,
    /// The Region of the request, unless it is the first.
    #[serde(rename = "in")]
    region: Option<String>,
    /// The operation.
    call: Option<String>,
    #[serde(default)]
    input: Map<String, Value>,
    /// A body that is not `input`.
    body: Option<String>,
    /// Names for parts of the reply.
    #[serde(default)]
    bind: BTreeMap<String, String>,
    /// Whom the reply's credentials are given to.
    becomes: Option<String>,
    /// Request quotas in requests a second, and no others. The first step says them for all.
    #[serde(default)]
    rates: BTreeMap<String, u32>,
    /// What is done instead of a call.
    #[serde(rename = "do")]
    deed: Option<Deed>,
    records: Option<Vec<Box<RawValue>>>,
}

fn root() -> String {
    "root".to_owned()
}

/// What a golden file says of its operations.
#[derive(Debug, Default)]
pub struct Proven {
    /// Operations with a record of a call that worked.
    pub done: BTreeSet<String>,
    /// Operations with a record of a call refused for lack of permission.
    pub denied: BTreeSet<String>,
    /// Operations with a record of a dry run that would have worked.
    pub dry_run: BTreeSet<String>,
    /// Every record, with its placeholders.
    pub records: Vec<Value>,
    /// What was not as it must be.
    pub problems: Vec<String>,
}

impl Proven {
    /// Adds what another file says.
    pub fn extend(&mut self, other: Self) {
        self.done.extend(other.done);
        self.denied.extend(other.denied);
        self.dry_run.extend(other.dry_run);
        self.records.extend(other.records);
        self.problems.extend(other.problems);
    }

    fn note(&mut self, operation: &str, record: &Value) {
        let set = match record["errorCode"].as_str() {
            None => &mut self.done,
            Some("AccessDenied") => &mut self.denied,
            Some("DryRunOperationException") => &mut self.dry_run,
            Some(_) => return,
        };
        set.insert(operation.to_owned());
    }
}

/// Plays every golden file of a directory, each against a fresh service.
pub async fn play_all(directory: &Path) -> Proven {
    let mut proven = Proven::default();
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|it| it == "json")) {
        proven.extend(play(&file).await);
    }
    proven
}

/// Plays a golden file against a fresh service.
pub async fn play(file: &Path) -> Proven {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(file).unwrap();
    let steps: Vec<Step> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut scene = Scene::new(&steps.first().unwrap().rates).await;
    let mut proven = Proven::default();
    for (at, step) in steps.iter().enumerate() {
        let title = format!("{name}, step {at} ({})", step.case.as_deref().unwrap_or("unnamed"));
        let before = scene.app.journal().len();
        let result = scene.perform(step, &title).await;
        let Some(expected) = &step.records else {
            if let Some(Err(refused)) = result {
                proven.problems.push(format!("{title}: {refused:?}"));
                break;
            }
            continue;
        };
        assert!(step.case.is_some(), "{title} shows something");
        let expected: Vec<_> = expected.iter().map(|record| compact(record.get())).collect();
        scene.bindings.start_call();
        scene.note_message(result.as_ref());
        let actual = scene.records_since(before);
        proven.problems.extend(scene.compare(&title, &expected, &actual));
        let expected = expected.iter().map(|record| serde_json::from_str(record).unwrap());
        let expected: Vec<Value> = expected.collect();
        if let Some(call) = step.call.as_deref().filter(|_| !expected.is_empty()) {
            // What the service calls first is on record before it.
            let own = expected.iter().find(|record| record["eventName"] == call);
            let own = own.unwrap_or_else(|| panic!("{title} has a record of its call"));
            proven.note(call, own);
            let is_refused = matches!(result, Some(Err(_)));
            if own.get("errorCode").is_some() != is_refused {
                proven.problems.push(format!("{title}: the reply is {result:?}"));
            }
        }
        proven.records.extend(expected);
    }
    proven
}

/// A service, those who call it, and what is known of it.
struct Scene {
    app: TestApp,
    /// Whether the database takes no changes.
    refuses_changes: Arc<AtomicBool>,
    clients: BTreeMap<String, Client>,
    bindings: Bindings,
}

impl Scene {
    /// A service with two accounts, and a user who may do nothing.
    async fn new(rates: &BTreeMap<String, u32>) -> Self {
        let refuses_changes = Arc::default();
        let (app, [token, full_token]) = deeds::app(rates, &refuses_changes).await;
        let other = app.other_account().await;
        let eli = app.user("eli", keyward_store::UserBody::default()).await;
        let clients = [("root", app.root()), ("other", other), ("eli", eli)];
        let mut scene = Self {
            app,
            refuses_changes,
            clients: clients.map(|(name, client)| (name.to_owned(), client)).into(),
            bindings: Bindings::default(),
        };
        for (name, client) in scene.clients.clone() {
            scene.bind_client(&name, &client);
        }
        scene.bindings.set("webIdentityToken", token);
        scene.bindings.set("fullWebIdentityToken", full_token);
        scene
    }

    fn bind_client(&mut self, name: &str, client: &Client) {
        let caller = client.caller();
        self.bindings.set(&format!("{name}AccessKey"), caller.access_key_id.as_str());
        self.bindings.set(&format!("{name}UserId"), caller.user_id());
    }

    async fn perform(&mut self, step: &Step, title: &str) -> Option<Result<Value, Refused>> {
        if let Some(deed) = &step.deed {
            self.do_deed(deed).await;
        }
        let call = step.call.as_deref()?;
        let client = self.clients.get(&step.caller).unwrap_or_else(|| panic!("{title}: who?"));
        let client = step.region.as_ref().map_or_else(|| client.clone(), |it| client.in_region(it));
        let result = match &step.body {
            Some(body) => {
                let body = self.bindings.filled_text(body);
                client.call_with_body(call, body.as_bytes()).await
            }
            None => client.call(call, self.bindings.filled(&step.input)).await,
        };
        if let Ok(reply) = &result {
            for (name, pointer) in &step.bind {
                let value = reply.pointer(pointer).unwrap_or_else(|| panic!("{title}: {reply}"));
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.bindings.set(name, value);
            }
            if let Some(name) = &step.becomes {
                let credentials = reply.get("Credentials").or_else(|| reply.get("AccessKey"));
                let client = client.signing_with(credentials.unwrap());
                let access_key = client.caller().access_key_id.as_str();
                self.bindings.set(&format!("{name}AccessKey"), access_key);
                self.clients.insert(name.clone(), client);
            }
        }
        Some(result)
    }

    /// The words of a refusal are in its record as they were sent.
    fn note_message(&mut self, result: Option<&Result<Value, Refused>>) {
        let message = match result {
            Some(Err(refused)) => refused.message.as_deref(),
            _ => None,
        };
        let escaped = serde_json::to_string(message.unwrap_or("<no message>")).unwrap();
        self.bindings.set("message", escaped.trim_matches('"'));
    }

    fn records_since(&self, before: usize) -> Vec<String> {
        let lines = self.app.journal().into_iter().skip(before);
        lines.map(|line| String::from_utf8(without_operator_note(&line)).unwrap()).collect()
    }

    fn compare(&mut self, title: &str, expected: &[String], actual: &[String]) -> Vec<String> {
        let mut problems = Vec::new();
        if expected.len() != actual.len() {
            let (expected, left) = (expected.len(), actual.join("\n  "));
            problems.push(format!("{title}: not {expected} records but\n  {left}"));
        }
        for (expected, actual) in expected.iter().zip(actual) {
            if let Err(problem) = self.bindings.match_record(expected, actual) {
                problems.push(format!("{title}: {problem}"));
            }
        }
        problems
    }
}
