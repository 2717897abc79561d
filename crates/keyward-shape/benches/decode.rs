//! The decode and encode stages: an Encrypt-like body read by a hand-written shape and walked by the
//! validator, and its reply written.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keyward_shape::{
    Base64, BlobShape, Constraint, Context, Member, SecretBlob, Shape, Structure, Text, TextShape,
    decode, validate,
};
use serde::{Deserialize, Serialize};

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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    ciphertext_blob: Base64<Vec<u8>>,
    key_id: &'static str,
    encryption_algorithm: &'static str,
}

/// The reply to an Encrypt of 32 bytes.
const REPLY: fn() -> Reply = || Reply {
    ciphertext_blob: Base64(vec![0x5a; 135]),
    key_id: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    encryption_algorithm: "SYMMETRIC_DEFAULT",
};

fn encode(reply: &Reply) -> usize {
    let mut body = Vec::with_capacity(1024);
    serde_json::to_writer(&mut body, reply).map_or(0, |()| body.len())
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
    let reply = REPLY();
    criterion.bench_function("encode/135 bytes", |b| b.iter(|| encode(black_box(&reply))));
    criterion.bench_function("validate/63 bytes", |b| {
        b.iter(|| validate(&REQUEST, black_box(&small)).is_ok());
    });
}

criterion_group!(benches, stages);
criterion_main!(benches);
