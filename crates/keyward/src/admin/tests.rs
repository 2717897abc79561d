use std::time::Duration;

use keyward_audit::Hold;
use keyward_crypto::RootKeyFile;
use keyward_store::{Change, CredentialOwner, EntityKind, EntityName, Write};
use keyward_testkit::TestApp;

use super::*;

const EARLIER: &str = "444455556666";

/// The desk of a deployment to which an account was added while the clock was set back.
async fn desk(app: &TestApp) -> (tempfile::TempDir, Desk) {
    let created_at = Timestamp::from_unix_ms(app.engine().clock().now().unix_ms() - 86_400_000);
    let account =
        AccountRecord { account: EARLIER.parse().unwrap(), created_at, owner_service: None };
    let writes = vec![Write::PutAccount(account)];
    app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();

    let parent = tempfile::tempdir().unwrap();
    let dir = DataDir::locate(Some(parent.path().join("data"))).unwrap();
    dir.create().unwrap();
    let seal = Seal::from_root_key_file(&RootKeyFile::generate().unwrap()).unwrap();
    let deliverer = Deliverer::Here(Box::new(Mutex::new(app.delivery())));
    (parent, Desk::new(Arc::clone(app.engine()), seal, dir, deliverer))
}

async fn profile(desk: &Desk, command: Command) -> String {
    match desk.carry_out(&command, "uid 0").await.unwrap() {
        Outcome::Credential { profile, .. } => profile,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_account_stays_the_first_when_the_clock_was_set_back() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    let reset = |account_id| Command::AccountResetRoot { account_id };
    assert_eq!(profile(&desk, reset(None)).await, "keyward");
    assert_eq!(profile(&desk, reset(Some(EARLIER.to_owned()))).await, "keyward-444455556666");

    app.clock().advance(Duration::from_millis(1));
    let account_id = Some("777788889999".to_owned());
    let created = profile(&desk, Command::AccountCreate { account_id }).await;
    assert_eq!(created, "keyward-777788889999");
    let Outcome::Accounts { accounts } =
        desk.carry_out(&Command::AccountList {}, "uid 0").await.unwrap()
    else {
        panic!("no list");
    };
    let profiles: Vec<_> = accounts.iter().map(|line| line.profile.as_str()).collect();
    assert_eq!(profiles, ["keyward", "keyward-444455556666", "keyward-777788889999"]);
}

#[tokio::test]
async fn a_profile_that_holds_another_account_is_found_before_anything_is_done() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    let credentials = desk.dir.aws().join("credentials");
    Profiles::of(&desk.dir).unwrap();
    std::fs::write(&credentials, "[default]\naws_account_id = 999900001111\n").unwrap();
    let reset = Command::AccountResetRoot { account_id: None };
    let first = desk.first_account().await.unwrap();
    let keys = || app.engine().store().credentials().list(&first, &CredentialOwner::Root);
    let before = keys().await.unwrap();
    assert!(desk.carry_out(&reset, "uid 0").await.unwrap_err().to_string().contains("`default`"));
    assert_eq!(keys().await.unwrap(), before);
}

#[tokio::test]
async fn no_account_is_made_in_the_instant_the_deployment_was() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    let create = Command::AccountCreate { account_id: None };
    assert!(desk.carry_out(&create, "uid 0").await.unwrap_err().to_string().contains("instant"));
    app.clock().advance(Duration::from_millis(1));
    desk.carry_out(&create, "uid 0").await.unwrap();
}

#[tokio::test]
async fn a_command_that_does_not_work_leaves_its_record() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    let absent = Command::AccountResetRoot { account_id: Some("777788889999".to_owned()) };
    desk.carry_out(&absent, "uid 0").await.unwrap_err();
    let record = app.last_record();
    assert_eq!(record["eventName"], "ResetRoot");
    assert_eq!(record["userIdentity"]["invokedBy"], "uid 0");
    assert_eq!(record["errorCode"], "CommandFailed");
    assert_eq!(record["errorMessage"], "there is no account 777788889999");
    assert_eq!(record["recipientAccountId"], keyward_testkit::ACCOUNT);
}

fn add(name: &str, account_id: Option<&str>, calls: ServiceCalls) -> Command {
    let account_id = account_id.map(str::to_owned);
    Command::ServiceAdd { name: name.to_owned(), account_id, calls }
}

