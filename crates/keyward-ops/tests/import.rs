//! Imported key material in time and in several Regions: expiry, rotation, replicas, and calls that
//! meet.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;
use std::time::Duration;

use keyward_store::MaterialRecord;
use keyward_testkit::{Client, ImportParameters, Refused, TestApp, blob, resource};
use serde_json::{Value, json};

const ABROAD: &str = "eu-central-1";
const DAY: f64 = 86_400.0;
const MATERIAL: &[u8] = &[7; 32];
const OTHER_MATERIAL: &[u8] = &[8; 32];

async fn external_key(root: &Client) -> (String, ImportParameters) {
    let key = root.create_external_key(json!({})).await;
    let parameters = root.import_parameters(&key).await;
    (key, parameters)
}

/// Imports; the id of the material.
async fn import(
    root: &Client,
    parameters: &ImportParameters,
    material: &[u8],
    members: Value,
) -> Value {
    let request = parameters.request_with(material, members);
    let reply = root.ok("ImportKeyMaterial", request).await;
    reply.get("KeyMaterialId").unwrap().clone()
}

fn for_days(app: &TestApp, days: f64) -> Value {
    json!({ "ExpirationModel": null, "ValidTo": app.clock().now_s() + days * DAY })
}

fn new_for_days(app: &TestApp, days: f64) -> Value {
    let mut members = for_days(app, days);
    members.as_object_mut().unwrap().insert("ImportType".into(), json!("NEW_KEY_MATERIAL"));
    members
}

async fn state(root: &Client, key: &str) -> String {
    root.describe(key).await.get("KeyState").unwrap().as_str().unwrap().to_owned()
}

/// Every material of the key: id, what it is for, whether it is there.
async fn materials(root: &Client, key: &str) -> Vec<(Value, String, bool)> {
    let input = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let reply = root.ok("ListKeyRotations", input).await;
    let of = |entry: &Value| {
        let text = |member: &str| entry.get(member).unwrap().as_str().unwrap().to_owned();
        let id = entry.get("KeyMaterialId").unwrap().clone();
        (id, text("KeyMaterialState"), text("ImportState") == "IMPORTED")
    };
    reply.pointer("/Rotations").unwrap().as_array().unwrap().iter().map(of).collect()
}

fn service_events(app: &TestApp) -> Vec<Value> {
    let is_expiry = |it: &Value| it.get("eventName") == Some(&json!("DeleteExpiredKeyMaterial"));
    app.audit().into_iter().filter(is_expiry).collect()
}

#[tokio::test]
async fn material_that_has_just_expired_can_be_imported_again_before_it_is_destroyed() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let id = import(&root, &parameters, MATERIAL, for_days(&app, 0.5)).await;
    let ciphertext = root.encrypt(&key, b"secret").await;
    app.clock().advance(Duration::from_hours(12));
    assert_eq!(state(&root, &key).await, "PendingImport");
    assert_eq!(import(&root, &parameters, MATERIAL, for_days(&app, 0.4)).await, id);
    assert_eq!(state(&root, &key).await, "Enabled");
    app.do_due_work().await;
    root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    assert_eq!(service_events(&app).len(), 0);
}

#[tokio::test]
async fn material_that_expires_is_destroyed_on_its_date_and_comes_back() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let arn = root.arn(&key).await;
    let id = import(&root, &parameters, MATERIAL, for_days(&app, 0.5)).await;
    let ciphertext = root.encrypt(&key, b"secret").await;
    app.clock().advance(Duration::from_secs(43_199));
    app.do_due_work().await;
    assert_eq!(state(&root, &key).await, "Enabled");

    app.clock().advance(Duration::from_secs(1));
    // Not yet destroyed, but nothing uses it any more.
    let input = json!({ "CiphertextBlob": ciphertext });
    let refused = root.refused("Decrypt", input).await;
    assert_eq!(refused.message(), format!("{arn} is pending import."));
    let metadata = root.describe(&key).await;
    assert_eq!(metadata.get("KeyState"), Some(&json!("PendingImport")));
    assert_eq!((metadata.get("ValidTo"), metadata.get("ExpirationModel")), (None, None));
    for _ in 0..2 {
        app.do_due_work().await;
        assert_eq!(state(&root, &key).await, "PendingImport");
        let events = service_events(&app);
        assert_eq!(events.len(), 1);
        let event = events.first().unwrap();
        let details = json!({ "keyId": key, "keyMaterialId": id });
        assert_eq!(event.get("serviceEventDetails"), Some(&details));
        assert_eq!(event.get("eventType"), Some(&json!("AwsServiceEvent")));
        assert_eq!(event.get("resources"), Some(&json!([resource(&arn)])));
    }
    let metadata = root.describe(&key).await;
    assert_eq!((metadata.get("ValidTo"), metadata.get("ExpirationModel")), (None, None));
    let input = json!({ "CiphertextBlob": ciphertext });
    assert_eq!(root.refused("Decrypt", input.clone()).await.name, "KMSInvalidStateException");
    assert_eq!(import(&root, &parameters, MATERIAL, for_days(&app, 1.0)).await, id);
    root.ok("Decrypt", input).await;
}

