//! Who receives: the enclave's side of `CiphertextForRecipient`.

use aws_lc_rs::cipher::{
    AES_256, AES_256_KEY_LEN, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};

const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const SUBJECT_KEY_IDENTIFIER: u8 = 0x80;
const CONTEXT_0: u8 = 0xa0;

/// An RSA key of 2048 bits that only its holder can decrypt with.
pub struct Recipient {
    key: PrivateDecryptingKey,
    public_key: Vec<u8>,
}

impl Recipient {
    /// A recipient with a fresh key.
    pub fn generate() -> Self {
        Self::of(PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap())
    }

    /// A recipient with this PKCS #8 key.
    pub fn from_pkcs8(der: &[u8]) -> Self {
        Self::of(PrivateDecryptingKey::from_pkcs8(der).unwrap())
    }

    fn of(key: PrivateDecryptingKey) -> Self {
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let public_key = der.as_ref().to_vec();
        Self { key, public_key }
    }

    /// DER SubjectPublicKeyInfo, as it stands in a document.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// What `CiphertextForRecipient` holds; none unless it is in the form that the enclave SDK for C
    /// reads. That reader steps into elements of indefinite length only, wants the recipients at
    /// definite length, both versions 2, AES-256-CBC and an IV of 16 bytes.
    pub fn open(&self, ciphertext_for_recipient: &[u8]) -> Option<Vec<u8>> {
        let envelope = Envelope::read(ciphertext_for_recipient)?;
        let key = OaepPrivateDecryptingKey::new(self.key.clone()).ok()?;
        let mut content_key = vec![0; key.min_output_size()];
        let content_key = key
            .decrypt(&OAEP_SHA256_MGF1SHA256, envelope.encrypted_key, &mut content_key, None)
            .ok()?;
        let content_key: &[u8; AES_256_KEY_LEN] = (&*content_key).try_into().ok()?;
        let content_key = UnboundCipherKey::new(&AES_256, content_key).ok()?;
        let iv = DecryptionContext::Iv128(FixedLength::from(envelope.iv));
        let mut content = envelope.content;
        let plaintext = PaddedBlockDecryptingKey::cbc_pkcs7(content_key).ok()?;
        plaintext.decrypt(&mut content, iv).ok().map(|plaintext| plaintext.to_vec())
    }
}

/// The parts of an EnvelopedData that decryption needs.
struct Envelope<'a> {
    encrypted_key: &'a [u8],
    iv: [u8; 16],
    content: Vec<u8>,
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Ber(bytes);
        reader.step_into(SEQUENCE)?;
        reader.expect(OID, ENVELOPED_DATA)?;
        reader.step_into(CONTEXT_0)?;
        reader.step_into(SEQUENCE)?;
        reader.expect(INTEGER, &[2])?;
        let encrypted_key = only_recipient(reader.definite(SET)?)?;
        reader.step_into(SEQUENCE)?;
        reader.expect(OID, DATA)?;
        let mut algorithm = Ber(reader.definite(SEQUENCE)?);
        algorithm.expect(OID, AES_256_CBC)?;
        let iv = algorithm.definite(OCTET_STRING)?.try_into().ok()?;
        algorithm.end()?;
        reader.step_into(CONTEXT_0)?;
        let mut content = Vec::new();
        while reader.0.first() == Some(&OCTET_STRING) {
            content.extend(reader.definite(OCTET_STRING)?);
        }
        // The ends of what was stepped into.
        for _ in 0..5 {
            reader.expect(0, &[])?;
        }
        reader.end()?;
        Some(Self { encrypted_key, iv, content })
    }
}

fn only_recipient(recipients: &[u8]) -> Option<&[u8]> {
    let mut recipients = Ber(recipients);
    let mut recipient = Ber(recipients.definite(SEQUENCE)?);
    recipients.end()?;
    recipient.expect(INTEGER, &[2])?;
    recipient.definite(SUBJECT_KEY_IDENTIFIER)?;
    recipient.definite(SEQUENCE)?;
    let encrypted_key = recipient.definite(OCTET_STRING)?;
    recipient.end()?;
    Some(encrypted_key)
}

/// Reads elements off the front of a slice.
struct Ber<'a>(&'a [u8]);

impl<'a> Ber<'a> {
    /// The header of an element of indefinite length.
    fn step_into(&mut self, tag: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[tag, 0x80])?;
        Some(())
    }

    /// The content of an element of definite length.
    fn definite(&mut self, tag: u8) -> Option<&'a [u8]> {
        let [found, first, rest @ ..] = self.0 else { return None };
        let (len, rest) = match *first {
            short @ ..0x80 => (usize::from(short), rest),
            long => {
                let (len, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                let is_sound = (1..=2).contains(&len.len());
                let number = len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
                (is_sound.then_some(number)?, rest)
            }
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        (*found == tag).then_some(content)
    }

    fn expect(&mut self, tag: u8, content: &[u8]) -> Option<()> {
        (self.definite(tag)? == content).then_some(())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
