//! Every operation on a key in every state, held against the service's own table.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use keyward_model::{KeySpec, KeyState, KeyUsage, Origin};
use keyward_testkit::{Client, Refused, TestApp, blob};
use serde_json::{Value, json};

/// `y`: works. A number: the error of that note. `a/b`: `b` if the key is of the wrong kind, else
/// `a`; with three parts the two last are kinds. `?` behind a kind: works unless the kind is wrong.
/// A kind alone: only keys of that wrong kind are ever in this state. `-`: no such key is.
///
/// The columns: Enabled, Disabled, PendingDeletion and PendingReplicaDeletion, PendingImport,
/// Unavailable, Creating, Updating. Enabling and disabling an Unavailable key is left out: both work
/// once there are key stores.
const TABLE: &str = "
    CancelKeyDeletion                    4     4     y     4    4   4   4
    CreateAlias                          y     y     3     y    y   y   y
    CreateGrant                          y     1     3     5    y   14  y
    Decapsulate                          y     1     3     -    -   14  y
    Decrypt                              y     1     3     5    11  14  y
    DeleteAlias                          y     y     y     y    y   y   y
    DeleteImportedKeyMaterial            9?    9?    9?    y    9   14  15
    DeriveSharedSecret                   y     1     3     5    -   14  y
    DescribeKey                          y     y     y     y    y   y   y
    DisableKey                           y     y     3     5    -   14  15
    DisableKeyRotation                   6/7?  1/6/7 3/6/7 6    7   14  6/7?
    EnableKey                            y     y     3     5    -   14  15
    EnableKeyRotation                    6/7?  1/6/7 3/6/7 6    7   14  6/7?
    Encapsulate                          y     1     3     -    -   14  y
    Encrypt                              y     1     3     5    11  14  y
    GenerateDataKey                      y     1     3     5    11  14  y
    GenerateDataKeyPair                  7?    1/7   3/7   5    7   14  7?
    GenerateDataKeyPairWithoutPlaintext  7?    1/7   3/7   5    7   14  7?
    GenerateDataKeyWithoutPlaintext      y     1     3     5    11  14  y
    GenerateMac                          y     1     3     5    -   14  y
    GetKeyLastUsage                      y     y     y     y    y   y   y
    GetKeyPolicy                         y     y     y     y    y   y   y
    GetKeyRotationStatus                 7?    7?    7?    y    7   7?  7?
    GetParametersForImport               9?    9?    8/9   y    9   14  15
    GetPublicKey                         y     y     3     y    -   14  y
    ImportKeyMaterial                    9?    9?    8/9   y    9   14  y
    ListAliases                          y     y     y     y    y   y   y
    ListGrants                           y     y     y     y    y   y   y
    ListKeyPolicies                      y     y     y     y    y   y   y
    ListKeyRotations                     7?    7?    7?    y    7   7?  7?
    ListResourceTags                     y     y     y     y    y   y   y
    PutKeyPolicy                         y     y     y     y    y   y   y
    ReEncrypt                            y     1     3     5    11  14  y
    ReplicateKey                         y     1     3     5    -   14  15
    RetireGrant                          y     y     y     y    y   y   y
    RevokeGrant                          y     y     y     y    y   y   y
    RotateKeyOnDemand                    7?    1/7   3/7   5    7   14  7?
    ScheduleKeyDeletion                  y     y     3     y    y   y   15
    Sign                                 y     1     3     5    -   14  y
    TagResource                          y     y     3     y    y   y   y
    UntagResource                        y     y     3     y    y   y   y
    UpdateAlias                          y     y     10    y    y   y   y
    UpdateKeyDescription                 y     y     3     y    y   y   y
    UpdatePrimaryRegion                  y     1     3     5    -   14  y
    Verify                               y     1     3     5    -   14  y
    VerifyMac                            y     1     3     5    -   14  y
";

