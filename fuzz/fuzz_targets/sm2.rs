//! Whatever bytes come as a key, a peer, a signature or a ciphertext of SM2: what is read as a key
//! has been written like that, and nothing verifies or decrypts.
#![no_main]

use std::sync::LazyLock;

use keyward_sm2::Sm2Key;
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<Sm2Key> = LazyLock::new(|| {
    let fill = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok::<(), std::convert::Infallible>(())
    };
    Sm2Key::generate(fill).unwrap_or_else(|never| match never {})
});

fuzz_target!(|bytes: &[u8]| {
    assert!(KEY.decrypt(bytes).is_err());
    assert!(!KEY.verify(b"message", bytes));
    assert!(!KEY.verify_digest(&[7; 32], bytes));
    let _ = KEY.derive_shared_secret(bytes);
    if let Ok(stored) = Sm2Key::from_pkcs8(bytes) {
        assert_eq!(stored.to_pkcs8().as_slice(), bytes);
    }
});