#[tokio::test]
async fn a_key_that_is_disabled_or_waits_for_its_deletion_loses_its_material_as_well() {
    let app = TestApp::new().await;
    let root = app.root();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let (key, parameters) = external_key(&root).await;
        import(&root, &parameters, MATERIAL, for_days(&app, 1.0)).await;
        keys.push(key);
    }
    let [disabled, deleted] = keys.try_into().unwrap();
    root.disable(&disabled).await;
    root.schedule_deletion(&deleted).await;
    app.clock().advance_days(1);
    app.do_due_work().await;
    assert_eq!(service_events(&app).len(), 2);
    assert_eq!(state(&root, &disabled).await, "PendingImport");
    assert_eq!(state(&root, &deleted).await, "PendingDeletion");
    root.ok("CancelKeyDeletion", json!({ "KeyId": deleted })).await;
    assert_eq!(state(&root, &deleted).await, "PendingImport");
}

#[tokio::test]
async fn a_key_needs_every_material_it_has_encrypted_with_and_no_other() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let first = import(&root, &parameters, MATERIAL, for_days(&app, 3.0)).await;
    let second = import(&root, &parameters, OTHER_MATERIAL, new_for_days(&app, 1.0)).await;

    // What waits for its rotation may come and go.
    app.clock().advance(Duration::from_hours(23));
    let parameters = root.import_parameters(&key).await;
    app.clock().advance(Duration::from_hours(1));
    app.do_due_work().await;
    assert_eq!(state(&root, &key).await, "Enabled");
    let pending = |is_here| (second.clone(), "PENDING_ROTATION".to_owned(), is_here);
    assert_eq!(materials(&root, &key).await.last(), Some(&pending(false)));
    let refused = root.refused("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    assert_eq!(refused.name, "KMSInvalidStateException");
    import(&root, &parameters, OTHER_MATERIAL, for_days(&app, 1.0)).await;
    assert_eq!(materials(&root, &key).await.last(), Some(&pending(true)));

    let ciphertext = root.encrypt(&key, b"secret").await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    app.settle().await;
    let metadata = root.describe(&key).await;
    assert_eq!(metadata.get("CurrentKeyMaterialId"), Some(&second));
    assert_eq!(
        metadata.get("ValidTo").and_then(Value::as_f64),
        Some(app.clock().now_s() + DAY),
        "the earliest end of all"
    );
    root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;

    let input = json!({ "KeyId": key, "KeyMaterialId": first });
    root.ok("DeleteImportedKeyMaterial", input).await;
    assert_eq!(state(&root, &key).await, "PendingImport");
    import(&root, &parameters, OTHER_MATERIAL, json!({})).await;
    assert_eq!(state(&root, &key).await, "PendingImport", "the older one is still missing");
    let third = parameters.request_with(&[9; 32], json!({ "KeyMaterialId": first }));
    let refused = root.refused("ImportKeyMaterial", third).await;
    assert_eq!(refused.name, "IncorrectKeyMaterialException");
    import(&root, &parameters, MATERIAL, json!({ "KeyMaterialId": first })).await;
    assert_eq!(state(&root, &key).await, "Enabled");
    root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
}

/// A multi-Region key with its material in both Regions, and what to import more with.
struct Pair {
    here: Client,
    there: Client,
    key: String,
    home: ImportParameters,
    abroad: ImportParameters,
    first: Value,
}

impl Pair {
    async fn of(app: &TestApp) -> Self {
        let (here, there) = (app.root(), app.root_in(ABROAD));
        let key = here.create_external_key(json!({ "MultiRegion": true })).await;
        let home = here.import_parameters(&key).await;
        let described = json!({ "KeyMaterialDescription": "first" });
        let first = import(&here, &home, MATERIAL, described).await;
        here.replicate(&key, ABROAD).await;
        let abroad = there.import_parameters(&key).await;
        import(&there, &abroad, MATERIAL, json!({})).await;
        Self { here, there, key, home, abroad, first }
    }

    /// Imports new material into the primary key.
    async fn import_new(&self) -> Value {
        let members = json!({ "ImportType": "NEW_KEY_MATERIAL" });
        import(&self.here, &self.home, OTHER_MATERIAL, members).await
    }

    /// What the newest material is for, and where it is.
    async fn newest(&self) -> [(Value, String, bool); 2] {
        let newest = async |root: &Client| materials(root, &self.key).await.pop().unwrap();
        [newest(&self.here).await, newest(&self.there).await]
    }
}

