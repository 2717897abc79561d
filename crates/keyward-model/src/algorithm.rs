//! The algorithms of the cryptographic operations, and which keys take which.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>

use crate::KeySpec;
use crate::wire_enum::wire_enum;

wire_enum! {
    /// An algorithm of Encrypt, Decrypt and ReEncrypt.
    EncryptionAlgorithm {
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        Sm2pke = "SM2PKE",
    }
}

wire_enum! {
    /// An algorithm of Sign and Verify.
    SigningAlgorithm {
        RsassaPssSha256 = "RSASSA_PSS_SHA_256",
        RsassaPssSha384 = "RSASSA_PSS_SHA_384",
        RsassaPssSha512 = "RSASSA_PSS_SHA_512",
        RsassaPkcs1V15Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        RsassaPkcs1V15Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        RsassaPkcs1V15Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        EcdsaSha256 = "ECDSA_SHA_256",
        EcdsaSha384 = "ECDSA_SHA_384",
        EcdsaSha512 = "ECDSA_SHA_512",
        Sm2dsa = "SM2DSA",
        MlDsaShake256 = "ML_DSA_SHAKE_256",
        Ed25519Sha512 = "ED25519_SHA_512",
        Ed25519PhSha512 = "ED25519_PH_SHA_512",
    }
}

wire_enum! {
    /// What `Message` is to Sign and Verify.
    MessageType {
        Raw = "RAW",
        Digest = "DIGEST",
        ExternalMu = "EXTERNAL_MU",
    }
}

wire_enum! {
    /// An algorithm of GenerateMac and VerifyMac.
    MacAlgorithm {
        HmacSha224 = "HMAC_SHA_224",
        HmacSha256 = "HMAC_SHA_256",
        HmacSha384 = "HMAC_SHA_384",
        HmacSha512 = "HMAC_SHA_512",
    }
}

wire_enum! {
    /// An algorithm of DeriveSharedSecret.
    KeyAgreementAlgorithm {
        Ecdh = "ECDH",
    }
}

wire_enum! {
    /// An algorithm of Encapsulate and Decapsulate.
    EncapsulationAlgorithm {
        MlKem = "ML_KEM",
    }
}

impl SigningAlgorithm {
    /// The length of the `Message` that `DIGEST` wants, in bytes; `None` if the algorithm takes no
    /// digest.
    pub const fn digest_bytes(self) -> Option<usize> {
        match self {
            Self::RsassaPssSha256
            | Self::RsassaPkcs1V15Sha256
            | Self::EcdsaSha256
            | Self::Sm2dsa => Some(32),
            Self::RsassaPssSha384 | Self::RsassaPkcs1V15Sha384 | Self::EcdsaSha384 => Some(48),
            Self::RsassaPssSha512
            | Self::RsassaPkcs1V15Sha512
            | Self::EcdsaSha512
            | Self::Ed25519PhSha512 => Some(64),
            Self::MlDsaShake256 | Self::Ed25519Sha512 => None,
        }
    }
}

/// The lists are in the order in which metadata shows them. Each holds for keys whose usage fits.
impl KeySpec {
    /// The algorithms of Encrypt and Decrypt.
    pub const fn encryption_algorithms(self) -> &'static [EncryptionAlgorithm] {
        use EncryptionAlgorithm::{RsaesOaepSha1, RsaesOaepSha256, Sm2pke, SymmetricDefault};
        match self {
            Self::SymmetricDefault => &[SymmetricDefault],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[RsaesOaepSha1, RsaesOaepSha256],
            Self::Sm2 => &[Sm2pke],
            _ => &[],
        }
    }

    /// The algorithms of Sign and Verify.
    pub const fn signing_algorithms(self) -> &'static [SigningAlgorithm] {
        use SigningAlgorithm as S;
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[
                S::RsassaPkcs1V15Sha256,
                S::RsassaPkcs1V15Sha384,
                S::RsassaPkcs1V15Sha512,
                S::RsassaPssSha256,
                S::RsassaPssSha384,
                S::RsassaPssSha512,
            ],
            Self::EccNistP256 | Self::EccSecgP256k1 => &[S::EcdsaSha256],
            Self::EccNistP384 => &[S::EcdsaSha384],
            Self::EccNistP521 => &[S::EcdsaSha512],
            Self::EccNistEdwards25519 => &[S::Ed25519Sha512, S::Ed25519PhSha512],
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => &[S::MlDsaShake256],
            Self::Sm2 => &[S::Sm2dsa],
            _ => &[],
        }
    }

    /// The algorithms of GenerateMac and VerifyMac: one for each HMAC spec.
    pub const fn mac_algorithms(self) -> &'static [MacAlgorithm] {
        match self {
            Self::Hmac224 => &[MacAlgorithm::HmacSha224],
            Self::Hmac256 => &[MacAlgorithm::HmacSha256],
            Self::Hmac384 => &[MacAlgorithm::HmacSha384],
            Self::Hmac512 => &[MacAlgorithm::HmacSha512],
            _ => &[],
        }
    }

    /// The algorithms of DeriveSharedSecret.
    pub const fn key_agreement_algorithms(self) -> &'static [KeyAgreementAlgorithm] {
        match self {
            Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521 | Self::Sm2 => {
                &[KeyAgreementAlgorithm::Ecdh]
            }
            _ => &[],
        }
    }

    /// The algorithms of Encapsulate and Decapsulate.
    pub const fn encapsulation_algorithms(self) -> &'static [EncapsulationAlgorithm] {
        match self {
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => &[EncapsulationAlgorithm::MlKem],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyUsage;

    #[test]
    fn a_usage_of_a_spec_has_algorithms_and_the_others_have_none() {
        for &spec in KeySpec::ALL {
            for &usage in KeyUsage::ALL {
                let count = match usage {
                    KeyUsage::EncryptDecrypt => spec.encryption_algorithms().len(),
                    KeyUsage::SignVerify => spec.signing_algorithms().len(),
                    KeyUsage::GenerateVerifyMac => spec.mac_algorithms().len(),
                    KeyUsage::KeyAgreement => spec.key_agreement_algorithms().len(),
                    KeyUsage::EncapsulateDecapsulate => spec.encapsulation_algorithms().len(),
                };
                assert_eq!(count > 0, spec.usages().contains(&usage), "{spec} {usage}");
            }
        }
    }
}
