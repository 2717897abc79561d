//! Whatever bytes come as a ciphertext: a header or nothing, and never an opened plaintext.
#![no_main]

use std::sync::LazyLock;

use keyward_crypto::{Header, KeyMaterial, KeyName, SymmetricKey};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<SymmetricKey> = LazyLock::new(|| {
    let name = KeyName::new(b"111122223333", b"1234abcd-12ab-34cd-56ef-1234567890ab").unwrap();
    SymmetricKey::new(&name, &KeyMaterial::new(vec![7; 32])).unwrap()
});

fuzz_target!(|blob: &[u8]| {
    let _ = Header::parse(blob);
    assert!(KEY.open(blob, b"").is_err());
});
