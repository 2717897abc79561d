//! An identity provider: its keys, and the tokens it makes.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// An identity provider with one key.
pub struct TestIssuer {
    /// `iss`.
    pub issuer: String,
    pair: EcdsaKeyPair,
}

impl TestIssuer {
    /// One with a fresh key.
    pub fn new(issuer: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { issuer: issuer.to_owned(), pair }
    }

    /// Its key set.
    pub fn key_set(&self) -> Value {
        let point = &self.pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "one", "x": x, "y": y }] })
    }

    /// A token with these claims beside `iss`.
    pub fn token(&self, claims: &Value) -> String {
        self.token_of("one", claims)
    }

    /// The same with another key id.
    pub fn token_of(&self, key_id: &str, claims: &Value) -> String {
        let mut all = json!({ "iss": self.issuer });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let header = json!({ "alg": "ES256", "kid": key_id, "typ": "JWT" }).to_string();
        let signed = [header, all.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
