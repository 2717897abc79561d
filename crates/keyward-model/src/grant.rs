//! Grants.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

use std::fmt;
use std::str::FromStr;

use crate::wire_enum::wire_enum;
use crate::{KeySpec, KeyUsage, Rng};

wire_enum! {
    /// An operation that a grant can permit.
    GrantOperation {
        Decrypt = "Decrypt",
        Encrypt = "Encrypt",
        GenerateDataKey = "GenerateDataKey",
        GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
        ReEncryptFrom = "ReEncryptFrom",
        ReEncryptTo = "ReEncryptTo",
        Sign = "Sign",
        Verify = "Verify",
        GetPublicKey = "GetPublicKey",
        CreateGrant = "CreateGrant",
        RetireGrant = "RetireGrant",
        DescribeKey = "DescribeKey",
        GenerateDataKeyPair = "GenerateDataKeyPair",
        GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
        GenerateMac = "GenerateMac",
        VerifyMac = "VerifyMac",
        DeriveSharedSecret = "DeriveSharedSecret",
        Encapsulate = "Encapsulate",
        Decapsulate = "Decapsulate",
    }
}

impl GrantOperation {
    /// The operations that a grant of a key of this kind can permit.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>
    pub const fn of_key(spec: KeySpec, usage: KeyUsage) -> &'static [Self] {
        use GrantOperation as G;
        match usage {
            KeyUsage::EncryptDecrypt if matches!(spec, KeySpec::SymmetricDefault) => &[
                G::Decrypt,
                G::Encrypt,
                G::GenerateDataKey,
                G::GenerateDataKeyWithoutPlaintext,
                G::ReEncryptFrom,
                G::ReEncryptTo,
                G::GenerateDataKeyPair,
                G::GenerateDataKeyPairWithoutPlaintext,
                G::CreateGrant,
                G::RetireGrant,
                G::DescribeKey,
            ],
            KeyUsage::EncryptDecrypt => &[
                G::Decrypt,
                G::Encrypt,
                G::ReEncryptFrom,
                G::ReEncryptTo,
                G::GetPublicKey,
                G::CreateGrant,
                G::RetireGrant,
                G::DescribeKey,
            ],
            KeyUsage::SignVerify => &[
                G::Sign,
                G::Verify,
                G::GetPublicKey,
                G::CreateGrant,
                G::RetireGrant,
                G::DescribeKey,
            ],
            KeyUsage::KeyAgreement => &[
                G::DeriveSharedSecret,
                G::GetPublicKey,
                G::CreateGrant,
                G::RetireGrant,
                G::DescribeKey,
            ],
            KeyUsage::GenerateVerifyMac => {
                &[G::GenerateMac, G::VerifyMac, G::CreateGrant, G::RetireGrant, G::DescribeKey]
            }
            KeyUsage::EncapsulateDecapsulate => &[
                G::Encapsulate,
                G::Decapsulate,
                G::GetPublicKey,
                G::CreateGrant,
                G::RetireGrant,
                G::DescribeKey,
            ],
        }
    }

    /// Whether the operation takes an encryption context, which a grant can then constrain.
    pub const fn takes_encryption_context(self) -> bool {
        matches!(
            self,
            Self::Decrypt
                | Self::Encrypt
                | Self::GenerateDataKey
                | Self::GenerateDataKeyWithoutPlaintext
                | Self::GenerateDataKeyPair
                | Self::GenerateDataKeyPairWithoutPlaintext
                | Self::ReEncryptFrom
                | Self::ReEncryptTo
        )
    }
}

/// Names a grant: 32 bytes, shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantId([u8; 32]);

/// Text that is no grant id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a grant id is 64 lower-case hex digits")]
pub struct NotAGrantId;

impl GrantId {
    /// Wraps the bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh id.
    pub fn random(rng: &dyn Rng) -> Self {
        let mut bytes = [0; 32];
        rng.fill(&mut bytes);
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for GrantId {
    type Err = NotAGrantId;

    fn from_str(text: &str) -> Result<Self, NotAGrantId> {
        let mut bytes = [0; 32];
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if is_lower => Ok(Self(bytes)),
            _ => Err(NotAGrantId),
        }
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for GrantId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_for_some_kind_of_key_and_three_are_for_all() {
        let kinds = || {
            KeySpec::ALL
                .iter()
                .flat_map(|&spec| spec.usages().iter().map(move |&usage| (spec, usage)))
        };
        for operation in GrantOperation::ALL {
            let is_for = |(spec, usage)| GrantOperation::of_key(spec, usage).contains(operation);
            assert!(kinds().any(is_for), "{operation}");
            let is_for_all = matches!(
                operation,
                GrantOperation::CreateGrant
                    | GrantOperation::RetireGrant
                    | GrantOperation::DescribeKey
            );
            assert_eq!(kinds().all(is_for), is_for_all, "{operation}");
            let is_for_public =
                |(spec, usage): (KeySpec, KeyUsage)| spec.is_asymmetric() == is_for((spec, usage));
            assert_eq!(kinds().all(is_for_public), *operation == GrantOperation::GetPublicKey);
        }
    }

    #[test]
    fn only_symmetric_encryption_keys_make_data_keys() {
        use GrantOperation as G;
        for &spec in KeySpec::ALL {
            for &usage in spec.usages() {
                let operations = G::of_key(spec, usage);
                let makes = [
                    G::GenerateDataKey,
                    G::GenerateDataKeyWithoutPlaintext,
                    G::GenerateDataKeyPair,
                    G::GenerateDataKeyPairWithoutPlaintext,
                ]
                .map(|operation| operations.contains(&operation));
                assert_eq!(makes, [spec == KeySpec::SymmetricDefault; 4], "{spec} {usage}");
            }
        }
    }

    #[test]
    fn an_id_is_64_lower_case_hex_digits() {
        let text = "0f".repeat(32);
        assert_eq!(text.parse::<GrantId>().unwrap().to_string(), text);
        for text in ["", "0f", &text.to_uppercase(), &"0g".repeat(32), &"0f".repeat(33)] {
            assert_eq!(text.parse::<GrantId>(), Err(NotAGrantId), "{text}");
        }
    }
}
