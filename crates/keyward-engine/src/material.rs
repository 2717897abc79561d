//! Key material: made, sealed at rest, loaded, and used with a proof.

use async_trait::async_trait;
use keyward_crypto::{
    Binding, Header, KeyMaterial, KeyName, Plaintext, RandomError, SealError, SymmetricKey,
};
use keyward_model::{AccountId, EncryptionContext, KeyId, KeyMaterialId, KeySpec};
use keyward_store::{MaterialRecord, ScopedKey, StoreError};

use crate::authorize::{Account, reach};
use crate::key::LoadedMaterial;
use crate::{Action, Authorized, Cx, Engine, ErrorCode, OpError, op_error};

/// Where key material comes from. It may take long, so it is awaited, and nothing is locked or
/// open while it works.
#[async_trait]
pub trait Generator: Send + Sync {
    /// New material for a key of this spec.
    async fn generate(&self, spec: KeySpec) -> Result<KeyMaterial, GenerateError>;
}

/// Why no material was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// This generator makes no material for keys of this spec.
    #[error("no material is made for keys of spec {0}")]
    NotOffered(KeySpec),
    /// The random source failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Makes material in this process, from AWS-LC's random source.
#[derive(Debug)]
pub struct LocalGenerator;

#[async_trait]
impl Generator for LocalGenerator {
    async fn generate(&self, spec: KeySpec) -> Result<KeyMaterial, GenerateError> {
        match spec {
            KeySpec::SymmetricDefault => Ok(KeyMaterial::generate(SYMMETRIC_BYTES)?),
            _ => Err(GenerateError::NotOffered(spec)),
        }
    }
}

/// AES-256.
const SYMMETRIC_BYTES: usize = 32;

/// A ciphertext and the material that made it.
#[derive(Debug)]
pub struct Sealed {
    /// `CiphertextBlob`.
    pub ciphertext_blob: Vec<u8>,
    /// `KeyMaterialId`.
    pub material_id: KeyMaterialId,
}

/// The key and material a ciphertext names, before anything of it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CiphertextHeader {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
    /// The material.
    pub material_id: KeyMaterialId,
}

impl CiphertextHeader {
    /// Reads what a ciphertext says about itself; `None` for bytes that cannot be ours.
    pub fn parse(ciphertext_blob: &[u8]) -> Option<Self> {
        let header = Header::parse(ciphertext_blob)?;
        Some(Self {
            account: std::str::from_utf8(&header.account).ok()?.parse().ok()?,
            key_id: std::str::from_utf8(&header.key_id).ok()?.parse().ok()?,
            material_id: header.material_id,
        })
    }
}

impl Cx {
    /// Seals a plaintext under the key's current material, bound to the encryption context.
    pub fn seal<A: Action<Reach = reach::Seal>>(
        &self,
        key: &Authorized<A>,
        plaintext: &Plaintext,
        context: &EncryptionContext<'_>,
    ) -> Result<Sealed, OpError> {
        let material = key.current().ok_or_else(|| OpError::internal(NoMaterial))?;
        let context = canonical(context)?;
        let ciphertext_blob =
            material.symmetric.seal(&context, plaintext).map_err(OpError::internal)?;
        Ok(Sealed { ciphertext_blob, material_id: material.id })
    }

    /// Opens a ciphertext of the key, whichever of its materials made it. Every cryptographic
    /// failure is one and the same.
    pub fn open<A: Action<Reach = reach::Open>>(
        &self,
        key: &Authorized<A>,
        ciphertext_blob: &[u8],
        context: &EncryptionContext<'_>,
    ) -> Result<(Plaintext, KeyMaterialId), OpError> {
        let invalid = || OpError::silent(ErrorCode::InvalidCiphertext);
        let header = CiphertextHeader::parse(ciphertext_blob).ok_or_else(invalid)?;
        let material = key.material(&header.material_id).ok_or_else(invalid)?;
        let context = canonical(context)?;
        let opened = material.symmetric.open(ciphertext_blob, &context).map_err(|_| invalid())?;
        Ok((opened, material.id))
    }

