//! Documents against the rules, each rule broken on its own.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use proptest::prelude::*;

use super::*;
use crate::testing::encode::{array, bytes, map, null, text, unsigned};
use crate::testing::{Attester, ChainDefect, ES384_HEADER, Evidence, Fields, Recipient};

const NOW: Timestamp = Timestamp::from_unix_ms(1_800_000_000_123);
const MAX_AGE: Duration = Duration::from_mins(5);

static ATTESTER: LazyLock<Attester> = LazyLock::new(|| Attester::new(NOW));
static RECIPIENT: LazyLock<Recipient> = LazyLock::new(Recipient::generate);
static DOCUMENT: LazyLock<Vec<u8>> = LazyLock::new(|| ATTESTER.attest(&enclave()));

fn enclave() -> Evidence {
    Evidence::enclave(RECIPIENT.public_key(), NOW)
}

fn fields() -> Fields {
    ATTESTER.fields(&enclave())
}

fn verified(document: &[u8]) -> Result<Attestation, InvalidDocument> {
    verify(document, &ATTESTER.roots(), NOW, MAX_AGE)
}

fn refusal(fields: &Fields) -> InvalidDocument {
    verified(&ATTESTER.sign(fields)).unwrap_err()
}

#[test]
fn a_document_of_an_enclave_says_what_was_signed() {
    let attestation = verified(&DOCUMENT).unwrap();
    assert_eq!(attestation.module_id, "i-1234567890abcdef0-enc0123456789abcde");
    assert_eq!(attestation.kind, Kind::Enclave);
    assert_eq!(attestation.pcrs, enclave().pcrs);
    assert_eq!(attestation.public_key, RECIPIENT.public_key());
    assert_eq!(attestation.timestamp, NOW);
}

#[test]
fn a_document_of_a_nitro_tpm_is_of_its_own_kind() {
    let evidence = Evidence::nitro_tpm(RECIPIENT.public_key(), NOW);
    let attestation = verified(&ATTESTER.attest(&evidence)).unwrap();
    assert_eq!(attestation.kind, Kind::NitroTpm);
    assert_eq!(attestation.pcrs, evidence.pcrs);
}

/// The one test that holds our reading of the format against a document we did not make.
#[test]
fn a_document_of_a_real_enclave_verifies_while_its_certificate_lives() {
    let document = include_bytes!("../../../vectors/attestation/enclave-eu-central-1.cose");
    let now = Timestamp::from_unix_ms(1_736_179_626_000);
    let attestation = verify(document, &TrustRoots::aws(), now, MAX_AGE).unwrap();
    assert_eq!(attestation.module_id, "i-0bee92034f3d60691-enc01943c5eaab3ad6a");
    assert_eq!(attestation.kind, Kind::Enclave);
    assert_eq!(attestation.timestamp.unix_s(), 1_736_179_625);
    assert_eq!(attestation.pcrs.len(), 16);
    assert!(hex::encode(&attestation.pcrs[&0]).starts_with("8bb159f202bb95d6"));

    let later = now.plus(Duration::from_mins(181));
    let refused = verify(document, &TrustRoots::aws(), later, Duration::MAX);
    assert_eq!(refused, Err(InvalidDocument::NotCurrent));
    let refused = verify(document, &ATTESTER.roots(), now, MAX_AGE);
    assert_eq!(refused, Err(InvalidDocument::UntrustedRoot));
}

#[test]
fn the_root_of_aws_has_the_published_fingerprint() {
    let root = include_bytes!("../roots/aws-nitro-enclaves-g1.der");
    assert_eq!(
        hex::encode(digest(&SHA256, root)),
        "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"
    );
    assert!(TrustRoots::aws().contains(root));
    assert_eq!(TrustRoots::aws().len(), 1);
}

