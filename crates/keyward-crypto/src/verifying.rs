//! Checking signatures of which only the public key is known.

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

use crate::error::{InvalidPublicKey, InvalidSignature};

/// A public RSA key, of 2048 bits or more.
pub struct RsaVerifyingKey(ParsedPublicKey);

impl RsaVerifyingKey {
    /// Parses a DER `RSAPublicKey` (RFC 8017, A.1.1).
    pub fn parse(pkcs1: &[u8]) -> Result<Self, InvalidPublicKey> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1);
        key.map(Self).map_err(|_| InvalidPublicKey)
    }

    /// Checks an RSASSA-PKCS1-v1_5 signature with SHA-256 over `message`.
    pub fn verify_pkcs1_sha256(
        &self,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.0.verify_sig(message, signature).map_err(|_| InvalidSignature)
    }
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, SigningAlgorithm};

    use super::*;
    use crate::{AsymmetricKey, Message};

    #[test]
    fn a_signature_is_valid_for_its_message_and_key_alone() {
        let algorithm = SigningAlgorithm::RsassaPkcs1V15Sha256;
        let [key, other] = [(); 2].map(|()| {
            let material = AsymmetricKey::generate(KeySpec::Rsa2048).unwrap();
            AsymmetricKey::load(KeySpec::Rsa2048, &material).unwrap()
        });
        // The bit string of an RSA-2048 `SubjectPublicKeyInfo` begins behind 24 bytes.
        let public = |key: &AsymmetricKey| RsaVerifyingKey::parse(&key.public_key()[24..]).unwrap();
        let signature = key.sign(algorithm, Message::Raw(b"message")).unwrap();
        let verify = |key, message: &[u8], signature: &[u8]| {
            public(key).verify_pkcs1_sha256(message, signature).is_ok()
        };
        assert!(verify(&key, b"message", &signature));
        assert!(!verify(&key, b"messagf", &signature));
        assert!(!verify(&other, b"message", &signature));
        assert!(!verify(&key, b"message", &signature[1..]));
        let pss = key.sign(SigningAlgorithm::RsassaPssSha256, Message::Raw(b"message")).unwrap();
        assert!(!verify(&key, b"message", &pss));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(RsaVerifyingKey::parse(b"").is_err());
        assert!(RsaVerifyingKey::parse(&[0x30, 0]).is_err());
    }
}