async fn service_lines(desk: &Desk) -> Vec<(String, String, String)> {
    match desk.carry_out(&Command::ServiceList {}, "uid 0").await.unwrap() {
        Outcome::Services { services } => {
            services.into_iter().map(|s| (s.principal, s.calls, s.profile)).collect()
        }
        other => panic!("no list: {other:?}"),
    }
}

#[tokio::test]
async fn a_service_has_a_profile_until_it_is_removed() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    let on_behalf = || ServiceCalls::OnBehalf { role: None };
    assert_eq!(profile(&desk, add("s3", None, on_behalf())).await, "keyward-service-s3");
    let hidden = profile(&desk, add("dynamodb", None, ServiceCalls::Owned {})).await;
    assert!(hidden.starts_with("keyward-service-dynamodb-"), "{hidden}");
    let again = desk.carry_out(&add("s3", None, on_behalf()), "uid 0").await.unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
    let lines = service_lines(&desk).await;
    let expected = [
        ("dynamodb.amazonaws.com", "owned", hidden.as_str()),
        ("s3.amazonaws.com", "on-behalf", "keyward-service-s3"),
    ]
    .map(|(principal, calls, profile)| (principal.into(), calls.into(), profile.into()));
    assert_eq!(lines, expected);

    let role = EntityName::new(desk.first_account().await.unwrap(), EntityKind::Role, "keyward-s3");
    assert!(app.engine().store().entities().find(&role).await.unwrap().is_some());
    let remove = Command::ServiceRemove { name: "s3".to_owned(), account_id: None };
    desk.carry_out(&remove, "uid 0").await.unwrap();
    assert_eq!(service_lines(&desk).await.len(), 1);
    let owner = CredentialOwner::Service("s3".to_owned());
    let first = desk.first_account().await.unwrap();
    assert!(app.engine().store().credentials().list(&first, &owner).await.unwrap().is_empty());
    let again = desk.carry_out(&remove, "uid 0").await.unwrap_err();
    assert!(again.to_string().starts_with("no service `s3`"), "{again}");
}

