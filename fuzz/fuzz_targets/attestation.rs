//! Whatever bytes come as an attestation document, as its payload under a good signature, or in
//! the place of a part of a good document: an error, or what was signed.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use keyward_attestation::testing::{Attester, ES384_HEADER, Evidence, Recipient};
use keyward_attestation::{Attestation, InvalidDocument, verify};
use keyward_model::Timestamp;
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);

struct Sample {
    attester: Attester,
    document: Vec<u8>,
    payload: Vec<u8>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let attester = Attester::new(NOW);
    let evidence = Evidence::enclave(Recipient::generate().public_key(), NOW);
    let document = attester.attest(&evidence);
    let payload = attester.fields(&evidence).payload();
    Sample { attester, document, payload }
});

fuzz_target!(|input: (u8, u16, u16, &[u8])| {
    let (way, from, to, bytes) = input;
    let splice = |whole: &[u8]| {
        let [from, to] = [from, to].map(|index| usize::from(index) % (whole.len() + 1));
        [&whole[..from], bytes, &whole[to..]].concat()
    };
    let sign = |payload: &[u8]| SAMPLE.attester.sign_bytes(&ES384_HEADER, payload);
    match way % 4 {
        0 => assert!(verified(bytes).is_err()),
        1 => {
            if let Ok(attestation) = verified(&splice(&SAMPLE.document)) {
                assert_eq!(Ok(attestation), verified(&SAMPLE.document));
            }
        }
        2 => drop(verified(&sign(bytes))),
        _ => drop(verified(&sign(&splice(&SAMPLE.payload)))),
    }
});

fn verified(document: &[u8]) -> Result<Attestation, InvalidDocument> {
    verify(document, &SAMPLE.attester.roots(), NOW, Duration::from_mins(5))
}