/// The operations that concern no one key, and so no state.
const STATELESS: [&str; 10] = [
    "ConnectCustomKeyStore",
    "CreateCustomKeyStore",
    "CreateKey",
    "DeleteCustomKeyStore",
    "DescribeCustomKeyStores",
    "DisconnectCustomKeyStore",
    "GenerateRandom",
    "ListKeys",
    "ListRetirableGrants",
    "UpdateCustomKeyStore",
];

const COLUMNS: [&[KeyState]; 7] = [
    &[KeyState::Enabled],
    &[KeyState::Disabled],
    &[KeyState::PendingDeletion, KeyState::PendingReplicaDeletion],
    &[KeyState::PendingImport],
    &[KeyState::Unavailable],
    &[KeyState::Creating],
    &[KeyState::Updating],
];

/// A kind of key, as far as the table tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Agreement,
    Encapsulation,
    External,
    InStore,
    Mac,
    Primary,
    Signing,
    Symmetric,
}

/// The kind an operation is for.
fn right_kind(operation: &str) -> Kind {
    match operation {
        "Decapsulate" | "Encapsulate" => Kind::Encapsulation,
        "DeleteImportedKeyMaterial" | "GetParametersForImport" | "ImportKeyMaterial" => {
            Kind::External
        }
        "DeriveSharedSecret" => Kind::Agreement,
        "GenerateMac" | "VerifyMac" => Kind::Mac,
        "GetPublicKey" | "Sign" | "Verify" => Kind::Signing,
        "ReplicateKey" | "UpdatePrimaryRegion" => Kind::Primary,
        _ => Kind::Symmetric,
    }
}

/// The kinds that a note about kinds is about.
fn wrong_kinds(operation: &str, note: u8) -> &'static [Kind] {
    match (note, operation) {
        (6, _) => &[Kind::External],
        (
            7,
            "DisableKeyRotation" | "EnableKeyRotation" | "ListKeyRotations" | "RotateKeyOnDemand",
        ) => &[Kind::InStore, Kind::Signing, Kind::Mac],
        (7, _) => &[Kind::InStore],
        (9, _) => &[Kind::Symmetric, Kind::Signing, Kind::InStore],
        _ => &[],
    }
}

/// The error of a note.
fn error_of(note: u8, arn: &str, state: KeyState, kind: Kind) -> Refused {
    let invalid = |is: &str| Refused::new("KMSInvalidStateException", format!("{arn} is {is}."));
    let origin = |origin: &str| {
        let message = format!("{arn} origin is {origin} which is not valid for this operation.");
        Refused::new("UnsupportedOperationException", message)
    };
    let pending = match state {
        KeyState::PendingReplicaDeletion => "pending replica deletion",
        _ => "pending deletion",
    };
    match note {
        1 => Refused::new("DisabledException", format!("{arn} is disabled.")),
        3 | 8 | 10 => invalid(pending),
        4 => invalid("not pending deletion"),
        5 => invalid("pending import"),
        6 => origin("EXTERNAL"),
        7 | 9 if kind == Kind::InStore => origin("AWS_CLOUDHSM"),
        9 => origin("AWS_KMS"),
        7 => Refused::silent("UnsupportedOperationException"),
        11 => invalid("unavailable"),
        14 => invalid("creating"),
        15 => invalid("updating"),
        _ => panic!("no note {note}"),
    }
}

/// What a cell says of one kind.
#[derive(Clone, Copy)]
enum Answer {
    Refused(u8),
    Works,
}

/// What one cell says of one kind, if anything.
fn expected(cell: &str, operation: &str, kind: Kind) -> Option<Answer> {
    if cell == "-" {
        return None;
    }
    let notes: Vec<u8> =
        cell.split('/').filter_map(|part| part.trim_end_matches('?').parse().ok()).collect();
    let is_about_kinds = |note: &u8| [6, 7, 9].contains(note);
    let about_this_kind = notes
        .iter()
        .copied()
        .filter(is_about_kinds)
        .find(|&note| wrong_kinds(operation, note).contains(&kind));
    if about_this_kind.is_some() {
        return about_this_kind.map(Answer::Refused);
    }
    if kind != right_kind(operation) {
        return None;
    }
    match notes.iter().find(|note| !is_about_kinds(note)) {
        Some(&note) => Some(Answer::Refused(note)),
        // A kind alone, without a mark: keys of the right kind are never here.
        None if !notes.is_empty() && !cell.ends_with('?') => None,
        None => Some(Answer::Works),
    }
}