const WAITS_FOR_IMPORT: &str = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";
const WAITS_FOR_ROTATION: &str = "PENDING_ROTATION";

#[tokio::test]
async fn a_replica_knows_the_ids_and_descriptions_and_has_its_material_imported_itself() {
    let app = TestApp::new().await;
    let (here, there) = (app.root(), app.root_in(ABROAD));
    let key = here.create_external_key(json!({ "MultiRegion": true })).await;
    let parameters = here.import_parameters(&key).await;
    let members = json!({ "KeyMaterialDescription": "first" });
    let id = import(&here, &parameters, MATERIAL, members).await;
    let replica = here.replicate(&key, ABROAD).await;
    assert_eq!(replica.get("KeyState"), Some(&json!("PendingImport")));
    assert_eq!(replica.get("CurrentKeyMaterialId"), Some(&id));
    let ciphertext = here.encrypt(&key, b"secret").await;

    let abroad = there.import_parameters(&key).await;
    let wrong = abroad.request(OTHER_MATERIAL);
    let refused = there.refused("ImportKeyMaterial", wrong).await;
    assert_eq!(refused.name, "IncorrectKeyMaterialException");
    for members in
        [json!({ "ImportType": "NEW_KEY_MATERIAL" }), json!({ "KeyMaterialDescription": "mine" })]
    {
        let request = abroad.request_with(MATERIAL, members);
        let refused = there.refused("ImportKeyMaterial", request).await;
        assert_eq!(refused.name, "UnsupportedOperationException");
    }
    // A token is for the key in one Region.
    let refused = there.refused("ImportKeyMaterial", parameters.request(MATERIAL)).await;
    assert_eq!(refused.name, "InvalidImportTokenException");

    assert_eq!(import(&there, &abroad, MATERIAL, for_days(&app, 1.0)).await, id);
    assert_eq!(state(&there, &key).await, "Enabled");
    there.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    let input = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let listed = there.ok("ListKeyRotations", input).await;
    assert_eq!(listed.pointer("/Rotations/0/KeyMaterialDescription"), Some(&json!("first")));

    // Each Region has its own end of life.
    app.clock().advance_days(1);
    app.do_due_work().await;
    assert_eq!(state(&there, &key).await, "PendingImport");
    assert_eq!(state(&here, &key).await, "Enabled");
}

#[tokio::test]
async fn new_material_waits_until_it_is_in_every_region_and_then_for_its_rotation() {
    let app = TestApp::new().await;
    let pair = Pair::of(&app).await;
    let Pair { here, there, key, .. } = &pair;
    let second = pair.import_new().await;
    let record = app.last_record_in(ABROAD);
    assert_eq!(record.get("eventName"), Some(&json!("SynchronizeMultiRegionKey")));
    let waits = |state: &str, is_there| {
        [(second.clone(), state.to_owned(), true), (second.clone(), state.to_owned(), is_there)]
    };
    assert_eq!(pair.newest().await, waits(WAITS_FOR_IMPORT, false));
    for root in [here, there] {
        assert_eq!(state(root, key).await, "Enabled");
    }
    let rotate = json!({ "KeyId": key });
    let refused = here.refused("RotateKeyOnDemand", rotate.clone()).await;
    assert_eq!(refused.name, "KMSInvalidStateException");

    import(there, &pair.abroad, OTHER_MATERIAL, json!({})).await;
    assert_eq!(pair.newest().await, waits(WAITS_FOR_ROTATION, true));
    // It may go from the replica again, and then waits once more.
    let input = json!({ "KeyId": key, "KeyMaterialId": second });
    there.ok("DeleteImportedKeyMaterial", input).await;
    assert_eq!(pair.newest().await, waits(WAITS_FOR_IMPORT, false));
    import(there, &pair.abroad, OTHER_MATERIAL, json!({})).await;

    let old = here.encrypt(key, b"old").await;
    here.ok("RotateKeyOnDemand", rotate).await;
    app.settle().await;
    let new = here.encrypt(key, b"new").await;
    for root in [here, there] {
        assert_eq!(root.describe(key).await.get("CurrentKeyMaterialId"), Some(&second));
        for ciphertext in [&old, &new] {
            root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        }
    }
    assert_ne!(pair.first, second);
}

