//! What a Rust program finds: the SDK, the profile that `keyward init` wrote, and nothing else.
//!
//! A server runs already; `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE` and `AWS_PROFILE` name it.

mod every_operation;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::operation::encrypt::EncryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeyMetadata, KeyState, Tag};
use aws_smithy_http_client::Builder;

async fn client() -> Client {
    let http = Builder::new().build_http();
    Client::new(&aws_config::from_env().http_client(http).load().await)
}

async fn new_key(kms: &Client) -> KeyMetadata {
    kms.create_key().send().await.unwrap().key_metadata.unwrap()
}

#[tokio::test]
async fn what_was_encrypted_is_decrypted_under_the_same_context_only() {
    let kms = client().await;
    let key = new_key(&kms).await;
    let sealed = kms
        .encrypt()
        .key_id(&key.key_id)
        .plaintext(Blob::new("attack at dawn"))
        .encryption_context("tenant", "blue")
        .send()
        .await
        .unwrap();
    let blob = sealed.ciphertext_blob.unwrap();

    let open = |tenant: &str| {
        kms.decrypt().ciphertext_blob(blob.clone()).encryption_context("tenant", tenant).send()
    };
    let opened = open("blue").await.unwrap();
    assert_eq!(opened.plaintext.unwrap().as_ref(), b"attack at dawn");
    assert_eq!(opened.key_id, key.arn);

    let refused = open("red").await.unwrap_err().into_service_error();
    assert!(matches!(refused, DecryptError::InvalidCiphertextException(_)), "{refused:?}");
    assert_eq!(refused.message(), None);
}

#[tokio::test]
async fn errors_are_of_the_class_the_sdk_knows() {
    let kms = client().await;
    let key = new_key(&kms).await;
    let encrypt = |key_id: &str| kms.encrypt().key_id(key_id).plaintext(Blob::new("x")).send();

    let missing = encrypt("alias/absent").await.unwrap_err().into_service_error();
    assert!(matches!(missing, EncryptError::NotFoundException(_)), "{missing:?}");

    kms.disable_key().key_id(&key.key_id).send().await.unwrap();
    let disabled = encrypt(&key.key_id).await.unwrap_err().into_service_error();
    assert!(matches!(disabled, EncryptError::DisabledException(_)), "{disabled:?}");
    assert_eq!(disabled.message(), Some(format!("{} is disabled.", key.arn.unwrap()).as_str()));

    let invalid = kms.generate_random().number_of_bytes(0).send().await.unwrap_err();
    assert_eq!(invalid.code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_data_key_comes_in_clear_and_wrapped() {
    let kms = client().await;
    let key = new_key(&kms).await;
    let made = kms
        .generate_data_key()
        .key_id(&key.key_id)
        .key_spec(DataKeySpec::Aes256)
        .send()
        .await
        .unwrap();
    let opened = kms.decrypt().ciphertext_blob(made.ciphertext_blob.unwrap()).send().await.unwrap();
    assert_eq!(made.plaintext.as_ref().map(|key| key.as_ref().len()), Some(32));
    assert_eq!(opened.plaintext, made.plaintext);
    assert_eq!(opened.key_material_id, made.key_material_id);
}

#[tokio::test]
async fn a_key_is_managed_from_end_to_end() {
    let kms = client().await;
    let tag = Tag::builder().tag_key("team").tag_value("red").build().unwrap();
    let made = kms.create_key().description("of the SDK").tags(tag.clone()).send().await.unwrap();
    let key = made.key_metadata.unwrap();
    let id = key.key_id.as_str();
    let alias = format!("alias/rust/{id}");

    kms.create_alias().alias_name(&alias).target_key_id(id).send().await.unwrap();
    let described = kms.describe_key().key_id(&alias).send().await.unwrap();
    assert_eq!(described.key_metadata.as_ref(), Some(&key));
    let tags = kms.list_resource_tags().key_id(id).send().await.unwrap();
    assert_eq!(tags.tags(), [tag]);
    let policy = kms.get_key_policy().key_id(id).send().await.unwrap().policy.unwrap();
    kms.put_key_policy().key_id(id).policy(policy).send().await.unwrap();
    kms.delete_alias().alias_name(&alias).send().await.unwrap();

    let scheduled =
        kms.schedule_key_deletion().key_id(id).pending_window_in_days(7).send().await.unwrap();
    assert_eq!(scheduled.key_state, Some(KeyState::PendingDeletion));
    kms.cancel_key_deletion().key_id(id).send().await.unwrap();
}

#[tokio::test]
async fn keys_are_listed_over_as_many_pages_as_there_are() {
    let kms = client().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(new_key(&kms).await.key_id);
    }
    let keys = kms.list_keys().into_paginator().page_size(2).items().send();
    let keys = keys.collect::<Result<Vec<_>, _>>().await.unwrap();
    let ids: Vec<_> = keys.into_iter().filter_map(|key| key.key_id).collect();
    assert!(made.iter().all(|id| ids.contains(id)));
}