struct Row {
    operation: &'static str,
    cells: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().map(str::trim).filter(|line| !line.is_empty());
    let rows = lines.map(|line| {
        let mut words = line.split_whitespace();
        Row { operation: words.next().unwrap(), cells: words.collect() }
    });
    rows.collect()
}

#[test]
fn the_table_has_every_operation_that_concerns_a_key() {
    let rows = rows();
    assert!(rows.iter().all(|row| row.cells.len() == COLUMNS.len()));
    let mut named: Vec<_> = rows.iter().map(|row| row.operation).chain(STATELESS).collect();
    named.sort_unstable();
    let model: Vec<_> = keyward_ops::constraints::OPERATIONS.iter().map(|it| it.name).collect();
    assert_eq!(named, model);
}

#[tokio::test]
async fn every_operation_answers_in_every_state_as_the_table_says() {
    let app = TestApp::new().await;
    let root = app.root();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for row in rows() {
        for (cell, states) in row.cells.iter().zip(COLUMNS) {
            for &state in states {
                for kind in KINDS {
                    let Some(answer) = expected(cell, row.operation, kind) else { continue };
                    let case = Case { operation: row.operation, kind, state };
                    wrong.extend(case.check(&app, &root, answer).await.err());
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(cases > 450, "only {cases} cases");
}

const KINDS: [Kind; 8] = [
    Kind::Agreement,
    Kind::Encapsulation,
    Kind::External,
    Kind::InStore,
    Kind::Mac,
    Kind::Primary,
    Kind::Signing,
    Kind::Symmetric,
];

struct Case {
    operation: &'static str,
    kind: Kind,
    state: KeyState,
}

impl Case {
    async fn check(&self, app: &TestApp, root: &Client, answer: Answer) -> Result<(), String> {
        let Self { operation, kind, state } = *self;
        let key = new_key(app, root, kind).await;
        let arn = root.arn(&key).await;
        let input = self.input(root, &key).await;
        if operation == "UpdatePrimaryRegion" {
            let replica = json!({ "KeyId": key, "ReplicaRegion": "eu-central-1" });
            root.ok("ReplicateKey", replica).await;
            app.do_due_work().await;
        }
        app.put_in_state(&key, state).await;
        let result = root.call(operation, input).await;
        let refused = result.as_ref().err();
        let expected = match answer {
            Answer::Refused(note) => Some(error_of(note, &arn, state, kind)),
            Answer::Works => None,
        };
        let is_expected = match (&expected, refused) {
            // Behind kind and state comes the token, which is no token.
            (None, Some(refused)) if operation == "ImportKeyMaterial" => {
                refused.name == "InvalidImportTokenException"
            }
            // The texts about rotation of other kinds are not the service's.
            (Some(expected), Some(refused)) if expected.message.is_none() => {
                expected.name == refused.name
            }
            (expected, refused) => expected.as_ref() == refused,
        };
        if is_expected {
            return Ok(());
        }
        Err(format!("{operation} {kind:?} {state}: {refused:?}, not {expected:?}"))
    }

    /// A request that is sound while the key is Enabled.
    async fn input(&self, root: &Client, key: &str) -> Value {
        let mut input = match self.operation {
            "CreateAlias" => {
                return json!({ "AliasName": format!("alias/of-{key}"), "TargetKeyId": key });
            }
            "DeleteAlias" => {
                root.create_alias(&format!("alias/of-{key}"), key).await;
                return json!({ "AliasName": format!("alias/of-{key}") });
            }
            "UpdateAlias" => {
                let old = root.create_key().await;
                root.create_alias(&format!("alias/of-{key}"), &old).await;
                return json!({ "AliasName": format!("alias/of-{key}"), "TargetKeyId": key });
            }
            "ReEncrypt" => {
                let old = root.create_key().await;
                let ciphertext = root.encrypt(&old, b"secret").await;
                return json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": key });
            }
            "Decrypt" => json!({ "CiphertextBlob": root.encrypt(key, b"secret").await }),
            "RetireGrant" | "RevokeGrant" => {
                let grant = root.ok("CreateGrant", grant(key)).await;
                json!({ "GrantId": grant["GrantId"] })
            }
            "CreateGrant" => grant(key),
            "VerifyMac" => {
                let input = json!({
                    "KeyId": key, "Message": blob("m"), "MacAlgorithm": "HMAC_SHA_256",
                });
                let mut input = input;
                input["Mac"] = root.ok("GenerateMac", input.clone()).await["Mac"].clone();
                input
            }
            "Verify" => {
                let mut input = signing(key);
                input["Signature"] = root.ok("Sign", input.clone()).await["Signature"].clone();
                input
            }
            "Decapsulate" => {
                let input = json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" });
                let reply = root.ok("Encapsulate", input).await;
                json!({
                    "EncapsulationAlgorithm": "ML_KEM",
                    "SharedSecretCiphertextBlob": reply["SharedSecretCiphertextBlob"],
                })
            }
            "DeriveSharedSecret" => {
                let public = root.ok("GetPublicKey", json!({ "KeyId": key })).await;
                json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": public["PublicKey"] })
            }
            "UpdatePrimaryRegion" => json!({ "PrimaryRegion": "eu-central-1" }),
            operation => plain_input(operation),
        };
        input["KeyId"] = json!(key);
        input
    }
}

fn plain_input(operation: &str) -> Value {
    match operation {
        "Encapsulate" => json!({ "EncapsulationAlgorithm": "ML_KEM" }),
        "Encrypt" => json!({ "Plaintext": blob("p") }),
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({ "KeySpec": "AES_256" }),
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            json!({ "KeyPairSpec": "ECC_NIST_P256" })
        }
        "GenerateMac" => json!({ "Message": blob("m"), "MacAlgorithm": "HMAC_SHA_256" }),
        "GetParametersForImport" => {
            json!({ "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" })
        }
        "ImportKeyMaterial" => json!({
            "ImportToken": blob("token"),
            "EncryptedKeyMaterial": blob("material"),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        }),
        "PutKeyPolicy" => json!({
            "Policy": r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#,
        }),
        "ReplicateKey" => json!({ "ReplicaRegion": "eu-central-1" }),
        "Sign" => json!({ "Message": blob("m"), "SigningAlgorithm": "ECDSA_SHA_256" }),
        "TagResource" => json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] }),
        "UntagResource" => json!({ "TagKeys": ["a"] }),
        "UpdateKeyDescription" => json!({ "Description": "d" }),
        _ => json!({}),
    }
}

fn grant(key: &str) -> Value {
    json!({
        "KeyId": key,
        "GranteePrincipal": "arn:aws:iam::111122223333:root",
        "Operations": ["DescribeKey"],
    })
}

fn signing(key: &str) -> Value {
    json!({ "KeyId": key, "Message": blob("m"), "SigningAlgorithm": "ECDSA_SHA_256" })
}

async fn new_key(app: &TestApp, root: &Client, kind: Kind) -> String {
    match kind {
        Kind::Agreement => root.create_key_of(KeySpec::EccNistP256, KeyUsage::KeyAgreement).await,
        Kind::Encapsulation => {
            root.create_key_of(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate).await
        }
        Kind::External => root.create_key_with(json!({ "Origin": "EXTERNAL" })).await,
        Kind::InStore => {
            let key = root.create_key().await;
            app.alter_key(&key, |record| record.origin = Origin::AwsCloudHsm).await;
            key
        }
        Kind::Mac => root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await,
        Kind::Primary => root.create_key_with(json!({ "MultiRegion": true })).await,
        Kind::Signing => root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await,
        Kind::Symmetric => root.create_key().await,
    }
}
