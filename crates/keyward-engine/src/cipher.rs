//! Encryption and random bytes, with a proof.

use keyward_crypto::{AsymmetricKey, DataKeyPair, EncryptError, Header, Plaintext, SymmetricKey};
use keyward_model::{
    AccountId, EncryptionAlgorithm, EncryptionContext, KeyId, KeyMaterialId, KeySpec,
};

use crate::authorize::{Account, reach};
use crate::key::Key;
use crate::material::Material;
use crate::private_key::Use;
use crate::{Action, Authorized, Cx, ErrorCode, OpError, op_error};

/// A ciphertext and the material that made it.
#[derive(Debug)]
pub struct Sealed {
    /// `CiphertextBlob`.
    pub ciphertext_blob: Vec<u8>,
    /// `KeyMaterialId`, which only symmetric keys show.
    pub material_id: Option<KeyMaterialId>,
}

/// The key and material a symmetric ciphertext names, before anything of it is proven.
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
    /// Seals a plaintext under the current material of a symmetric key, bound to the encryption
    /// context.
    pub fn seal<A: Action<Reach = reach::Seal>>(
        &mut self,
        key: &Authorized<A>,
        plaintext: &Plaintext,
        context: &EncryptionContext<'_>,
    ) -> Result<Sealed, OpError> {
        let context = canonical(context)?;
        let (material_id, symmetric) = key.symmetric()?;
        let ciphertext_blob = symmetric.seal(&context, plaintext).map_err(OpError::internal)?;
        self.note_use(key);
        Ok(Sealed { ciphertext_blob, material_id: Some(material_id) })
    }

    /// Encrypts with any key that encrypts: a symmetric key seals, an asymmetric one takes no
    /// encryption context.
    pub async fn encrypt<A: Action<Reach = reach::Seal>>(
        &mut self,
        key: &Authorized<A>,
        algorithm: EncryptionAlgorithm,
        plaintext: Plaintext,
        context: &EncryptionContext<'_>,
    ) -> Result<Sealed, OpError> {
        if algorithm == EncryptionAlgorithm::SymmetricDefault {
            return self.seal(key, &plaintext, context);
        }
        let encrypt = move |key: &AsymmetricKey| key.encrypt(algorithm, &plaintext);
        let encrypted = self.with_private_key(key, Use::Encrypt, encrypt).await?;
        let ciphertext_blob = encrypted.map_err(|error| match error {
            EncryptError::TooLong => too_long(key.target(), algorithm),
            error => OpError::internal(error),
        })?;
        self.note_use(key);
        Ok(Sealed { ciphertext_blob, material_id: None })
    }

    /// Opens a ciphertext of a symmetric key, whichever of its materials made it. Every
    /// cryptographic failure is one and the same.
    pub fn open<A: Action<Reach = reach::Open>>(
        &mut self,
        key: &Authorized<A>,
        ciphertext_blob: &[u8],
        context: &EncryptionContext<'_>,
    ) -> Result<(Plaintext, KeyMaterialId), OpError> {
        let invalid = || OpError::silent(ErrorCode::InvalidCiphertext);
        let header = CiphertextHeader::parse(ciphertext_blob).ok_or_else(invalid)?;
        let symmetric = key.symmetric_of(&header.material_id).ok_or_else(invalid)?;
        let context = canonical(context)?;
        let opened = symmetric.open(ciphertext_blob, &context).map_err(|_| invalid())?;
        self.note_use(key);
        Ok((opened, header.material_id))
    }

    /// Decrypts with any key that decrypts.
    pub async fn decrypt<A: Action<Reach = reach::Open>>(
        &mut self,
        key: &Authorized<A>,
        algorithm: EncryptionAlgorithm,
        ciphertext_blob: &[u8],
        context: &EncryptionContext<'_>,
    ) -> Result<(Plaintext, Option<KeyMaterialId>), OpError> {
        if algorithm == EncryptionAlgorithm::SymmetricDefault {
            let (plaintext, material_id) = self.open(key, ciphertext_blob, context)?;
            return Ok((plaintext, Some(material_id)));
        }
        let ciphertext = ciphertext_blob.to_vec();
        let decrypt = move |key: &AsymmetricKey| key.decrypt(algorithm, &ciphertext);
        let decrypted = self.with_private_key(key, Use::Decrypt, decrypt).await?;
        let plaintext = decrypted.map_err(|_| OpError::silent(ErrorCode::InvalidCiphertext))?;
        self.note_use(key);
        Ok((plaintext, None))
    }

    /// Draws random bytes to hand out: a data key's, under the proof to seal it.
    pub fn data_key<A: Action<Reach = reach::Seal>>(
        &self,
        _key: &Authorized<A>,
        bytes: usize,
    ) -> Result<Plaintext, OpError> {
        Plaintext::random(bytes).map_err(OpError::internal)
    }

    /// Makes a key pair to hand out, under the proof to seal its private key.
    pub async fn data_key_pair<A: Action<Reach = reach::Seal>>(
        &self,
        _key: &Authorized<A>,
        spec: KeySpec,
    ) -> Result<DataKeyPair, OpError> {
        Ok(self.engine().generator().generate_pair(spec).await?)
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

impl Key {
    fn symmetric(&self) -> Result<(KeyMaterialId, &SymmetricKey), OpError> {
        let current = self.record.current_material.ok_or_else(|| OpError::internal(NoMaterial))?;
        let symmetric = self.symmetric_of(&current).ok_or_else(|| OpError::internal(NoMaterial))?;
        Ok((current, symmetric))
    }

    /// The version of this id, if it ever encrypted: one that waits for its rotation has not.
    fn symmetric_of(&self, id: &KeyMaterialId) -> Option<&SymmetricKey> {
        match &self.version(id).filter(|version| version.state.is_permanent())?.material {
            Some(Material::Symmetric(symmetric)) => Some(symmetric),
            _ => None,
        }
    }
}

fn too_long(key: &Key, algorithm: EncryptionAlgorithm) -> OpError {
    let spec = key.record.spec;
    let limit = keyward_crypto::encrypt_bytes_max(spec, algorithm);
    op_error!(
        Validation,
        "Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {limit} bytes."
    )
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
