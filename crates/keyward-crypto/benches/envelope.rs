//! The primitives of the hot path: one blob sealed or opened, one row tagged or checked.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyward_crypto::{
    DomainKeys, KeyMaterial, KeyName, Passphrase, PassphraseParameters, Plaintext, RootKeyFile,
    Seal, SymmetricKey,
};

const CONTEXT: &[u8] = b"\0\x01\0\x03app\0\x03web";

fn blobs(c: &mut Criterion) {
    let name = KeyName::new(b"111122223333", b"1234abcd-12ab-34cd-56ef-1234567890ab").unwrap();
    let key = SymmetricKey::new(&name, &KeyMaterial::generate(32).unwrap()).unwrap();
    for len in [32, 4096] {
        let plaintext = Plaintext::new(vec![7; len]);
        let blob = key.seal(CONTEXT, &plaintext).unwrap();
        let mut group = c.benchmark_group(format!("blob/{len}"));
        group.throughput(Throughput::Bytes(u64::try_from(len).unwrap()));
        group.bench_function("seal", |b| b.iter(|| key.seal(CONTEXT, black_box(&plaintext))));
        group.bench_function("open", |b| b.iter(|| key.open(black_box(&blob), CONTEXT)));
        group.finish();
    }
}

fn rows(c: &mut Criterion) {
    let seal = Seal::from_root_key_file(&RootKeyFile::generate().unwrap()).unwrap();
    let (ring, _) = DomainKeys::generate(&seal).unwrap();
    let row = [7; 256];
    let tag = ring.tag_row(&row).unwrap();
    c.bench_function("row/tag", |b| b.iter(|| ring.tag_row(black_box(&row))));
    c.bench_function("row/check", |b| b.iter(|| ring.check_row(black_box(&row), &tag)));
}

/// Not on the hot path: what opening a database with a passphrase costs.
fn passphrase(c: &mut Criterion) {
    let passphrase = Passphrase::new(b"correct horse battery staple".to_vec());
    let parameters = PassphraseParameters::generate().unwrap();
    let mut group = c.benchmark_group("passphrase");
    group.sample_size(10);
    group.bench_function("derive", |b| b.iter(|| Seal::from_passphrase(&passphrase, &parameters)));
    group.finish();
}

criterion_group!(envelope, blobs, rows, passphrase);
criterion_main!(envelope);
