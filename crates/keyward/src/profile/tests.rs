use std::os::unix::fs::MetadataExt;

use keyward_crypto::SigningSecret;
use keyward_model::{AccessKeyId, Rng};

use super::*;

struct Constant;

impl Rng for Constant {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn credential(account: &str, secret: &str) -> NewCredential {
    NewCredential {
        account: account.parse().unwrap(),
        access_key_id: AccessKeyId::long_term(&Constant),
        secret: SigningSecret::new(secret.as_bytes().to_vec()),
    }
}

fn profiles() -> (tempfile::TempDir, Profiles) {
    let parent = tempfile::tempdir().unwrap();
    let dir = DataDir::locate(Some(parent.path().join("data"))).unwrap();
    dir.create().unwrap();
    let profiles = Profiles::of(&dir).unwrap();
    (parent, profiles)
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint { url: url.to_owned(), ca_bundle: None }
}

fn first() -> (tempfile::TempDir, Profiles) {
    let (parent, profiles) = profiles();
    let endpoint = endpoint("http://127.0.0.1:7600");
    let root = credential("111122223333", "s1");
    let account = NewAccount { root, administrator: credential("111122223333", "s3") };
    profiles.write_first(&account, "eu-central-1", &endpoint).unwrap();
    (parent, profiles)
}

fn add(profiles: &Profiles) -> String {
    let first_account = "111122223333".parse().unwrap();
    profiles.put_credential(&credential("444455556666", "s2"), first_account).unwrap()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_first_account_is_the_default_profile_and_keyward_and_its_user_keyward_admin() {
    let (_parent, profiles) = first();
    let id = AccessKeyId::long_term(&Constant);
    let keys = |secret| {
        format!(
            "aws_access_key_id = {}\naws_secret_access_key = {secret}\n\
             aws_account_id = 111122223333\n",
            id.as_str()
        )
    };
    let (root, admin) = (keys("s1"), keys("s3"));
    let written = format!("[default]\n{root}\n[keyward]\n{root}\n[keyward-admin]\n{admin}");
    assert_eq!(text(&profiles.credentials), written);
    let settings = "region = eu-central-1\nendpoint_url = http://127.0.0.1:7600\n";
    let written = format!(
        "[default]\n{settings}\n[profile keyward]\n{settings}\n[profile keyward-admin]\n{settings}"
    );
    assert_eq!(text(&profiles.config), written);
}

#[test]
fn administrators_and_services_have_profiles_of_their_own() {
    let first = "111122223333".parse().unwrap();
    let other = "444455556666".parse().unwrap();
    assert_eq!(Profiles::of_administrator(first, first), ADMINISTRATOR);
    assert_eq!(Profiles::of_administrator(other, first), "keyward-444455556666-admin");
    assert_eq!(Profiles::of_service("s3", first, first), "keyward-service-s3");
    assert_eq!(Profiles::of_service("s3", other, first), "keyward-service-s3-444455556666");
}

#[test]
fn profile_files_are_closed_to_others() {
    let (_parent, profiles) = first();
    for path in [&profiles.credentials, &profiles.config] {
        assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    }
    let directory = profiles.config.parent().unwrap();
    assert_eq!(std::fs::metadata(directory).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn another_account_gets_a_profile_with_the_endpoint_of_the_first() {
    let (_parent, profiles) = first();
    let name = add(&profiles);
    assert_eq!(name, "keyward-444455556666");
    assert!(text(&profiles.credentials).contains("[keyward-444455556666]\n"));
    assert!(text(&profiles.config).ends_with(
        "\n[profile keyward-444455556666]\nregion = eu-central-1\n\
         endpoint_url = http://127.0.0.1:7600\n"
    ));
}

#[test]
fn replaced_credentials_of_the_first_account_leave_no_old_secret_behind() {
    let (_parent, profiles) = first();
    let first_account = "111122223333".parse().unwrap();
    let name = profiles.put_credential(&credential("111122223333", "s9"), first_account).unwrap();
    assert_eq!(name, "keyward");
    let written = text(&profiles.credentials);
    assert!(!written.contains("= s1"));
    assert_eq!(written.matches("aws_secret_access_key = s9").count(), 2);
}

#[test]
fn pointing_changes_our_profiles_and_leaves_those_of_the_operator() {
    let (_parent, profiles) = first();
    add(&profiles);
    let mine = "\n[profile mine]\nendpoint_url = http://elsewhere\n";
    std::fs::write(&profiles.config, text(&profiles.config) + mine).unwrap();

    let ca_bundle = Some("/data/tls/ca.pem".into());
    let moved = Endpoint { url: "https://kms.internal:9000".to_owned(), ca_bundle };
    profiles.point(&moved).unwrap();

    let written = text(&profiles.config);
    assert_eq!(written.matches("endpoint_url = https://kms.internal:9000").count(), 4);
    assert_eq!(written.matches("ca_bundle = /data/tls/ca.pem").count(), 4);
    assert_eq!(written.matches("127.0.0.1").count(), 0);
    assert!(written.contains("endpoint_url = http://elsewhere"));
}

#[test]
fn the_credentials_of_another_account_are_never_written_over() {
    let (_parent, profiles) = first();
    let before = text(&profiles.credentials);
    let other = "444455556666".parse().unwrap();
    let refused = profiles.put_credential(&credential("444455556666", "s2"), other).unwrap_err();
    assert!(refused.to_string().contains("account 111122223333"), "{refused}");
    assert_eq!(text(&profiles.credentials), before);
}

#[test]
fn a_bundle_of_ours_goes_with_the_certificate_and_one_of_the_operator_stays() {
    let (_parent, profiles) = first();
    add(&profiles);
    let ca_bundle = Some(profiles.own_bundle.clone());
    profiles.point(&Endpoint { url: "https://localhost:7600".to_owned(), ca_bundle }).unwrap();
    assert_eq!(text(&profiles.config).matches("ca_bundle").count(), 4);

    let mixed = text(&profiles.config).replacen(
        &profiles.own_bundle.display().to_string(),
        "/etc/ssl/company.pem",
        1,
    );
    std::fs::write(&profiles.config, mixed).unwrap();
    profiles.point(&endpoint("https://kms.example.org")).unwrap();
    let written = text(&profiles.config);
    assert_eq!(written.matches("ca_bundle").count(), 1, "{written}");
    assert!(written.contains("ca_bundle = /etc/ssl/company.pem"));
}

#[test]
fn a_server_on_loopback_is_found_on_loopback_whatever_its_certificate_says() {
    let dir = tempfile::tempdir().unwrap();
    let ca = PrivateCa::at(dir.path().to_owned());
    let now = keyward_model::Timestamp::from_unix_ms(1_790_000_000_000);
    ca.create(&["*.example.org".to_owned(), "fd00::1".to_owned()], now).unwrap();
    for (listens, expected) in [
        ("127.0.0.1:1", "https://localhost:1"),
        ("[::1]:1", "https://localhost:1"),
        ("0.0.0.0:1", "https://[fd00::1]:1"),
        ("10.0.0.1:1", "https://[fd00::1]:1"),
    ] {
        let endpoint = Endpoint::under(&ca, listens.parse().unwrap()).unwrap();
        assert_eq!(endpoint.url, expected);
        assert_eq!(endpoint.ca_bundle, Some(ca.ca_bundle()));
    }
}
