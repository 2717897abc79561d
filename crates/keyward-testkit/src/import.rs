//! Imports of key material, wrapped as a client wraps it.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
    PublicEncryptingKey,
};
use keyward_model::{KeySpec, WrappingAlgorithm, WrappingKeySpec};
use serde_json::{Value, json};

use crate::{Client, Refused, blob, unblob};

/// What GetParametersForImport gave.
pub struct ImportParameters {
    key_id: String,
    algorithm: WrappingAlgorithm,
    import_token: Value,
    public_key: Vec<u8>,
}

impl ImportParameters {
    /// A request to import this material for good.
    pub fn request(&self, material: &[u8]) -> Value {
        json!({
            "KeyId": self.key_id,
            "ImportToken": self.import_token,
            "EncryptedKeyMaterial": blob(self.wrap(material)),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })
    }

    /// The same with members added, replaced, or removed by `null`.
    pub fn request_with(&self, material: &[u8], members: Value) -> Value {
        let mut request = self.request(material);
        let Value::Object(members) = members else { panic!("not members: {members}") };
        request.as_object_mut().unwrap().extend(members);
        request
    }

    /// The material wrapped.
    pub fn wrap(&self, material: &[u8]) -> Vec<u8> {
        match self.algorithm {
            WrappingAlgorithm::RsaesOaepSha1 => self.oaep(&OAEP_SHA1_MGF1SHA1, material),
            WrappingAlgorithm::RsaesOaepSha256 => self.oaep(&OAEP_SHA256_MGF1SHA256, material),
            WrappingAlgorithm::RsaAesKeyWrapSha1 => {
                self.in_two_steps(&OAEP_SHA1_MGF1SHA1, material)
            }
            WrappingAlgorithm::RsaAesKeyWrapSha256 => {
                self.in_two_steps(&OAEP_SHA256_MGF1SHA256, material)
            }
            algorithm => panic!("nothing here wraps with {algorithm}"),
        }
    }

    fn oaep(&self, algorithm: &'static OaepAlgorithm, plaintext: &[u8]) -> Vec<u8> {
        let key = PublicEncryptingKey::from_der(&self.public_key).unwrap();
        let key = OaepPublicEncryptingKey::new(key).unwrap();
        let mut wrapped = vec![0; key.ciphertext_size()];
        key.encrypt(algorithm, plaintext, &mut wrapped, None).unwrap();
        wrapped
    }

    fn in_two_steps(&self, algorithm: &'static OaepAlgorithm, material: &[u8]) -> Vec<u8> {
        let key = [7; 32];
        let mut wrapped = vec![0; material.len() + 15];
        let wrapped =
            AesKek::new(&AES_256, &key).unwrap().wrap_with_padding(material, &mut wrapped).unwrap();
        [self.oaep(algorithm, &key), wrapped.to_vec()].concat()
    }
}

impl Client {
    /// Makes a key that waits for its material; its id.
    pub async fn create_external_key(&self, mut input: Value) -> String {
        input.as_object_mut().unwrap().insert("Origin".to_owned(), json!("EXTERNAL"));
        self.create_key_with(input).await
    }

    /// Fetches a wrapping key, as short as any, for material of the key's spec.
    pub async fn import_parameters(&self, key_id: &str) -> ImportParameters {
        let spec = self.describe(key_id).await["KeySpec"].as_str().unwrap().parse().unwrap();
        let algorithm = match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 | KeySpec::EccNistP521 => {
                WrappingAlgorithm::RsaAesKeyWrapSha256
            }
            _ => WrappingAlgorithm::RsaesOaepSha256,
        };
        self.import_parameters_of(key_id, algorithm, WrappingKeySpec::Rsa2048).await.unwrap()
    }

    /// Fetches a wrapping key.
    pub async fn import_parameters_of(
        &self,
        key_id: &str,
        algorithm: WrappingAlgorithm,
        wrapping_key_spec: WrappingKeySpec,
    ) -> Result<ImportParameters, Refused> {
        let input = json!({
            "KeyId": key_id,
            "WrappingAlgorithm": algorithm.as_str(),
            "WrappingKeySpec": wrapping_key_spec.as_str(),
        });
        let reply = self.call("GetParametersForImport", input).await?;
        Ok(ImportParameters {
            key_id: key_id.to_owned(),
            algorithm,
            import_token: reply["ImportToken"].clone(),
            public_key: unblob(&reply["PublicKey"]),
        })
    }

    /// Imports material into a key for good; the reply.
    pub async fn import(&self, key_id: &str, material: &[u8]) -> Value {
        let parameters = self.import_parameters(key_id).await;
        self.ok("ImportKeyMaterial", parameters.request(material)).await
    }
}
