//! ML-DSA (FIPS 204) over mu, the message representative that somebody else computed.

use std::fmt;

use aws_lc_sys::EVP_PKEY_PQDSA;

use crate::Failure;
use crate::pkey::Pkey;

/// The length of mu.
pub const MU_BYTES: usize = 64;

/// An ML-DSA key of any parameter set.
pub struct MlDsaKey(Pkey);

impl MlDsaKey {
    /// A private key from PKCS#8 in DER (RFC 9881), with which one can sign; from the seed form,
    /// verify as well.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Failure> {
        Pkey::from_pkcs8(der, EVP_PKEY_PQDSA).map(Self)
    }

    /// A public key from a SubjectPublicKeyInfo in DER (RFC 9881), with which one can verify.
    pub fn from_spki(der: &[u8]) -> Result<Self, Failure> {
        Pkey::from_spki(der, EVP_PKEY_PQDSA).map(Self)
    }

    /// A hedged signature: two of the same mu differ.
    pub fn sign_mu(&self, mu: &[u8; MU_BYTES]) -> Result<Vec<u8>, Failure> {
        self.0.sign(mu)
    }

    /// Whether `signature` is one of the message that mu represents.
    pub fn verify_mu(&self, mu: &[u8; MU_BYTES], signature: &[u8]) -> bool {
        self.0.verify(mu, signature).is_ok()
    }
}

impl fmt::Debug for MlDsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MlDsaKey")
    }
}

#[cfg(test)]
mod tests {
    use static_assertions::{assert_impl_all, assert_not_impl_any};

    use super::*;

    assert_impl_all!(MlDsaKey: Send, Sync);
    assert_not_impl_any!(MlDsaKey: Clone, Copy);

    /// ML-DSA-44 in seed form, with an arbitrary seed.
    fn pkcs8() -> Vec<u8> {
        let mut der = hex::decode("3034020100300b060960864801650304031104228020").unwrap();
        der.resize(54, 7);
        der
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let key = MlDsaKey::from_pkcs8(&pkcs8()).unwrap();
        let mu = [9; MU_BYTES];
        let signature = key.sign_mu(&mu).unwrap();
        assert_eq!(signature.len(), 2420);
        assert!(key.verify_mu(&mu, &signature));
        assert!(!key.verify_mu(&[8; MU_BYTES], &signature));
        assert!(!key.verify_mu(&mu, &signature[1..]));
        assert!(!key.verify_mu(&mu, &[]));
        assert_ne!(key.sign_mu(&mu).unwrap(), signature);
    }

    #[test]
    fn a_public_key_verifies_and_does_not_sign() {
        let private = MlDsaKey::from_pkcs8(&pkcs8()).unwrap();
        let mut raw = [0; 1312];
        private.0.raw_public_key(&mut raw).unwrap();
        let mut spki = hex::decode("30820532300b060960864801650304031103820521").unwrap();
        spki.push(0);
        spki.extend_from_slice(&raw);
        let public = MlDsaKey::from_spki(&spki).unwrap();
        let mu = [9; MU_BYTES];
        assert!(public.verify_mu(&mu, &private.sign_mu(&mu).unwrap()));
        assert_eq!(public.sign_mu(&mu), Err(Failure));
    }

    #[test]
    fn what_is_not_exactly_an_ml_dsa_key_is_refused() {
        let whole = pkcs8();
        for len in 0..whole.len() {
            assert!(MlDsaKey::from_pkcs8(&whole[..len]).is_err(), "{len} bytes");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(MlDsaKey::from_pkcs8(&longer).is_err());
        assert!(MlDsaKey::from_spki(&whole).is_err());
        let ed25519 = "302e020100300506032b657004220420".to_owned() + &"07".repeat(32);
        assert!(MlDsaKey::from_pkcs8(&hex::decode(ed25519).unwrap()).is_err());
    }

    #[test]
    fn one_key_serves_many_threads_at_once() {
        let key = MlDsaKey::from_pkcs8(&pkcs8()).unwrap();
        std::thread::scope(|scope| {
            for byte in 0..4 {
                let key = &key;
                scope.spawn(move || {
                    let mu = [byte; MU_BYTES];
                    assert!((0..20).all(|_| key.verify_mu(&mu, &key.sign_mu(&mu).unwrap())));
                });
            }
        });
    }
}
