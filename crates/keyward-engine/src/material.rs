//! Key material: made, sealed at rest, and loaded.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use keyward_crypto::{
    AsymmetricKey, BadKeyMaterial, Binding, DataKeyPair, GenerateKeyError, KeyMaterial, KeyName,
    MacKey, SealError, SymmetricKey,
};
use keyward_model::{KeyMaterialId, KeyMaterialState, KeySpec, RotationType, Timestamp};
use keyward_store::{
    ImportWrappingKeyRecord, KeyRecord, MaterialRecord, ScopedKey, StoreError,
    TrailSigningKeyRecord,
};

use crate::authorize::{Account, reach};
use crate::pair_pool::PairPool;
use crate::workers::{Busy, Lane, Workers};
use crate::{Action, Authorized, Cx, Engine, OpError};

/// Where key material comes from. It may take long, so it is awaited, and nothing is locked or
/// open while it works.
#[async_trait]
pub trait Generator: Send + Sync {
    /// New material for a key of this spec.
    async fn generate(&self, spec: KeySpec) -> Result<KeyMaterial, GenerateError>;

    /// A key pair to hand out.
    async fn generate_pair(&self, spec: KeySpec) -> Result<DataKeyPair, GenerateError>;
}

/// Why no material was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Too many wait.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// It could not be made.
    #[error(transparent)]
    Failed(#[from] GenerateKeyError),
}

impl From<GenerateError> for OpError {
    fn from(error: GenerateError) -> Self {
        match error {
            GenerateError::Busy(busy) => busy.into(),
            GenerateError::Failed(failed) => Self::internal(failed),
        }
    }
}

/// Makes material in this process: key pairs on threads of their own, everything else at once. RSA
/// pairs to hand out are made ahead while they are asked for.
pub struct LocalGenerator {
    workers: Arc<Workers>,
    pool: Arc<PairPool>,
}

impl LocalGenerator {
    /// Makes key pairs with these workers.
    pub fn new(workers: Arc<Workers>) -> Self {
        Self { workers, pool: Arc::default() }
    }

    async fn ready_pair(&self, spec: KeySpec) -> Result<DataKeyPair, GenerateError> {
        if let Some(pair) = self.pool.take(spec) {
            return Ok(pair);
        }
        Ok(self.workers.run(Lane::Generation, move || DataKeyPair::generate(spec)).await??)
    }

    #[cfg(test)]
    pub(crate) const fn pool(&self) -> &Arc<PairPool> {
        &self.pool
    }
}

#[async_trait]
impl Generator for LocalGenerator {
    async fn generate(&self, spec: KeySpec) -> Result<KeyMaterial, GenerateError> {
        if !spec.is_asymmetric() {
            return Ok(KeyMaterial::generate_for(spec)?);
        }
        let made = self.workers.run(lane(spec), move || KeyMaterial::generate_for(spec));
        Ok(made.await??)
    }

    async fn generate_pair(&self, spec: KeySpec) -> Result<DataKeyPair, GenerateError> {
        if !PairPool::keeps(spec) {
            return Ok(self.workers.run(lane(spec), move || DataKeyPair::generate(spec)).await??);
        }
        let pair = self.ready_pair(spec).await;
        self.pool.fill(&self.workers);
        pair
    }
}

/// Where key pairs of a spec are made. All but RSA take less than a millisecond, and do not wait
/// behind those that take a second.
const fn lane(spec: KeySpec) -> Lane {
    match spec {
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Lane::Generation,
        _ => Lane::PrivateKey,
    }
}

/// One version of a key's material, as its row tells it, and the material if it is there.
#[derive(Debug)]
pub struct Version {
    /// `KeyMaterialId`.
    pub id: KeyMaterialId,
    /// `KeyMaterialState`.
    pub state: KeyMaterialState,
    /// When the material was made or first imported.
    pub created_at: Timestamp,
    /// `RotationDate`.
    pub rotated_at: Option<Timestamp>,
    /// `RotationType`.
    pub rotation_type: Option<RotationType>,
    /// `KeyMaterialDescription`.
    pub description: Option<String>,
    /// `ValidTo`.
    pub expires_at: Option<Timestamp>,
    /// The public key of an asymmetric key, as DER SubjectPublicKeyInfo. It stays when the material
    /// goes.
    pub public_key: Option<Vec<u8>>,
    pub(crate) material: Option<Material>,
}