#[test]
fn roots_are_united_and_each_suffices() {
    let other = Attester::new(NOW);
    let roots = TrustRoots::aws().union(ATTESTER.roots()).union(other.roots());
    assert_eq!(roots.len(), 3);
    assert_eq!(roots.clone().union(TrustRoots::aws()), roots);
    for attester in [&*ATTESTER, &other] {
        verify(&attester.attest(&enclave()), &roots, NOW, MAX_AGE).unwrap();
    }
    let both = format!("{}\n{}", ATTESTER.root_pem(), other.root_pem());
    assert_eq!(TrustRoots::from_pem(&both).unwrap().len(), 2);
}

#[test]
fn a_root_is_pinned_by_its_certificate_and_not_by_its_name() {
    let namesake = Attester::new(NOW);
    let document = namesake.attest(&enclave());
    assert_eq!(verified(&document), Err(InvalidDocument::UntrustedRoot));

    // The pinned root before a chain that another root of the same name signed.
    let mut bundle: Vec<_> = namesake.bundle().iter().map(|der| bytes(der)).collect();
    bundle[0] = bytes(&ATTESTER.bundle()[0]);
    let fields = namesake.fields(&enclave()).with("cabundle", array(&bundle));
    assert_eq!(verified(&namesake.sign(&fields)), Err(InvalidDocument::Chain));
}

#[test]
fn a_text_without_a_usable_root_is_refused() {
    assert_eq!(TrustRoots::from_pem(""), Err(InvalidRoots::Empty));
    assert_eq!(TrustRoots::from_pem("no certificate"), Err(InvalidRoots::Empty));
    let cut = ATTESTER.root_pem().replace("-----END CERTIFICATE-----", "");
    assert_eq!(TrustRoots::from_pem(&cut), Err(InvalidRoots::NotPem));
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let second = format!("{}{other}", ATTESTER.root_pem());
    assert_eq!(TrustRoots::from_pem(&second), Err(InvalidRoots::NotARoot(2)));
    let long =
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", "A".repeat(1368));
    assert_eq!(TrustRoots::from_pem(&long), Err(InvalidRoots::TooLong(1)));
    let many = ATTESTER.root_pem().repeat(ROOTS_MAX + 1);
    assert_eq!(TrustRoots::from_pem(&many), Err(InvalidRoots::TooMany));
}

#[test]
fn each_defect_of_the_chain_is_found() {
    use ChainDefect as Defect;
    let cases = [
        (Defect::CaExpired, InvalidDocument::NotCurrent),
        (Defect::CaIsNotCa, InvalidDocument::Certificate),
        (Defect::CaLacksKeyCertSign, InvalidDocument::Certificate),
        (Defect::CaOnAnotherCurve, InvalidDocument::Chain),
        (Defect::LeafExpired, InvalidDocument::NotCurrent),
        (Defect::LeafHasPathLen, InvalidDocument::Certificate),
        (Defect::LeafIsCa, InvalidDocument::Certificate),
        (Defect::LeafLacksDigitalSignature, InvalidDocument::Certificate),
        (Defect::LeafNotYetValid, InvalidDocument::NotCurrent),
        (Defect::PathTooLong, InvalidDocument::Chain),
        (Defect::RootExpired, InvalidDocument::NotCurrent),
    ];
    for (defect, expected) in cases {
        let attester = Attester::with_defect(NOW, defect);
        let document = attester.attest(&enclave());
        let refused = verify(&document, &attester.roots(), NOW, MAX_AGE);
        assert_eq!(refused, Err(expected), "{defect:?}");
    }
}

#[test]
fn certificates_are_valid_to_their_last_second() {
    let at = |ms| {
        let now = NOW.plus(Duration::from_millis(ms));
        verify(&DOCUMENT, &ATTESTER.roots(), now, Duration::MAX).map(drop)
    };
    let lifetime = 3 * 3600 * 1000;
    assert_eq!(at(lifetime), Ok(()));
    assert_eq!(at(lifetime + 1000), Err(InvalidDocument::NotCurrent));
    let epoch = Timestamp::from_unix_ms(-1);
    let refused = verify(&DOCUMENT, &ATTESTER.roots(), epoch, Duration::MAX);
    assert_eq!(refused, Err(InvalidDocument::NotCurrent));
}