    /// Makes material for a key that the account is about to hold, sealed for its row.
    pub async fn new_material<A: Action<Reach = reach::Change>>(
        &self,
        _account: &Authorized<A, Account>,
        key: &ScopedKey,
        spec: KeySpec,
    ) -> Result<MaterialRecord, OpError> {
        self.engine().new_material(key, spec).await
    }

    /// Draws random bytes to hand out: a data key's, under the proof to seal it.
    pub fn data_key<A: Action<Reach = reach::Seal>>(
        &self,
        _key: &Authorized<A>,
        bytes: usize,
    ) -> Result<Plaintext, OpError> {
        Plaintext::random(bytes).map_err(OpError::internal)
    }

    /// Draws random bytes to hand out.
    pub fn random<A: Action<Reach = reach::Random>>(
        &self,
        _account: &Authorized<A, Account>,
        bytes: usize,
    ) -> Result<Plaintext, OpError> {
        Plaintext::random(bytes).map_err(OpError::internal)
    }
}

impl Engine {
    /// Makes material for a new key and seals it for its row.
    async fn new_material(
        &self,
        key: &ScopedKey,
        spec: KeySpec,
    ) -> Result<MaterialRecord, OpError> {
        let material = self.generator().generate(spec).await.map_err(OpError::internal)?;
        let name = key_name(key).map_err(OpError::internal)?;
        let loaded = SymmetricKey::new(&name, &material).map_err(OpError::internal)?;
        let material_id = *loaded.material_id();
        let row = MaterialRecord::row_identity(key, &material_id);
        let sealed = self
            .ring()
            .keys()
            .seal(&material_binding(&row), &material)
            .map_err(OpError::internal)?;
        Ok(MaterialRecord { key: key.clone(), material_id, sealed, created_at: self.clock().now() })
    }

    /// Reads and loads every version of a key's material.
    pub(crate) async fn load_materials(
        &self,
        key: &ScopedKey,
    ) -> Result<Vec<LoadedMaterial>, StoreError> {
        let rows = self.store().materials().list(key).await?;
        rows.iter().map(|row| self.load_material(row)).collect()
    }

    fn load_material(&self, row: &MaterialRecord) -> Result<LoadedMaterial, StoreError> {
        let forged = || StoreError::Forged { table: MaterialRecord::TABLE };
        let identity = MaterialRecord::row_identity(&row.key, &row.material_id);
        let opened = self
            .ring()
            .keys()
            .open(&material_binding(&identity), &row.sealed)
            .map_err(|_| forged())?;
        let name = key_name(&row.key).map_err(|_| forged())?;
        let symmetric = SymmetricKey::new(&name, &opened.into()).map_err(|_| forged())?;
        if *symmetric.material_id() != row.material_id {
            return Err(forged());
        }
        Ok(LoadedMaterial { id: row.material_id, symmetric })
    }
}

/// Where sealed key material lives.
pub(crate) const fn material_binding(row: &[u8]) -> Binding<'_> {
    Binding { table: MaterialRecord::TABLE, row, column: "sealed" }
}

fn key_name(key: &ScopedKey) -> Result<KeyName, SealError> {
    KeyName::new(key.scope.account.as_bytes(), key.key_id.as_bytes()).ok_or(SealError::TooLong)
}

fn canonical(context: &EncryptionContext<'_>) -> Result<Vec<u8>, OpError> {
    context.canonical().ok_or_else(|| {
        let limit = EncryptionContext::CANONICAL_BYTES_MAX;
        op_error!(Validation, "The encryption context is larger than {limit} bytes.")
    })
}

/// A key that should have material has none.
#[derive(Debug, thiserror::Error)]
#[error("a key has no current material")]
pub(crate) struct NoMaterial;