impl Version {
    /// What there is to know of the version, without the material.
    pub(crate) fn without_material(&self) -> Self {
        Self {
            id: self.id,
            state: self.state,
            created_at: self.created_at,
            rotated_at: self.rotated_at,
            rotation_type: self.rotation_type,
            description: self.description.clone(),
            expires_at: self.expires_at,
            public_key: self.public_key.clone(),
            material: None,
        }
    }

    /// Whether the material is there: imported material can be deleted or expire.
    pub const fn is_present(&self) -> bool {
        self.material.is_some()
    }
}

/// Material, parsed once.
pub(crate) enum Material {
    Asymmetric(AsymmetricKey),
    Mac(MacKey),
    Symmetric(SymmetricKey),
}

impl Material {
    fn load(
        key: &ScopedKey,
        spec: KeySpec,
        material: &KeyMaterial,
    ) -> Result<Self, BadKeyMaterial> {
        match spec {
            KeySpec::SymmetricDefault => {
                let name = key_name(key).map_err(|_| BadKeyMaterial)?;
                let loaded = SymmetricKey::new(&name, material).map_err(|_| BadKeyMaterial)?;
                Ok(Self::Symmetric(loaded))
            }
            KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => {
                MacKey::load(spec, material).map(Self::Mac)
            }
            _ => AsymmetricKey::load(spec, material).map(Self::Asymmetric),
        }
    }

    fn public_key(&self) -> Option<&[u8]> {
        match self {
            Self::Asymmetric(key) => Some(key.public_key()),
            Self::Mac(_) | Self::Symmetric(_) => None,
        }
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asymmetric(_) => "Asymmetric",
            Self::Mac(_) => "Mac",
            Self::Symmetric(_) => "Symmetric",
        })
    }
}

impl Cx {
    /// Makes material for a key that the account is about to hold, sealed for its row.
    pub async fn new_material<A: Action<Reach = reach::Change>>(
        &self,
        _account: &Authorized<A, Account>,
        key: &ScopedKey,
        spec: KeySpec,
    ) -> Result<MaterialRecord, OpError> {
        self.engine().new_material(key, spec).await
    }

    /// Seals imported material for its row. It is as good as made here: whoever can change the key
    /// may give it material.
    pub fn imported_material<A: Action<Reach = reach::Change>>(
        &self,
        key: &Authorized<A>,
        material: &KeyMaterial,
    ) -> Result<MaterialRecord, OpError> {
        self.engine().sealed_material(&key.record.key, key.record.spec, material)
    }

    /// The rows of the key's material, to be written anew with something changed.
    pub async fn material_rows<A: Action<Reach = reach::Change>>(
        &self,
        key: &Authorized<A>,
    ) -> Result<Vec<MaterialRecord>, OpError> {
        self.engine().store().materials().list(&key.record.key).await.map_err(OpError::internal)
    }

    /// A row of one key's material as that of the same multi-Region key elsewhere.
    pub fn replicated_material<A: Action<Reach = reach::Change>>(
        &self,
        _key: &Authorized<A>,
        row: &MaterialRecord,
        replica: &ScopedKey,
    ) -> Result<MaterialRecord, OpError> {
        self.engine().copied_material(row, replica).map_err(OpError::internal)
    }
}

impl Engine {
    /// Makes material for a key and seals it for its row.
    pub(crate) async fn new_material(
        &self,
        key: &ScopedKey,
        spec: KeySpec,
    ) -> Result<MaterialRecord, OpError> {
        let material = self.generator().generate(spec).await?;
        self.sealed_material(key, spec, &material)
    }