#[test]
fn the_bundle_begins_with_the_root_and_lacks_nothing() {
    let bundle: Vec<_> = ATTESTER.bundle().iter().map(|der| bytes(der)).collect();
    let with = |bundle: &[Vec<u8>]| refusal(&fields().with("cabundle", array(bundle)));
    let reversed: Vec<_> = bundle.iter().rev().cloned().collect();
    assert_eq!(with(&reversed), InvalidDocument::UntrustedRoot);
    assert_eq!(with(&bundle[1..]), InvalidDocument::UntrustedRoot);
    assert_eq!(with(&bundle[..2]), InvalidDocument::Chain);
    let junk = [&bundle[..1], &[bytes(b"junk")]].concat();
    assert_eq!(with(&junk), InvalidDocument::Certificate);
    assert_eq!(with(&[]), InvalidDocument::Field("cabundle"));
    let many = vec![bundle[0].clone(); 8];
    assert_eq!(with(&many), InvalidDocument::Field("cabundle"));
}

#[test]
fn only_what_was_signed_verifies() {
    let other = Attester::new(NOW);
    // Another attester's signature under this attester's certificates.
    assert_eq!(verified(&other.sign(&fields())), Err(InvalidDocument::Signature));

    let mut altered = DOCUMENT.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(verified(&altered), Err(InvalidDocument::Signature));

    let mut altered = DOCUMENT.clone();
    let id = altered.windows(4).position(|window| window == b"-enc").unwrap();
    altered[id + 1] = b'f';
    assert_eq!(verified(&altered), Err(InvalidDocument::Signature));
}

#[test]
fn es384_is_the_only_algorithm_and_the_only_header() {
    let payload = fields().payload();
    let headers: [&[u8]; 8] = [
        b"",
        &[0xa0],
        // ES256, ES512, and the number 34 itself.
        &[0xa1, 0x01, 0x26],
        &[0xa1, 0x01, 0x38, 0x23],
        &[0xa1, 0x01, 0x18, 0x22],
        // ES384 under another label, with `crit`, and with something after it.
        &[0xa1, 0x02, 0x38, 0x22],
        &[0xa2, 0x01, 0x38, 0x22, 0x02, 0x81, 0x04],
        &[0xa1, 0x01, 0x38, 0x22, 0x00],
    ];
    for header in headers {
        let document = ATTESTER.sign_bytes(header, &payload);
        assert_eq!(verified(&document), Err(InvalidDocument::Algorithm), "{header:02x?}");
    }
    verified(&ATTESTER.sign_bytes(&ES384_HEADER, &payload)).unwrap();
}

#[test]
fn a_document_without_a_key_is_refused_last() {
    for keyless in [fields().without("public_key"), fields().with("public_key", null())] {
        assert_eq!(refusal(&keyless), InvalidDocument::PublicKeyAbsent);
    }
    let mut forged = ATTESTER.sign(&fields().without("public_key"));
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(verified(&forged), Err(InvalidDocument::Signature));
}

#[test]
fn the_key_is_rsa_of_a_bounded_length_in_der() {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};

    let with = |key: &[u8]| ATTESTER.sign(&fields().with("public_key", bytes(key)));
    let of_size = |size| {
        let key = PrivateDecryptingKey::generate(size).unwrap().public_key();
        let der: PublicKeyX509Der<'_> = key.as_der().unwrap();
        der.as_ref().to_vec()
    };
    verified(&with(&of_size(KeySize::Rsa3072))).unwrap();

    let key = RECIPIENT.public_key();
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let p384 = rcgen::PublicKeyData::subject_public_key_info(&p384);
    let trailing = [key, &[0]].concat();
    for key in [&b"key"[..], &p384, &key[..key.len() - 1], &trailing] {
        assert_eq!(verified(&with(key)), Err(InvalidDocument::PublicKey));
    }
    for (bytes, expected) in [(128, false), (255, false), (256, true), (512, true), (513, false)] {
        assert_eq!(verified(&with(&rsa_key(bytes))).is_ok(), expected, "{bytes}");
    }
    let long = with(&rsa_key(1024));
    assert_eq!(verified(&long), Err(InvalidDocument::Field("public_key")));
}

