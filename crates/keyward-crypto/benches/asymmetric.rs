//! What a call with a loaded key costs, by kind of key; and what loading one costs, which is why
//! loaded keys are kept.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keyward_crypto::{AsymmetricKey, KeyMaterial, MacKey, Message, Plaintext};
use keyward_model::{KeySpec, SigningAlgorithm};

const MESSAGE: [u8; 64] = [7; 64];

fn specs() -> impl Iterator<Item = KeySpec> {
    KeySpec::ALL.iter().copied().filter(|spec| spec.is_asymmetric())
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    for spec in specs() {
        let material = AsymmetricKey::generate(spec).unwrap();
        group.bench_function(spec.as_str(), |b| {
            b.iter(|| AsymmetricKey::load(spec, black_box(&material)));
        });
    }
}

/// Every algorithm of a key, over every form of message that differs in cost.
fn sign_and_verify(c: &mut Criterion) {
    for spec in specs() {
        let key = AsymmetricKey::load(spec, &AsymmetricKey::generate(spec).unwrap()).unwrap();
        for &algorithm in spec.signing_algorithms() {
            for message in messages(algorithm) {
                let signature = key.sign(algorithm, message).unwrap();
                let mut group = c.benchmark_group(format!("{spec}/{algorithm}/{}", kind(message)));
                group.bench_function("sign", |b| {
                    b.iter(|| key.sign(algorithm, black_box(message)));
                });
                group.bench_function("verify", |b| {
                    b.iter(|| key.verify(algorithm, black_box(message), &signature));
                });
            }
        }
    }
}

fn encrypt_and_decrypt(c: &mut Criterion) {
    let plaintext = Plaintext::new(vec![7; 32]);
    for spec in specs() {
        let key = AsymmetricKey::load(spec, &AsymmetricKey::generate(spec).unwrap()).unwrap();
        for &algorithm in spec.encryption_algorithms() {
            let ciphertext = key.encrypt(algorithm, &plaintext).unwrap();
            let mut group = c.benchmark_group(format!("{spec}/{algorithm}"));
            group.bench_function("encrypt", |b| {
                b.iter(|| key.encrypt(algorithm, black_box(&plaintext)));
            });
            group.bench_function("decrypt", |b| {
                b.iter(|| key.decrypt(algorithm, black_box(&ciphertext)));
            });
        }
    }
}

fn derive_shared_secret(c: &mut Criterion) {
    for spec in specs().filter(|spec| !spec.key_agreement_algorithms().is_empty()) {
        let key = || AsymmetricKey::load(spec, &AsymmetricKey::generate(spec).unwrap()).unwrap();
        let (own, peer) = (key(), key());
        c.benchmark_group(spec.as_str()).bench_function("derive_shared_secret", |b| {
            b.iter(|| own.derive_shared_secret(black_box(peer.public_key())));
        });
    }
}

/// Key generation varies by its nature: many primes are tried.
fn generate(c: &mut Criterion) {
    let mut group = c.benchmark_group("generate");
    group.sample_size(10);
    for spec in specs() {
        group.bench_function(spec.as_str(), |b| b.iter(|| AsymmetricKey::generate(spec)));
    }
}

fn encapsulate(c: &mut Criterion) {
    for spec in specs().filter(|spec| !spec.encapsulation_algorithms().is_empty()) {
        let key = AsymmetricKey::load(spec, &AsymmetricKey::generate(spec).unwrap()).unwrap();
        let (ciphertext, _) = key.encapsulate().unwrap();
        let mut group = c.benchmark_group(spec.as_str());
        group.bench_function("encapsulate", |b| b.iter(|| key.encapsulate()));
        group.bench_function("decapsulate", |b| b.iter(|| key.decapsulate(black_box(&ciphertext))));
    }
}

fn mac(c: &mut Criterion) {
    for &spec in KeySpec::ALL.iter().filter(|spec| !spec.mac_algorithms().is_empty()) {
        let key = MacKey::load(spec, &KeyMaterial::generate_for(spec).unwrap()).unwrap();
        let tag = key.mac(&MESSAGE);
        let mut group = c.benchmark_group(spec.as_str());
        group.bench_function("mac", |b| b.iter(|| key.mac(black_box(&MESSAGE))));
        group.bench_function("verify", |b| b.iter(|| key.verify(black_box(&MESSAGE), &tag)));
    }
}

/// The forms of a message that an algorithm takes and that differ in cost.
fn messages(algorithm: SigningAlgorithm) -> Vec<Message<'static>> {
    match algorithm {
        SigningAlgorithm::Ed25519PhSha512 => vec![Message::Digest(&MESSAGE)],
        SigningAlgorithm::MlDsaShake256 => {
            vec![Message::Raw(&MESSAGE), Message::ExternalMu(&MESSAGE)]
        }
        _ => vec![Message::Raw(&MESSAGE)],
    }
}

fn kind(message: Message<'_>) -> &'static str {
    match message {
        Message::Raw(_) => "raw",
        Message::Digest(_) => "digest",
        Message::ExternalMu(_) => "external-mu",
    }
}

criterion_group!(
    asymmetric,
    load,
    sign_and_verify,
    encrypt_and_decrypt,
    derive_shared_secret,
    encapsulate,
    mac,
    generate
);
criterion_main!(asymmetric);
