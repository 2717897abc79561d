//! Wrapping keys: made and handed out for one key and one day, and opened to unwrap what a client
//! imports.

use std::time::Duration;

use keyward_crypto::{ImportError, ImportToken, KeyMaterial, Secret, WrappingKey};
use keyward_model::{KeySpec, Partition, Timestamp, WrappingAlgorithm, WrappingKeySpec};
use keyward_store::{ImportWrappingKeyRecord, ScopedKey, StoreError, Write};

use crate::authorize::reach;
use crate::material::import_binding;
use crate::workers::Lane;
use crate::{Action, Authorized, Cx, Engine, ErrorCode, OpError};

/// How long a wrapping key and its token are good for.
const LIFE: Duration = Duration::from_hours(24);

/// What a client needs to import material.
#[derive(Debug)]
pub struct ImportParameters {
    /// `ImportToken`.
    pub import_token: Vec<u8>,
    /// `PublicKey`, as DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// `ParametersValidTo`.
    pub valid_to: Timestamp,
}

impl Engine {
    /// Whether material of `spec` may be wrapped like this. A deployment elsewhere that makes SM2
    /// keys takes their material, and wrapping under them, as one in China does.
    pub fn offers_wrapping(
        &self,
        algorithm: WrappingAlgorithm,
        wrapping_key_spec: WrappingKeySpec,
        spec: KeySpec,
    ) -> bool {
        let is_china = self.partition() == Partition::AwsCn;
        let offers = |is_china| {
            keyward_crypto::wrapping_is_offered(algorithm, wrapping_key_spec, spec, is_china)
        };
        offers(is_china) || (self.offers(KeySpec::Sm2) && offers(true))
    }
}

impl Cx {
    /// Makes a wrapping key for material of this key, and stages its row.
    pub async fn import_parameters<A: Action<Reach = reach::Change>>(
        &mut self,
        key: &Authorized<A>,
        algorithm: WrappingAlgorithm,
        wrapping_key_spec: WrappingKeySpec,
    ) -> Result<ImportParameters, OpError> {
        let engine = self.engine();
        let generate = move || WrappingKey::generate(wrapping_key_spec);
        let made = engine.workers().run(Lane::Generation, generate).await?;
        let (private_key, public_key) = made.map_err(OpError::internal)?;

        let created_at = engine.clock().now();
        let valid_to = created_at.plus(LIFE);
        let token = ImportToken::new(&subject(&key.record.key), valid_to.unix_ms());
        let token = token.map_err(OpError::internal)?;
        let keys = engine.ring().keys();
        let sealed_private_key = keys.seal(&import_binding(token.id()), &private_key);
        let row = ImportWrappingKeyRecord {
            token_id: *token.id(),
            key: key.record.key.clone(),
            algorithm,
            wrapping_key_spec,
            sealed_private_key: sealed_private_key.map_err(OpError::internal)?,
            expires_at: valid_to,
            created_at,
        };
        self.stage(key, [Write::PutImportWrappingKey(Box::new(row))]);
        Ok(ImportParameters { import_token: token.encode(), public_key, valid_to })
    }

    /// Unwraps material that a client wrapped under the key its token names.
    pub async fn unwrapped_material<A: Action<Reach = reach::Change>>(
        &self,
        key: &Authorized<A>,
        import_token: &[u8],
        wrapped: Vec<u8>,
    ) -> Result<KeyMaterial, OpError> {
        let token = ImportToken::read(&subject(&key.record.key), import_token);
        let token = token.ok_or_else(invalid_token)?;
        if Timestamp::from_unix_ms(token.expires_at_ms()) <= self.now() {
            return Err(OpError::new(
                ErrorCode::ExpiredImportToken,
                "The import token has expired.",
            ));
        }
        let (row, private_key) = self.wrapping_key(&token).await?.ok_or_else(invalid_token)?;
        if row.key != key.record.key || row.expires_at.unix_ms() != token.expires_at_ms() {
            return Err(invalid_token());
        }
        let spec = key.record.spec;
        let unwrap = move || {
            let loaded = WrappingKey::load(&private_key);
            loaded.map(|wrapping_key| wrapping_key.unwrap(row.algorithm, &wrapped, spec))
        };
        let unwrapped = self.engine().workers().run(Lane::PrivateKey, unwrap).await?;
        unwrapped.map_err(OpError::internal)?.map_err(|error| match error {
            ImportError::Ciphertext => OpError::silent(ErrorCode::InvalidCiphertext),
            ImportError::Material => incorrect_material("does not fit the KMS key"),
        })
    }

    /// The row a token names, and its private key. A domain key may be replaced between reading and
    /// opening: what does not open is read once more.
    async fn wrapping_key(
        &self,
        token: &ImportToken,
    ) -> Result<Option<(ImportWrappingKeyRecord, Secret)>, OpError> {
        let engine = self.engine();
        match engine.opened_wrapping_key(token).await {
            Err(_) => engine.opened_wrapping_key(token).await.map_err(OpError::internal),
            opened => opened.map_err(OpError::internal),
        }
    }
}

impl Engine {
    async fn opened_wrapping_key(
        &self,
        token: &ImportToken,
    ) -> Result<Option<(ImportWrappingKeyRecord, Secret)>, StoreError> {
        let row = self.store().import_wrapping_keys().find(token.id()).await?;
        let Some(row) = row else { return Ok(None) };
        let keys = self.ring().keys();
        let opened = keys.open(&import_binding(&row.token_id), &row.sealed_private_key);
        let forged = |_| StoreError::Forged { table: ImportWrappingKeyRecord::TABLE };
        Ok(Some((row, opened.map_err(forged)?)))
    }
}

/// The refusal of material that is not what the key expects; `why` follows `The key material `.
///
/// WIRE: the text is our own. Evidence: docs/WIRE.md, "Imported key material".
pub fn incorrect_material(why: &str) -> OpError {
    crate::op_error!(IncorrectKeyMaterial, "The key material {why}.")
}

/// WIRE: the text is our own. Evidence: docs/WIRE.md, "Imported key material".
fn invalid_token() -> OpError {
    OpError::new(ErrorCode::InvalidImportToken, "The import token is not valid for the KMS key.")
}

/// The key, in bytes that tell it from every other.
fn subject(key: &ScopedKey) -> Vec<u8> {
    let mut subject = key.scope.account.as_bytes().to_vec();
    subject.extend_from_slice(key.key_id.as_bytes());
    subject.extend_from_slice(key.scope.region.as_str().as_bytes());
    subject
}