#[tokio::test]
async fn replaced_credentials_of_a_service_leave_one_access_key() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    let calls = ServiceCalls::AsItself {
        source_arn: Some("arn:aws:backup:us-east-1:111122223333:backup-vault:nightly".to_owned()),
        source_account: None,
    };
    profile(&desk, add("backup", None, calls)).await;
    let reset = Command::ServiceReset { name: "backup".to_owned(), account_id: None };
    assert_eq!(profile(&desk, reset).await, "keyward-service-backup");
    let owner = CredentialOwner::Service("backup".to_owned());
    let first = desk.first_account().await.unwrap();
    assert_eq!(app.engine().store().credentials().list(&first, &owner).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_service_of_no_account_or_with_no_such_role_is_refused() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    let on_behalf = |role: Option<&str>| ServiceCalls::OnBehalf { role: role.map(str::to_owned) };
    for (command, reason) in [
        (add("s3", Some("999900001111"), on_behalf(None)), "there is no account 999900001111"),
        (add("s3", None, on_behalf(Some("none"))), "has no role `none`"),
        (add("S3", None, on_behalf(None)), "a service name is"),
    ] {
        let refused = desk.carry_out(&command, "uid 0").await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    assert_eq!(service_lines(&desk).await, []);
}

#[tokio::test]
async fn a_past_request_is_explained_to_operators_alone() {
    let app = TestApp::new().await;
    let (_parent, desk) = desk(&app).await;
    std::fs::create_dir(desk.dir.journal()).unwrap();
    let explain = |request_id: &str| Command::Explain { request_id: request_id.to_owned() };
    for (request_id, reason) in [
        ("x", "a request id is a UUID"),
        ("5b1e8a50-0b6f-4d0a-9c27-64c5f0a1d7e3", "the journal has no record of the request"),
    ] {
        let refused = desk.carry_out(&explain(request_id), "uid 0").await.unwrap_err();
        assert!(refused.to_string().starts_with(reason), "{refused}");
    }
    app.root().create_key().await;
    let request_id = app.last_record()["requestID"].as_str().unwrap().to_owned();
    let lines = app.journal();
    let found = keyward_audit::find_request(&app.journal_directory(), &request_id.parse().unwrap());
    let [line] = &found.unwrap()[..] else { panic!("{lines:?}") };
    let note: serde_json::Value =
        serde_json::from_slice(keyward_audit::operator_note(line).unwrap()).unwrap();
    assert_eq!(note["allowed"][0]["action"], "kms:CreateKey");
    assert_eq!(app.last_record().get("operatorNote"), None);
}

#[tokio::test]
async fn everything_acknowledged_is_delivered_and_named_before_the_command_is_on_record() {
    let app = TestApp::new().await;
    app.root().call("ListKeys", serde_json::json!({})).await.unwrap();
    let end = app.engine().journal().end();
    let (_parent, desk) = desk(&app).await;
    let deliver = |digest| Command::AuditDeliver { digest };
    let Outcome::Delivered { file_count, digest_count, files, digests } =
        desk.carry_out(&deliver(true), "uid 0").await.unwrap()
    else {
        panic!("another outcome");
    };
    assert_eq!((file_count, digest_count), (1, 1));
    let layout = app.trail_layout();
    for line in files.iter().chain(&digests) {
        assert!(layout.object(&line.bucket, &line.object).exists(), "{line:?}");
    }
    let recorded: Vec<_> = app.audit().iter().map(|it| it["eventName"].clone()).collect();
    assert_eq!(recorded, ["ListKeys", "DeliverTrail"]);
    assert_eq!(app.last_record()["requestParameters"]["digest"], true);
    assert_eq!(app.last_record().get("errorCode"), None);
    assert_eq!(files[0].records, Some(1));
    let cursor = keyward_trail::Cursors::new(Arc::clone(app.engine()));
    assert_eq!(cursor.load(keyward_trail::DELIVERY).await.unwrap(), Some(end));
}

#[tokio::test]
async fn a_delivery_that_fails_is_on_record_as_nothing_else() {
    let app = TestApp::new().await;
    app.root().call("ListKeys", serde_json::json!({})).await.unwrap();
    let (_parent, desk) = desk(&app).await;
    std::fs::write(app.trail_layout().directory, "in the way").unwrap();
    let deliver = Command::AuditDeliver { digest: true };
    desk.carry_out(&deliver, "uid 0").await.unwrap_err();
    let recorded: Vec<_> = app.audit().iter().map(|it| it["eventName"].clone()).collect();
    assert_eq!(recorded, ["ListKeys", "DeliverTrail"]);
    assert_eq!(app.last_record()["errorCode"], "CommandFailed");
    assert_eq!(app.last_record()["requestParameters"]["digest"], true);
}

#[tokio::test]
async fn under_any_hold_an_operator_is_told_who_holds_and_can_do_what_mends_it() {
    let app = TestApp::new().await;
    app.root().call("ListKeys", serde_json::json!({})).await.unwrap();
    let (_parent, desk) = desk(&app).await;
    let journal = app.engine().journal();
    let end = journal.end();
    let sink = Hold::Sink("otlp".to_owned());
    journal.hold(sink.clone());
    journal.hold(Hold::Delivery);
    let refused = desk.carry_out(&Command::AccountList {}, "uid 0").await.unwrap_err();
    let reason = "the audit journal is held by delivery to log files and by the audit sink `otlp`, \
                  so nothing was done";
    assert_eq!(refused.to_string(), reason);
    desk.carry_out(&Command::AuditDeliver { digest: false }, "uid 0").await.unwrap();
    let cursor = keyward_trail::Cursors::new(Arc::clone(app.engine()));
    assert_eq!(cursor.load(keyward_trail::DELIVERY).await.unwrap(), Some(end));
    desk.carry_out(&Command::ClockAccept {}, "uid 0").await.unwrap();
    assert!(app.engine().is_clock_believed());

    journal.release(&sink);
    journal.release(&Hold::Delivery);
    app.engine().deliver_outbox().await.unwrap();
    let recorded: Vec<_> = app.audit().iter().map(|it| it["eventName"].clone()).collect();
    assert_eq!(recorded, ["ListKeys", "ListAccounts", "DeliverTrail", "AcceptClock"]);
}
