//! Whatever comes out of a wrapping as key material: refused, or material that loads; and whatever
//! comes as a wrapping.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use keyward_crypto::{AsymmetricKey, WrappingKey};
use keyward_model::{KeySpec, WrappingAlgorithm, WrappingKeySpec};
use libfuzzer_sys::fuzz_target;

const AES_KEY: [u8; 32] = [7; 32];

/// A wrapping key, and the AES key above wrapped under it.
static WRAPPING: LazyLock<(WrappingKey, Vec<u8>)> = LazyLock::new(|| {
    let (private_key, public_key) = WrappingKey::generate(WrappingKeySpec::Rsa2048).unwrap();
    let key = PublicEncryptingKey::from_der(&public_key).unwrap();
    let key = OaepPublicEncryptingKey::new(key).unwrap();
    let mut wrapped = vec![0; key.ciphertext_size()];
    key.encrypt(&OAEP_SHA256_MGF1SHA256, &AES_KEY, &mut wrapped, None).unwrap();
    (WrappingKey::load(&private_key).unwrap(), wrapped)
});

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else { return };
    let spec = KeySpec::ALL[usize::from(first) % KeySpec::ALL.len()];
    let (key, wrapped_key) = &*WRAPPING;
    if first >= 0xf0 {
        for &algorithm in WrappingAlgorithm::ALL {
            let _ = key.unwrap(algorithm, bytes, spec);
        }
        return;
    }

    let mut wrapped = vec![0; bytes.len() + 15];
    let kek = AesKek::new(&AES_256, &AES_KEY).unwrap();
    let Ok(part) = kek.wrap_with_padding(bytes, &mut wrapped) else { return };
    let wrapped = [wrapped_key, &*part].concat();
    let unwrapped = key.unwrap(WrappingAlgorithm::RsaAesKeyWrapSha256, &wrapped, spec);
    if let Ok(material) = unwrapped {
        assert!(!spec.is_asymmetric() || AsymmetricKey::load(spec, &material).is_ok());
    }
});
