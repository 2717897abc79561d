//! One KMS request verified with a cached signing key, and the parts of that.

use std::hint::black_box;

use aws_lc_rs::{digest, hmac};
use criterion::{Criterion, criterion_group, criterion_main};
use keyward_sigv4::sign::Signer;
use keyward_sigv4::{RequestParts, Rules, SigningKey, Style, present};

const NOW: i64 = 1_792_324_800;
const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const BODY: &[u8] = br#"{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}"#;
const HOST: (&str, &[u8]) = ("host", b"kms.us-east-1.amazonaws.com");
const TARGET: (&str, &[u8]) = ("x-amz-target", b"TrentService.DescribeKey");
const TYPE: (&str, &[u8]) = ("content-type", b"application/x-amz-json-1.1");

fn signed_in_a_header(criterion: &mut Criterion) {
    let unsigned = [HOST, TARGET, TYPE, ("user-agent", b"example/1.0"), ("accept", b"*/*")];
    let parts = RequestParts { method: "POST", path: "/", query: "", headers: &unsigned };
    let added = signer().sign(&parts, BODY);
    let added = added.iter().map(|(name, value)| (*name, value.as_bytes()));
    let headers: Vec<(&str, &[u8])> = unsigned.into_iter().chain(added).collect();
    let parts = RequestParts { headers: &headers, ..parts };
    bench(criterion, "header", &parts);
}

fn presigned(criterion: &mut Criterion) {
    let headers = [HOST, TARGET, TYPE];
    let parts = RequestParts { method: "POST", path: "/", query: "", headers: &headers };
    let query = signer().presign(&parts, BODY, Some(300));
    bench(criterion, "query", &RequestParts { query: &query, ..parts });
}

/// What no implementation can save: the body, the canonical request and the string to sign.
fn hashes_alone(criterion: &mut Criterion) {
    let (canonical_request, string_to_sign) = ([b'a'; 330], [b'a'; 137]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    criterion.bench_function("hashes alone", |bencher| {
        bencher.iter(|| {
            let body = digest::digest(&digest::SHA256, black_box(BODY));
            let request = digest::digest(&digest::SHA256, black_box(&canonical_request));
            (body, request, hmac::sign(&key, black_box(&string_to_sign)))
        });
    });
}

fn derivation(criterion: &mut Criterion) {
    criterion.bench_function("derive", |bencher| {
        bencher.iter(|| SigningKey::derive(black_box(SECRET), "20261018", "us-east-1", "kms"));
    });
}

fn bench(criterion: &mut Criterion, form: &str, parts: &RequestParts<'_>) {
    let rules = Rules {
        service: "kms",
        region_is_served: &|region| region == "us-east-1",
        now: NOW,
        past_window_s: 300,
        future_window_s: 300,
        expires_s_max: 300,
        ignores_expires: false,
        style: Style::Json,
    };
    let key = SigningKey::derive(SECRET, "20261018", "us-east-1", "kms");
    let is_verified =
        |parts| present(parts, &rules).is_ok_and(|presented| presented.verify(&key, BODY).is_ok());
    assert!(is_verified(parts), "a bench of a refusal would measure nothing");
    criterion.bench_function(&format!("present/{form}"), |bencher| {
        bencher.iter(|| present(black_box(parts), &rules).is_ok());
    });
    criterion.bench_function(&format!("present and verify/{form}"), |bencher| {
        bencher.iter(|| is_verified(black_box(parts)));
    });
}

fn signer() -> Signer<'static> {
    Signer {
        access_key_id: "AKIDEXAMPLE",
        secret: SECRET,
        session_token: None,
        region: "us-east-1",
        service: "kms",
        now: NOW,
    }
}

criterion_group!(benches, signed_in_a_header, presigned, hashes_alone, derivation);
criterion_main!(benches);
