//! The examples of GM/T 0003.5 (GB/T 32918.5), annexes A and C: one key, one nonce, the default
//! identity.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use keyward_sm2::{CIPHERTEXT_BYTES_MAX, InvalidCiphertext, Sm2Key};
use sm3::{Digest, Sm3};

const PRIVATE_KEY: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const PUBLIC_KEY: &str = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                          ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
const NONCE: &str = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
const SPKI_START: &str = "3059301306072a8648ce3d020106082a811ccf5501822d03420004";

const SIGNED_MESSAGE: &[u8] = b"message digest";
const Z: &str = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3";
const DIGEST: &str = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
const SIGNATURE: &str = "3046\
    022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
    022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";

const PLAINTEXT: &[u8] = b"encryption standard";
const EPHEMERAL: &str = "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
                         e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0";
/// The point that both sides of the encryption compute.
const SHARED: &str = "335e18d751e51f040e27d468138b7ab1dc86ad7f981d7d416222fd6ab3ed230d";
const SHARED_Y: &str = "ab743ebcfb22d64f7b6ab791f70658f25b48fa93e54064fdbfbed3f0bd847ac9";
/// In the ASN.1 form of GM/T 0009, 7.2.
const CIPHERTEXT: &str = "307c\
    022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
    022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0\
    042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
    041321886ca989ca9c7d58087307ca93092d651efa";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

/// A source whose next draw is this.
fn draw(hex: &str) -> impl FnMut(&mut [u8]) -> Result<(), &'static str> {
    let mut left = Some(bytes(hex));
    move |buffer| {
        buffer.copy_from_slice(&left.take().ok_or("drawn twice")?);
        Ok(())
    }
}

fn key() -> Sm2Key {
    Sm2Key::generate(draw(PRIVATE_KEY)).ok().unwrap()
}

#[test]
fn the_public_key_is_the_standards() {
    assert_eq!(hex::encode(key().public_key_spki()), format!("{SPKI_START}{PUBLIC_KEY}"));
}

#[test]
fn the_standards_signature_verifies_for_message_and_digest() {
    let digest = bytes(DIGEST).try_into().unwrap();
    assert!(key().verify(SIGNED_MESSAGE, &bytes(SIGNATURE)));
    assert!(key().verify_digest(&digest, &bytes(SIGNATURE)));
    assert!(!key().verify(b"message digesT", &bytes(SIGNATURE)));
}

#[test]
fn a_digest_is_of_the_identity_and_the_key_and_then_the_message() {
    let digest = Sm3::new().chain_update(bytes(Z)).chain_update(SIGNED_MESSAGE).finalize();
    assert_eq!(hex::encode(digest), DIGEST);
    let signature = key().sign_digest(&digest.into(), draw(NONCE)).unwrap();
    assert!(key().verify(SIGNED_MESSAGE, &signature));
    let signature = key().sign(SIGNED_MESSAGE, draw(NONCE)).unwrap();
    assert!(key().verify_digest(&digest.into(), &signature));
}

#[test]
fn encryption_with_the_standards_nonce_yields_the_standards_ciphertext() {
    let ciphertext = key().encrypt(PLAINTEXT, draw(NONCE)).unwrap();
    assert_eq!(hex::encode(ciphertext), CIPHERTEXT);
}

#[test]
fn the_standards_ciphertext_decrypts() {
    assert_eq!(*key().decrypt(&bytes(CIPHERTEXT)).unwrap(), PLAINTEXT);
}

/// As many zeros, encrypted by the letter of GM/T 0003.4 with the standard's nonce.
fn encrypted_zeros(count: usize) -> Vec<u8> {
    let (x, y) = (bytes(SHARED), bytes(SHARED_Y));
    let block = |counter: u32| {
        Sm3::new().chain_update(&x).chain_update(&y).chain_update(counter.to_be_bytes()).finalize()
    };
    let mut c2: Vec<u8> = (1_u32..).flat_map(block).take(count).collect();
    let c3 = Sm3::new().chain_update(&x).chain_update(vec![0; count]).chain_update(&y).finalize();

    let [high, low] = u16::try_from(count).unwrap().to_be_bytes();
    if count < 128 {
        c2.splice(0..0, [0x04, low]);
    } else {
        c2.splice(0..0, [0x04, 0x82, high, low]);
    }
    let start = bytes(&CIPHERTEXT[4..CIPHERTEXT.len() - 2 * (32 + 2 + PLAINTEXT.len())]);
    let content = [&start, &c3[..], &c2].concat();
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = if content.len() < 128 { vec![0x30, low] } else { vec![0x30, 0x82, high, low] };
    [header, content].concat()
}

#[test]
fn a_ciphertext_has_text_and_a_bound() {
    let long = CIPHERTEXT_BYTES_MAX - 111;
    assert_eq!(encrypted_zeros(long).len(), CIPHERTEXT_BYTES_MAX);
    for count in [1, 19, long] {
        assert_eq!(*key().decrypt(&encrypted_zeros(count)).unwrap(), vec![0; count]);
    }
    for count in [0, long + 1] {
        assert_eq!(key().decrypt(&encrypted_zeros(count)), Err(InvalidCiphertext), "{count}");
    }
}

#[test]
fn both_sides_derive_the_standards_shared_point() {
    let ephemeral = Sm2Key::generate(draw(NONCE)).ok().unwrap();
    let spki = bytes(&format!("{SPKI_START}{EPHEMERAL}"));
    assert_eq!(ephemeral.public_key_spki(), spki);
    assert_eq!(hex::encode(*key().derive_shared_secret(&spki).unwrap()), SHARED);
    let mine = ephemeral.derive_shared_secret(&key().public_key_spki()).unwrap();
    assert_eq!(hex::encode(*mine), SHARED);
}
