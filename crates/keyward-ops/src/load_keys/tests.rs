use keyward_testkit::{TestApp, TestOptions};
use serde_json::{Value, json};

use super::*;

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const OTHER_ID: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";
/// The bytes 0 to 31, and 32 zeros.
const COUNTED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// `openssl genpkey -algorithm ed25519`, once.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpe3GgHeZ0mPiL+A9g\n\
    -----END PRIVATE KEY-----\n";

async fn development() -> TestApp {
    TestApp::with(TestOptions { is_development: true, ..TestOptions::default() }).await
}

async fn load(app: &TestApp, file: &Value) -> Result<usize, LoadError> {
    let account = keyward_testkit::ACCOUNT.parse().unwrap();
    load_keys(app.engine(), &file.to_string(), account, "uid 0").await
}

/// The entry with other members, refused with these words; nothing of the file is there.
async fn refused(app: &TestApp, members: Value, words: &str) {
    let good = json!({ "keyId": OTHER_ID, "material": ZEROS });
    let mut entry = json!({ "keyId": ID, "material": COUNTED });
    for (name, value) in members.as_object().unwrap() {
        entry[name] = value.clone();
    }
    let error = load(app, &json!([good, entry])).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("entry 2 ({ID}): ")), "{error}");
    assert!(error.contains(words), "{error}");
    let keys = app.root().ok("ListKeys", json!({})).await;
    assert_eq!(keys["Keys"], json!([]), "{error}");
}

#[tokio::test]
async fn a_loaded_key_is_what_its_entry_says() {
    let app = development().await;
    let entry = json!({
        "keyId": ID,
        "region": "eu-central-1",
        "keySpec": "ECC_NIST_EDWARDS25519",
        "origin": "EXTERNAL",
        "description": "for tests",
        "enabled": false,
        "aliases": ["alias/a", "alias/b"],
        "tags": [{ "TagKey": "purpose", "TagValue": "tests" }],
        "policy": {
            "Statement": {
                "Effect": "Allow",
                "Principal": { "AWS": "111122223333" },
                "Action": "kms:*",
                "Resource": "*",
            },
        },
        "pem": ED25519,
    });
    assert_eq!(load(&app, &json!([entry])).await.unwrap(), 1);

    let root = app.root_in("eu-central-1");
    let metadata = root.describe("alias/b").await;
    assert_eq!(metadata["KeyId"], ID);
    assert_eq!(metadata["KeyState"], "Disabled");
    assert_eq!(metadata["KeySpec"], "ECC_NIST_EDWARDS25519");
    assert_eq!(metadata["Origin"], "EXTERNAL");
    assert_eq!(metadata["Description"], "for tests");
    let tags = root.ok("ListResourceTags", json!({ "KeyId": ID })).await;
    assert_eq!(tags["Tags"][0]["TagValue"], "tests");
    let policy = root.ok("GetKeyPolicy", json!({ "KeyId": ID })).await;
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"]["Principal"], json!({ "AWS": "111122223333" }));
}

#[tokio::test]
async fn what_older_material_has_encrypted_is_decrypted_and_the_current_one_encrypts() {
    let app = development().await;
    load(&app, &json!([{ "keyId": ID, "material": ZEROS }])).await.unwrap();
    let old = app.root().ok("Encrypt", json!({ "KeyId": ID, "Plaintext": COUNTED })).await;

    let app = development().await;
    let versions = json!([{ "material": COUNTED, "current": true }, { "material": ZEROS }]);
    load(&app, &json!([{ "keyId": ID, "material": versions }])).await.unwrap();
    let root = app.root();
    let opened = root.ok("Decrypt", json!({ "CiphertextBlob": old["CiphertextBlob"] })).await;
    assert_eq!(opened["Plaintext"], COUNTED);

    let new = root.ok("Encrypt", json!({ "KeyId": ID, "Plaintext": COUNTED })).await;
    let newer = development().await;
    load(&newer, &json!([{ "keyId": ID, "material": COUNTED }])).await.unwrap();
    let blob = json!({ "CiphertextBlob": new["CiphertextBlob"] });
    assert_eq!(newer.root().ok("Decrypt", blob).await["Plaintext"], COUNTED);
}

