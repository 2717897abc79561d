//! The decode stage: an Encrypt-like body read by a hand-written shape, and walked by the validator.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keyward_shape::{
    BlobShape, Constraint, Context, Member, SecretBlob, Shape, Structure, Text, TextShape, decode,
    validate,
};
use serde::Deserialize;

enum KeyId {}

impl Constraint for KeyId {
    type Shape = TextShape;
    const SHAPE: &'static TextShape =
        &TextShape { min: 1, max: 2048, pattern: None, sensitive: false };
}

enum Plaintext {}

impl Constraint for Plaintext {
    type Shape = BlobShape;
    const SHAPE: &'static BlobShape = &BlobShape { min: 1, max: 4096, sensitive: true };
}

static REQUEST: Structure = Structure {
    name: "Request",
    members: &[
        Member::required("KeyId", Shape::Text(KeyId::SHAPE)),
        Member::required("Plaintext", Shape::Blob(Plaintext::SHAPE)),
        Member::optional("EncryptionContext", Shape::TextMap),
    ],
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyId>,
    plaintext: SecretBlob<Plaintext>,
    #[serde(borrow, default)]
    encryption_context: Context<'a>,
}

/// A body with a plaintext of `quarters` × 3 bytes and two pairs of context.
fn body(quarters: usize, first: &str) -> Vec<u8> {
    format!(
        r#"{{{first}"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","Plaintext":"{}","EncryptionContext":{{"purpose":"test","tenant":"a"}}}}"#,
        "AbC/".repeat(quarters)
    )
    .into_bytes()
}

fn decode_one(body: &[u8]) -> usize {
    match decode::<Request<'_>>(&REQUEST, body) {
        Ok(request) => {
            request.key_id.len()
                + request.plaintext.expose().len()
                + request.encryption_context.pairs().len()
        }
        Err(_) => 0,
    }
}

fn stages(criterion: &mut Criterion) {
    let (small, large) = (body(21, ""), body(1365, ""));
    let repeated = body(21, r#""KeyId":"a","#);
    criterion.bench_function("decode/63 bytes", |b| b.iter(|| decode_one(black_box(&small))));
    criterion.bench_function("decode/4095 bytes", |b| b.iter(|| decode_one(black_box(&large))));
    criterion
        .bench_function("decode/repeated member", |b| b.iter(|| decode_one(black_box(&repeated))));
    criterion.bench_function("validate/63 bytes", |b| {
        b.iter(|| validate(&REQUEST, black_box(&small)).is_ok());
    });
}

criterion_group!(benches, stages);
criterion_main!(benches);
