//! `CiphertextForRecipient`: CMS EnvelopedData (RFC 5652, section 6) for the key of an attestation
//! document, byte for byte as the real service forms it.
//!
//! The outer elements have indefinite length, which is why this writes BER and why no library does
//! it: the enclave SDK for C steps only into such elements, and wants the recipients definite.

use aws_lc_rs::cipher::{
    AES_256, AES_256_KEY_LEN, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use zeroize::Zeroizing;

use crate::error::{EnvelopeError, ModuleFailure};
use crate::random;
use crate::secret::{Plaintext, Secret};

const BLOCK_BYTES: usize = 16;

/// How much of the ciphertext one OCTET STRING holds. Readers join them.
const SEGMENT_BYTES: usize = 1000;

const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0] IMPLICIT`, primitive.
const SUBJECT_KEY_IDENTIFIER: u8 = 0x80;
/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;

/// Of EnvelopedData, and of a recipient who is named by a key identifier.
const VERSION_2: &[u8] = b"\x02\x01\x02";
/// 1.2.840.113549.1.7.3, `id-envelopedData`.
const ENVELOPED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
/// 1.2.840.113549.1.7.1, `id-data`.
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 2.16.840.1.101.3.4.1.42, `id-aes256-CBC`.
const AES_256_CBC: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
/// `id-RSAES-OAEP` with SHA-256 for hash and mask, the label left out.
const RSAES_OAEP_SHA_256: &[u8] = b"\
    \x30\x3c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07\x30\x2f\
    \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
    \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
    \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";

/// Encrypts for the holder of an RSA key, given as DER SubjectPublicKeyInfo: a fresh AES-256 key
/// encrypts the plaintext, RSAES-OAEP with SHA-256 that key.
///
/// AES-CBC does not authenticate. The form is the service's; the channel and the recipient's own
/// checks must.
pub fn enveloped_for(
    recipient_spki: &[u8],
    plaintext: &Plaintext,
) -> Result<Vec<u8>, EnvelopeError> {
    let content_key = random::secret(AES_256_KEY_LEN)?;
    let iv = random::public::<BLOCK_BYTES>()?;
    let encrypted_key = encrypt_key(recipient_spki, &content_key)?;
    let ciphertext = encrypt_content(&content_key, iv, plaintext)?;

    let recipient = key_trans_recipient(recipient_spki, &encrypted_key);
    let content = encrypted_content(iv, &ciphertext);
    let enveloped = indefinite(SEQUENCE, &[VERSION_2, &definite(SET, &[&recipient]), &content]);
    Ok(indefinite(SEQUENCE, &[ENVELOPED_DATA, &indefinite(CONTEXT_0, &[&enveloped])]))
}

fn encrypt_key(recipient_spki: &[u8], content_key: &Secret) -> Result<Vec<u8>, EnvelopeError> {
    let key = PublicEncryptingKey::from_der(recipient_spki)
        .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(Into::into))
        .map_err(|_| EnvelopeError::InvalidPublicKey)?;
    let mut encrypted = vec![0; key.ciphertext_size()];
    let len = key
        .encrypt(&OAEP_SHA256_MGF1SHA256, content_key.expose(), &mut encrypted, None)
        .map_err(|_| ModuleFailure)?
        .len();
    encrypted.truncate(len);
    Ok(encrypted)
}

fn encrypt_content(
    content_key: &Secret,
    iv: [u8; BLOCK_BYTES],
    plaintext: &Plaintext,
) -> Result<Zeroizing<Vec<u8>>, ModuleFailure> {
    let key = UnboundCipherKey::new(&AES_256, content_key.expose())
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(|_| ModuleFailure)?;
    // Room for the padding, so that the buffer is encrypted where it is and leaves no copy.
    let mut buffer = Zeroizing::new(Vec::with_capacity(plaintext.len() + BLOCK_BYTES));
    buffer.extend(plaintext.expose());
    let iv = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(&mut *buffer, iv).map_err(|_| ModuleFailure)?;
    Ok(buffer)
}

/// KeyTransRecipientInfo. The identifier is the digest of the whole SubjectPublicKeyInfo.
fn key_trans_recipient(recipient_spki: &[u8], encrypted_key: &[u8]) -> Vec<u8> {
    let identifier = digest(&SHA256, recipient_spki);
    definite(
        SEQUENCE,
        &[
            VERSION_2,
            &definite(SUBJECT_KEY_IDENTIFIER, &[identifier.as_ref()]),
            RSAES_OAEP_SHA_256,
            &definite(OCTET_STRING, &[encrypted_key]),
        ],
    )
}

fn encrypted_content(iv: [u8; BLOCK_BYTES], ciphertext: &[u8]) -> Vec<u8> {
    let algorithm = definite(SEQUENCE, &[AES_256_CBC, &definite(OCTET_STRING, &[&iv])]);
    let segments: Vec<u8> = ciphertext
        .chunks(SEGMENT_BYTES)
        .flat_map(|segment| definite(OCTET_STRING, &[segment]))
        .collect();
    indefinite(SEQUENCE, &[DATA, &algorithm, &indefinite(CONTEXT_0, &[&segments])])
}

/// An element whose content ends with two zero bytes.
fn indefinite(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], content.concat().as_slice(), &[0, 0]].concat()
}

/// An element that states its length, in the fewest bytes.
fn definite(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let len = content.len().to_be_bytes();
    let leading = len.iter().take_while(|byte| **byte == 0).count();
    let len = len.get(leading..).unwrap_or_default();
    let head = match len {
        [] => vec![tag, 0],
        [short @ ..0x80] => vec![tag, *short],
        _ => {
            // A length has eight bytes at most.
            let count = u8::try_from(len.len()).unwrap_or_default();
            [&[tag, 0x80 | count], len].concat()
        }
    };
    [head, content].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use keyward_attestation::testing::Recipient;

    use super::*;

    static RECIPIENT: LazyLock<Recipient> = LazyLock::new(Recipient::generate);

    fn plaintext(len: usize) -> Plaintext {
        Plaintext::new((0..len).map(|i| u8::try_from(i % 251).unwrap()).collect())
    }

    fn enveloped(len: usize) -> Vec<u8> {
        enveloped_for(RECIPIENT.public_key(), &plaintext(len)).unwrap()
    }

    #[test]
    fn an_envelope_has_the_documented_lengths_for_an_rsa_2048_recipient() {
        assert_eq!(enveloped(1).len(), 461);
        assert_eq!(enveloped(15).len(), 461);
        assert_eq!(enveloped(16).len(), 477);
        assert_eq!(enveloped(32).len(), 493);
    }

    /// Every byte but for the digest of the key, the encrypted key, the IV and the ciphertext.
    #[test]
    fn an_envelope_has_the_documented_bytes() {
        let envelope = enveloped(32);
        let identifier = digest(&SHA256, RECIPIENT.public_key());
        let parts = [
            "3080 06092a864886f70d010703 a080 3080 020102 3182016b 30820167 020102 8020",
            &hex::encode(identifier),
            "303c 06092a864886f70d010107 302f a00f 300d 06096086480165030402010500
             a11c 301a 06092a864886f70d010108 300d 06096086480165030402010500 04820100",
            &hex::encode(&envelope[131..387]),
            "3080 06092a864886f70d010701 301d 060960864801650304012a 0410",
            &hex::encode(&envelope[415..431]),
            "a080 0430",
            &hex::encode(&envelope[435..483]),
            "0000 0000 0000 0000 0000",
        ];
        let expected: String = parts.concat().split_whitespace().collect();
        assert_eq!(hex::encode(&envelope), expected);
    }

    #[test]
    fn the_recipient_opens_what_was_enveloped() {
        for len in [0, 1, 15, 16, 32, 999, 1000, 1001, 4096, 6144] {
            let opened = RECIPIENT.open(&enveloped(len)).unwrap();
            assert_eq!(opened, plaintext(len).expose(), "{len}");
        }
        let other = Recipient::generate();
        assert_ne!(other.open(&enveloped(32)).as_deref(), Some(plaintext(32).expose()));
    }

    /// Made once with a key that OpenSSL made, and decrypted by OpenSSL too.
    #[test]
    fn the_kept_envelope_opens() {
        let kept = include_str!("../../../vectors/attestation/ciphertext-for-recipient.json");
        let kept: serde_json::Value = serde_json::from_str(kept).unwrap();
        let field = |name: &str| hex::decode(kept[name].as_str().unwrap()).unwrap();
        let recipient = Recipient::from_pkcs8(&field("recipient_pkcs8"));
        let envelope = field("ciphertext_for_recipient");
        assert_eq!(recipient.open(&envelope).unwrap(), field("plaintext"));
        assert_eq!(envelope.len(), 493);
    }

    /// What the reader of the enclave SDK for C cannot follow, our own reader refuses too.
    #[test]
    fn an_envelope_in_another_form_does_not_open() {
        let envelope = enveloped(32);
        let version = envelope.windows(3).position(|window| window == VERSION_2).unwrap();
        let recipients = version + VERSION_2.len();
        for (index, byte) in [(1, 0x82), (version + 2, 0), (recipients + 1, 0x80)] {
            let mut altered = envelope.clone();
            altered[index] = byte;
            assert_eq!(RECIPIENT.open(&altered), None, "{index}");
        }
        assert_eq!(RECIPIENT.open(&envelope[..envelope.len() - 2]), None);
    }

    #[test]
    fn a_long_ciphertext_stands_in_segments() {
        let envelope = enveloped(2100);
        let segments = envelope.windows(4).filter(|w| *w == [0x04, 0x82, 0x03, 0xe8]).count();
        // 2112 bytes: two whole segments and the rest.
        assert_eq!(segments, 2);
        assert_eq!(&envelope[envelope.len() - 124..][..2], &[0x04, 112]);
    }

    #[test]
    fn no_two_envelopes_share_a_key_or_an_iv() {
        let (one, two) = (enveloped(32), enveloped(32));
        assert_ne!(one[131..387], two[131..387]);
        assert_ne!(one[415..431], two[415..431]);
    }

    #[test]
    fn a_key_that_is_not_rsa_is_refused() {
        let key = RECIPIENT.public_key();
        for key in [&b""[..], b"key", &key[..key.len() - 1]] {
            let refused = enveloped_for(key, &plaintext(1));
            assert_eq!(refused.unwrap_err(), EnvelopeError::InvalidPublicKey);
        }
    }

    #[test]
    fn lengths_take_the_fewest_bytes() {
        let head = |len: usize| {
            let mut element = definite(4, &[&vec![7; len]]);
            element.truncate(element.len() - len);
            element
        };
        assert_eq!(head(0), [4, 0]);
        assert_eq!(head(127), [4, 127]);
        assert_eq!(head(128), [4, 0x81, 128]);
        assert_eq!(head(255), [4, 0x81, 255]);
        assert_eq!(head(256), [4, 0x82, 1, 0]);
        assert_eq!(head(65_536), [4, 0x83, 1, 0, 0]);
    }
}