/// SubjectPublicKeyInfo of an RSA key that nobody holds, its modulus as many bytes long.
fn rsa_key(modulus_bytes: usize) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| {
        let len = u16::try_from(content.len()).unwrap().to_be_bytes();
        let len = match content.len() {
            0..128 => vec![len[1]],
            128..256 => vec![0x81, len[1]],
            _ => vec![0x82, len[0], len[1]],
        };
        [&[tag], len.as_slice(), content].concat()
    };
    let modulus = [vec![0], vec![0xc5; modulus_bytes]].concat();
    let numbers = [element(0x02, &modulus), element(0x02, &[1, 0, 1])].concat();
    let key = [vec![0], element(0x30, &numbers)].concat();
    let algorithm = hex::decode("300d06092a864886f70d0101010500").unwrap();
    element(0x30, &[algorithm, element(0x03, &key)].concat())
}

#[test]
fn a_document_lives_as_long_as_it_is_told_to() {
    let made = |offset_ms: i64| {
        let timestamp = Timestamp::from_unix_ms(NOW.unix_ms() + offset_ms);
        let evidence = Evidence { timestamp, ..enclave() };
        verified(&ATTESTER.attest(&evidence)).map(drop)
    };
    assert_eq!(made(-300_000), Ok(()));
    assert_eq!(made(-300_001), Err(InvalidDocument::Stale));
    assert_eq!(made(300_000), Ok(()));
    assert_eq!(made(300_001), Err(InvalidDocument::Stale));
}

#[test]
fn absent_fields_may_be_null_or_left_out() {
    let sparse = fields().without("user_data").without("nonce");
    verified(&ATTESTER.sign(&sparse)).unwrap();
    let full = fields().with("user_data", bytes(&[1; 1024])).with("nonce", bytes(&[2; 512]));
    verified(&ATTESTER.sign(&full)).unwrap();
    let empty = fields().with("user_data", bytes(b"")).with("nonce", bytes(b""));
    verified(&ATTESTER.sign(&empty)).unwrap();
}

#[test]
fn each_field_keeps_its_rules() {
    let cases = [
        ("module_id", text("")),
        ("module_id", bytes(b"i-1234567890abcdef0")),
        ("module_id", null()),
        ("digest", text("SHA256")),
        ("digest", null()),
        ("timestamp", unsigned(0)),
        ("timestamp", unsigned(1 << 63)),
        ("timestamp", text("1800000000000")),
        ("certificate", bytes(b"")),
        ("certificate", bytes(&[0; 1025])),
        ("cabundle", bytes(b"root")),
        ("cabundle", array(&[bytes(&[0; 1025])])),
        ("cabundle", array(&[bytes(b"")])),
        ("public_key", bytes(b"")),
        ("public_key", text("key")),
        ("user_data", bytes(&[0; 1025])),
        ("nonce", bytes(&[0; 513])),
    ];
    for (name, encoded) in cases {
        let broken = fields().with(name, encoded.clone());
        assert_eq!(refusal(&broken), InvalidDocument::Field(name), "{encoded:02x?}");
    }
    for name in ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"] {
        assert_eq!(refusal(&fields().without(name)), InvalidDocument::Field(name));
    }
}

