use std::time::Duration;

use keyward_crypto::RootKeyFile;
use keyward_store::{Change, CredentialOwner, Write};
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
    (parent, Desk::new(Arc::clone(app.engine()), seal, dir))
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
