//! ML-DSA (FIPS 204), hedged and with an empty context, over messages or their mu.

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{
    KeyPair as _, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87,
    ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
    UnparsedPublicKey,
};
use keyward_lc::MlDsaKey as MuKey;
use keyward_model::{KeySpec, SigningAlgorithm};

use super::rsa::kept;
use super::{Encoded, Message};
use crate::error::{BadKeyMaterial, InvalidSignature, ModuleFailure, SignError};
use crate::secret::Secret;

/// A parameter set with everything that depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MlDsa {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

/// A private key; what signing messages does not need is parsed at its first use.
pub(crate) struct MlDsaKey {
    set: MlDsa,
    public_key: Vec<u8>,
    private: PqdsaKeyPair,
    /// The same key as aws-lc-rs lacks it.
    external: OnceLock<MuKey>,
}

impl MlDsa {
    pub(crate) const fn of(spec: KeySpec) -> Option<Self> {
        match spec {
            KeySpec::MlDsa44 => Some(Self::MlDsa44),
            KeySpec::MlDsa65 => Some(Self::MlDsa65),
            KeySpec::MlDsa87 => Some(Self::MlDsa87),
            _ => None,
        }
    }

    fn signing(self) -> &'static PqdsaSigningAlgorithm {
        match self {
            Self::MlDsa44 => &ML_DSA_44_SIGNING,
            Self::MlDsa65 => &ML_DSA_65_SIGNING,
            Self::MlDsa87 => &ML_DSA_87_SIGNING,
        }
    }

    fn verifying(self) -> &'static PqdsaVerificationAlgorithm {
        match self {
            Self::MlDsa44 => &ML_DSA_44,
            Self::MlDsa65 => &ML_DSA_65,
            Self::MlDsa87 => &ML_DSA_87,
        }
    }

    /// What stands before the seed in the stored encoding: RFC 9881, `PrivateKeyInfo` with the
    /// seed alone.
    pub(crate) const fn pkcs8_frame(self) -> &'static [u8] {
        match self {
            Self::MlDsa44 => {
                b"\x30\x34\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11\
                  \x04\x22\x80\x20"
            }
            Self::MlDsa65 => {
                b"\x30\x34\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12\
                  \x04\x22\x80\x20"
            }
            Self::MlDsa87 => {
                b"\x30\x34\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x13\
                  \x04\x22\x80\x20"
            }
        }
    }
}

impl MlDsaKey {
    pub(super) fn generate(set: MlDsa) -> Result<Encoded, ModuleFailure> {
        let key = PqdsaKeyPair::generate(set.signing()).map_err(|_| ModuleFailure)?;
        let pkcs8 = key.to_pkcs8v1().map_err(|_| ModuleFailure)?;
        Ok(Encoded { private_key: Secret::new(pkcs8.as_ref().to_vec()), public_key: spki(&key)? })
    }

    /// The stored encoding has one form: AWS-LC reads others, which are not to be found in a store.
    pub(crate) fn load(set: MlDsa, pkcs8: &[u8]) -> Result<Self, BadKeyMaterial> {
        let seed = pkcs8.strip_prefix(set.pkcs8_frame()).ok_or(BadKeyMaterial)?;
        let private = PqdsaKeyPair::from_seed(set.signing(), seed).map_err(|_| BadKeyMaterial)?;
        let public_key = spki(&private).map_err(|_| BadKeyMaterial)?;
        Ok(Self { set, public_key, private, external: OnceLock::new() })
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, SignError> {
        match (algorithm, message) {
            (SigningAlgorithm::MlDsaShake256, Message::Raw(message)) => {
                let mut signature = vec![0; self.set.signing().signature_len()];
                let len = self.private.sign(message, &mut signature).map_err(|_| ModuleFailure)?;
                signature.truncate(len);
                Ok(signature)
            }
            (SigningAlgorithm::MlDsaShake256, Message::ExternalMu(mu)) => {
                let mu = mu.try_into().map_err(|_| SignError::NotApplicable)?;
                Ok(self.external()?.sign_mu(mu).map_err(|_| ModuleFailure)?)
            }
            _ => Err(SignError::NotApplicable),
        }
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        match (algorithm, message) {
            (SigningAlgorithm::MlDsaShake256, Message::Raw(message)) => {
                let public_key = self.private.public_key().as_ref();
                let key = UnparsedPublicKey::new(self.set.verifying(), public_key);
                key.verify(message, signature).map_err(|_| InvalidSignature)
            }
            (SigningAlgorithm::MlDsaShake256, Message::ExternalMu(mu)) => {
                let mu = mu.try_into().map_err(|_| InvalidSignature)?;
                let key = self.external().map_err(|_| InvalidSignature)?;
                key.verify_mu(mu, signature).then_some(()).ok_or(InvalidSignature)
            }
            _ => Err(InvalidSignature),
        }
    }

    fn external(&self) -> Result<&MuKey, ModuleFailure> {
        kept(&self.external, || {
            let pkcs8 = self.private.to_pkcs8v1().map_err(|_| ModuleFailure)?;
            MuKey::from_pkcs8(pkcs8.as_ref()).map_err(|_| ModuleFailure)
        })
    }
}

fn spki(key: &PqdsaKeyPair) -> Result<Vec<u8>, ModuleFailure> {
    let der = key.public_key().as_der().map_err(|_| ModuleFailure)?;
    Ok(der.as_ref().to_vec())
}