#[test]
fn registers_keep_their_limits() {
    let with = |pcrs: &[(u64, usize)]| {
        let entries: Vec<_> =
            pcrs.iter().map(|(index, len)| (unsigned(*index), bytes(&vec![7; *len]))).collect();
        verified(&ATTESTER.sign(&fields().with("pcrs", map(&entries))))
            .map(|found| found.pcrs.len())
    };
    let refused = Err(InvalidDocument::Field("pcrs"));
    assert_eq!(with(&[]), refused);
    assert_eq!(with(&[(0, 32), (1, 48), (31, 64)]), Ok(3));
    let all: Vec<_> = (0..32).map(|index| (index, 48)).collect();
    assert_eq!(with(&all), Ok(32));
    assert_eq!(with(&[(32, 48)]), refused);
    assert_eq!(with(&[(256, 48)]), refused);
    assert_eq!(with(&[(0, 48), (0, 48)]), refused);
    for len in [0, 31, 33, 47, 49, 65] {
        assert_eq!(with(&[(0, len)]), refused);
    }
    let text_key = map(&[(text("0"), bytes(&[7; 48]))]);
    assert_eq!(refusal(&fields().with("pcrs", text_key)), InvalidDocument::Field("pcrs"));
}

#[test]
fn a_document_is_of_one_kind() {
    let pcrs = map(&[(unsigned(4), bytes(&[7; 48]))]);
    let both = fields().and("nitrotpm_pcrs", pcrs);
    assert_eq!(refusal(&both), InvalidDocument::Field("pcrs"));
}

#[test]
fn no_field_is_given_twice() {
    for (name, encoded) in [
        ("module_id", text("i-1")),
        ("public_key", null()),
        ("nonce", null()),
        ("digest", text("SHA384")),
    ] {
        assert_eq!(refusal(&fields().and(name, encoded)), InvalidDocument::Malformed);
    }
    let unknown = fields().and("later", null()).and("later", null());
    assert_eq!(refusal(&unknown), InvalidDocument::Malformed);
}