#[tokio::test]
async fn material_that_waits_is_forgotten_everywhere_when_it_is_deleted_from_the_primary_key() {
    let app = TestApp::new().await;
    let pair = Pair::of(&app).await;
    let Pair { here, there, key, .. } = &pair;
    let second = pair.import_new().await;
    import(there, &pair.abroad, OTHER_MATERIAL, json!({})).await;
    let input = json!({ "KeyId": key, "KeyMaterialId": second });
    here.ok("DeleteImportedKeyMaterial", input.clone()).await;
    let current = (pair.first.clone(), "CURRENT".to_owned(), true);
    assert_eq!(pair.newest().await, [current.clone(), current]);
    let refused = there.refused("DeleteImportedKeyMaterial", input).await;
    assert_eq!(refused.name, "NotFoundException");
    for root in [here, there] {
        assert_eq!(state(root, key).await, "Enabled");
    }
    // The material every Region needs goes where it is deleted, and nowhere else.
    here.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
    assert_eq!(state(here, key).await, "PendingImport");
    assert_eq!(state(there, key).await, "Enabled");
}

#[tokio::test]
async fn material_that_expires_in_one_region_waits_for_its_import_there() {
    let app = TestApp::new().await;
    let pair = Pair::of(&app).await;
    let second = pair.import_new().await;
    import(&pair.there, &pair.abroad, OTHER_MATERIAL, for_days(&app, 1.0)).await;
    app.clock().advance_days(1);
    app.do_due_work().await;
    let waits = |is_here| (second.clone(), WAITS_FOR_IMPORT.to_owned(), is_here);
    assert_eq!(pair.newest().await, [waits(true), waits(false)]);
    for root in [&pair.here, &pair.there] {
        assert_eq!(state(root, &pair.key).await, "Enabled");
    }
}

#[tokio::test]
async fn material_does_not_wait_for_a_replica_that_is_gone() {
    let app = TestApp::new().await;
    let pair = Pair::of(&app).await;
    let second = pair.import_new().await;
    pair.there.schedule_deletion(&pair.key).await;
    app.clock().advance_days(30);
    assert_eq!(app.delete_due_keys().await, 1);
    let newest = materials(&pair.here, &pair.key).await.pop();
    assert_eq!(newest, Some((second, WAITS_FOR_ROTATION.to_owned(), true)));
    pair.here.ok("RotateKeyOnDemand", json!({ "KeyId": pair.key })).await;
}

async fn rows(app: &TestApp, key: &str) -> Vec<MaterialRecord> {
    let root = app.root();
    let scope = keyward_store::Scope {
        account: root.caller().account,
        region: "us-east-1".parse().unwrap(),
    };
    app.engine().store().materials().list(&scope.key(key.parse().unwrap())).await.unwrap()
}

/// Whoever comes first: the key can be used exactly if its material is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn imports_deletions_and_expiry_that_meet_leave_the_key_as_its_material() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let parameters = Arc::new(parameters);
    let mut seen = [false; 2];
    for round in 0..20 {
        let soon = json!({ "ExpirationModel": null, "ValidTo": app.clock().now_s() + 2.0 });
        import(&root, &parameters, MATERIAL, soon).await;
        app.clock().advance(Duration::from_secs(2));
        let again = root.call("ImportKeyMaterial", parameters.request(MATERIAL));
        let deletion = async {
            if round % 2 == 0 {
                root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
            }
        };
        let (again, (), ()) = tokio::join!(again, deletion, app.do_due_work());
        again.unwrap();
        let rows = rows(&app, &key).await;
        assert_eq!(rows.len(), 1);
        let is_here = rows.first().unwrap().sealed.is_some();
        let expected = if is_here { "Enabled" } else { "PendingImport" };
        assert_eq!(state(&root, &key).await, expected);
        let encrypted = root.call("Encrypt", json!({ "KeyId": key, "Plaintext": blob("a") })).await;
        assert_eq!(encrypted.is_ok(), is_here);
        if let Some(seen) = seen.get_mut(usize::from(is_here)) {
            *seen = true;
        }
    }
    assert!(seen.contains(&true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_new_materials_that_come_at_once_one_waits() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    import(&root, &parameters, MATERIAL, json!({})).await;
    let mut calls = tokio::task::JoinSet::new();
    for byte in 10..20 {
        let members = json!({ "ImportType": "NEW_KEY_MATERIAL" });
        let request = parameters.request_with(&[byte; 32], members);
        let root = root.clone();
        calls.spawn(async move { root.call("ImportKeyMaterial", request).await });
    }
    let results = calls.join_all().await;
    let refused: Vec<&Refused> = results.iter().filter_map(|it| it.as_ref().err()).collect();
    assert_eq!(refused.len(), 9);
    assert!(refused.iter().all(|it| it.name == "KMSInvalidStateException"));
    assert_eq!(rows(&app, &key).await.len(), 2);
}

#[tokio::test]
async fn imported_material_survives_a_restart_and_new_domain_keys() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    import(&root, &parameters, MATERIAL, json!({})).await;
    let ciphertext = root.encrypt(&key, b"secret").await;
    app.engine().rotate_domain_keys(app.seal()).await.unwrap();
    drop(root);
    let app = app.restarted().await;
    let root = app.root();
    root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    import(&root, &parameters, MATERIAL, json!({})).await;
}