#[tokio::test]
async fn a_wrong_entry_is_named_and_nothing_is_loaded() {
    let app = development().await;
    for (members, words) in [
        (json!({ "keyid": ID }), "unknown field `keyid`"),
        (json!({ "account": "444455556666" }), "the deployment has no 444455556666"),
        (json!({ "region": "ap-south-1" }), "the deployment has no ap-south-1"),
        (json!({ "keySpec": "AES_256" }), "`keySpec`: word outside its closed set"),
        (json!({ "keyUsage": "SIGN_VERIFY" }), "SIGN_VERIFY is not for SYMMETRIC_DEFAULT"),
        (json!({ "keySpec": "RSA_2048" }), "`keyUsage`: RSA_2048 has several usages"),
        (json!({ "origin": "AWS_CLOUDHSM" }), "`origin`"),
        (json!({ "keySpec": "ML_KEM_768", "origin": "EXTERNAL" }), "`origin`"),
        (json!({ "multiRegion": true }), "begins with `mrk-`"),
        (json!({ "description": "x".repeat(8193) }), "`description`"),
        (json!({ "policy": {} }), "`policy`: Policy document is malformed"),
        (json!({ "aliases": ["app"] }), "`aliases`"),
        (json!({ "aliases": ["alias/aws/s3"] }), "alias/aws/s3 is reserved"),
        (json!({ "aliases": ["alias/a", "alias/a"] }), "alias/a exists already"),
        (json!({ "tags": [{ "TagKey": "aws:a", "TagValue": "" }] }), "`tags`: aws: prefixed"),
        (json!({ "material": null }), "`material`: a key of origin AWS_KMS has some"),
        (json!({ "material": "AAAA" }), "`material` 1: no material of this `keySpec`"),
        (json!({ "material": "%" }), "`material`: not base64 text"),
        (json!({ "material": [] }), "1 to 26 versions"),
        (json!({ "material": [{ "material": ZEROS }, {}] }), "either `material` or `pem`"),
        (json!({ "pem": ED25519 }), "either `material` or `pem`"),
        (json!({ "material": null, "pem": "-----BEGIN EC PRIVATE KEY-----" }), "`pem`"),
    ] {
        refused(&app, members, words).await;
    }
    let twice = json!([{ "material": ZEROS }, { "material": ZEROS }]);
    let error = load(&app, &json!([{ "keyId": ID, "material": twice }])).await.unwrap_err();
    assert!(error.to_string().contains("the same material twice"), "{error}");
    assert!(matches!(load(&app, &json!({})).await, Err(LoadError::NotAList(_))));
}

#[tokio::test]
async fn a_key_or_alias_that_exists_is_refused() {
    let app = development().await;
    let entry = json!({ "keyId": ID, "material": ZEROS, "aliases": ["alias/a"] });
    let error = load(&app, &json!([entry, entry])).await.unwrap_err().to_string();
    assert_eq!(error, format!("entry 2 ({ID}): the key exists already"));
    load(&app, &json!([entry])).await.unwrap();
    let error = load(&app, &json!([entry])).await.unwrap_err().to_string();
    assert_eq!(error, format!("entry 1 ({ID}): the key exists already"));

    let same_alias = json!({ "keyId": OTHER_ID, "material": ZEROS, "aliases": ["alias/a"] });
    let error = load(&app, &json!([same_alias])).await.unwrap_err().to_string();
    assert!(error.contains("alias/a exists already"), "{error}");

    let multi_region = json!({ "keyId": OTHER_ID, "material": ZEROS });
    load(&app, &json!([multi_region])).await.unwrap();
    let elsewhere = json!({ "keyId": OTHER_ID, "material": ZEROS, "region": "eu-central-1" });
    let error = load(&app, &json!([elsewhere])).await.unwrap_err().to_string();
    assert!(error.contains("the key exists already"), "{error}");
}

#[tokio::test]
async fn an_ordinary_deployment_takes_no_keys() {
    let app = TestApp::new().await;
    let error = load(&app, &json!([{ "keyId": ID, "material": ZEROS }])).await.unwrap_err();
    assert!(error.to_string().contains("this is not a development deployment"), "{error}");
}