#[test]
fn a_field_of_a_later_format_is_stepped_over_within_bounds() {
    let values = [
        array(&[map(&[(text("a"), array(&[unsigned(1), null()]))]), bytes(b"b")]),
        // A tag, a float, and containers of indefinite length.
        vec![0xc1, 0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
        vec![0x9f, 0xbf, 0x61, b'k', 0x20, 0xff, 0xff],
    ];
    for value in values {
        verified(&ATTESTER.sign(&fields().and("later", value))).unwrap();
    }
    let nested = |depth| [vec![0x81; depth], vec![0]].concat();
    verified(&ATTESTER.sign(&fields().and("later", nested(7)))).unwrap();
    for value in [nested(8), vec![0xff], vec![0x1f], vec![0x9f, 0], vec![0x5f, 0x41, 0, 0xff]] {
        assert_eq!(refusal(&fields().and("later", value)), InvalidDocument::Malformed);
    }
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
    let many = names.iter().fold(fields(), |fields, name| fields.and(name, null()));
    assert_eq!(refusal(&many), InvalidDocument::Malformed);
}

#[test]
fn the_tag_may_be_there_and_lengths_may_be_indefinite() {
    let tagged = [&[0xd2], DOCUMENT.as_slice()].concat();
    assert_eq!(verified(&tagged), verified(&DOCUMENT));
    // The same tag in two bytes, as a lenient writer has it.
    let tagged = [&[0xd8, 18], DOCUMENT.as_slice()].concat();
    assert_eq!(verified(&tagged), verified(&DOCUMENT));
    let other = [&[0xd3], DOCUMENT.as_slice()].concat();
    assert_eq!(verified(&other), Err(InvalidDocument::Malformed));

    let indefinite = [&[0x9f], &DOCUMENT[1..], &[0xff]].concat();
    assert_eq!(verified(&indefinite), verified(&DOCUMENT));
    let payload = fields().payload();
    let payload = [&[0xbf], &payload[1..], &[0xff]].concat();
    verified(&ATTESTER.sign_bytes(&ES384_HEADER, &payload)).unwrap();
    let unended = &payload[..payload.len() - 1];
    let document = ATTESTER.sign_bytes(&ES384_HEADER, unended);
    assert_eq!(verified(&document), Err(InvalidDocument::Malformed));
}

#[test]
fn whatever_is_not_exactly_the_structure_is_refused() {
    let malformed = |document: &[u8]| {
        assert_eq!(verified(document), Err(InvalidDocument::Malformed), "{document:02x?}");
    };
    malformed(b"");
    malformed(&[0x84]);
    malformed(&[DOCUMENT.as_slice(), &[0]].concat());
    // Unended, an item too many, an item too few.
    malformed(&[&[0x9f], &DOCUMENT[1..]].concat());
    malformed(&[&[0x85], &DOCUMENT[1..], &[0xf6]].concat());
    malformed(&[&[0x83], &DOCUMENT[1..]].concat());
    // Something unprotected.
    let header = 1 + 1 + ES384_HEADER.len();
    assert_eq!(DOCUMENT[header], 0xa0);
    malformed(&[&DOCUMENT[..header], &[0xa1, 4, 0x41, 1], &DOCUMENT[header + 1..]].concat());
    // A string in chunks, and lengths beyond the end.
    malformed(&[0x84, 0x5f, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xff, 0xa0, 0x41, 0, 0x41, 0]);
    malformed(&[0x84, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
    malformed(&ATTESTER.sign_bytes(&ES384_HEADER, b""));
    malformed(&ATTESTER.sign_bytes(&ES384_HEADER, &[fields().payload(), vec![0]].concat()));
    let short = &DOCUMENT[..DOCUMENT.len() - 98];
    malformed(&[short, &[0x58, 95], &[1; 95]].concat());
}

#[test]
fn sizes_are_bounded_before_anything_is_parsed() {
    let long = vec![0; DOCUMENT_BYTES_MAX + 1];
    assert_eq!(verified(&long), Err(InvalidDocument::TooLong));
    assert_eq!(verified(&long[1..]), Err(InvalidDocument::Malformed));
    // A payload of one byte more than the format allows.
    let room = 16_384 - fields().payload().len() - text("later").len() - 3;
    let padded = |len| ATTESTER.sign(&fields().and("later", bytes(&vec![0; len])));
    verified(&padded(room)).unwrap();
    assert_eq!(verified(&padded(room + 1)), Err(InvalidDocument::Malformed));
}

#[test]
fn no_prefix_of_a_document_verifies() {
    for len in 0..DOCUMENT.len() {
        assert!(verified(&DOCUMENT[..len]).is_err());
    }
}

/// A signature (r, s) has a twin (r, n - s), and some lengths have two encodings: an altered
/// document may verify, but never say anything else.
fn says_nothing_else(document: &[u8]) {
    if let Ok(attestation) = verified(document) {
        assert_eq!(Ok(attestation), verified(&DOCUMENT));
    }
}

proptest! {
    #[test]
    fn an_altered_document_never_says_anything_else(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut document = DOCUMENT.clone();
        for (index, byte) in edits {
            *index.get_mut(&mut document) = byte;
        }
        says_nothing_else(&document);
    }

    #[test]
    fn a_document_cut_and_joined_never_says_anything_else(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        between in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let (head, tail) = (from.index(DOCUMENT.len()), to.index(DOCUMENT.len()));
        says_nothing_else(&[&DOCUMENT[..head], &between, &DOCUMENT[tail..]].concat());
    }

    /// Signed, so that the mutants reach everything behind the signature's place in the order.
    #[test]
    fn an_altered_payload_is_refused_or_understood(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut payload = fields().payload();
        for (index, byte) in edits {
            *index.get_mut(&mut payload) = byte;
        }
        let _ = verified(&ATTESTER.sign_bytes(&ES384_HEADER, &payload));
    }

    #[test]
    fn arbitrary_bytes_are_refused(document in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(verified(&document).is_err());
        let document = ATTESTER.sign_bytes(&ES384_HEADER, &document);
        prop_assert!(verified(&document).is_err());
    }
}