    /// Seals material for its row, as the current version of the key's.
    pub(crate) fn sealed_material(
        &self,
        key: &ScopedKey,
        spec: KeySpec,
        material: &KeyMaterial,
    ) -> Result<MaterialRecord, OpError> {
        let loaded = Material::load(key, spec, material).map_err(OpError::internal)?;
        let material_id = material.id_in(key.key_id.as_bytes()).map_err(OpError::internal)?;
        let row = MaterialRecord::row_identity(key, &material_id);
        let keys = self.ring().keys();
        let sealed = keys.seal(&material_binding(&row), material).map_err(OpError::internal)?;
        Ok(MaterialRecord {
            key: key.clone(),
            material_id,
            sealed: Some(sealed),
            public_key: loaded.public_key().map(<[u8]>::to_vec),
            state: KeyMaterialState::Current,
            rotated_at: None,
            rotation_type: None,
            description: None,
            expires_at: None,
            created_at: self.clock().now(),
        })
    }

    /// A row of one key's material, sealed for the same multi-Region key in another Region.
    pub(crate) fn copied_material(
        &self,
        row: &MaterialRecord,
        replica: &ScopedKey,
    ) -> Result<MaterialRecord, StoreError> {
        let identity = MaterialRecord::row_identity(replica, &row.material_id);
        let sealed = match self.opened_material(row)? {
            Some(material) => {
                let keys = self.ring().keys();
                let sealed = keys.seal(&material_binding(&identity), &material);
                Some(sealed.map_err(|error| StoreError::Backend(Box::new(error)))?)
            }
            None => None,
        };
        Ok(MaterialRecord { key: replica.clone(), sealed, ..row.clone() })
    }

    /// Reads and loads every version of a key's material.
    pub(crate) async fn load_versions(
        &self,
        record: &KeyRecord,
    ) -> Result<Vec<Version>, StoreError> {
        let rows = self.store().materials().list(&record.key).await?;
        rows.into_iter().map(|row| self.load_version(record.spec, row)).collect()
    }

    fn load_version(&self, spec: KeySpec, row: MaterialRecord) -> Result<Version, StoreError> {
        let forged = || StoreError::Forged { table: MaterialRecord::TABLE };
        let material = match self.opened_material(&row)? {
            Some(opened) => {
                let id = opened.id_in(row.key.key_id.as_bytes()).map_err(|_| forged())?;
                if id != row.material_id {
                    return Err(forged());
                }
                Some(Material::load(&row.key, spec, &opened).map_err(|_| forged())?)
            }
            None => None,
        };
        Ok(Version {
            id: row.material_id,
            state: row.state,
            created_at: row.created_at,
            rotated_at: row.rotated_at,
            rotation_type: row.rotation_type,
            description: row.description,
            expires_at: row.expires_at,
            public_key: row.public_key,
            material,
        })
    }

    fn opened_material(&self, row: &MaterialRecord) -> Result<Option<KeyMaterial>, StoreError> {
        let Some(sealed) = &row.sealed else { return Ok(None) };
        let identity = MaterialRecord::row_identity(&row.key, &row.material_id);
        let opened = self.ring().keys().open(&material_binding(&identity), sealed);
        let opened = opened.map_err(|_| StoreError::Forged { table: MaterialRecord::TABLE })?;
        Ok(Some(opened.into()))
    }
}

/// Where sealed key material lives.
pub(crate) const fn material_binding(row: &[u8]) -> Binding<'_> {
    Binding { table: MaterialRecord::TABLE, row, column: "sealed" }
}

/// Where the sealed private key of an import wrapping key lives.
pub(crate) const fn import_binding(row: &[u8]) -> Binding<'_> {
    Binding { table: ImportWrappingKeyRecord::TABLE, row, column: "sealed_private_key" }
}

/// Where the sealed private key of a key that signs digests lives.
pub(crate) const fn trail_key_binding(row: &[u8]) -> Binding<'_> {
    Binding { table: TrailSigningKeyRecord::TABLE, row, column: "sealed_private_key" }
}

fn key_name(key: &ScopedKey) -> Result<KeyName, SealError> {
    KeyName::new(key.scope.account.as_bytes(), key.key_id.as_bytes()).ok_or(SealError::TooLong)
}
