//! A request that tests can take apart, and the endpoint it is sent to.

use keyward_sigv4::sign::Signer;
use keyward_sigv4::{Presented, Refusal, RequestParts, Rules, SigningKey, Style, present};

pub(crate) const KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn with_parts<T>(&self, read: impl FnOnce(&RequestParts<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let (method, path, query) = (&self.method, &self.path, &self.query);
        read(&RequestParts { method, path, query, headers: &headers })
    }

    /// What the endpoint makes of this request, up to the signature.
    pub(crate) fn present<T>(
        &self,
        rules: &Rules<'_>,
        read: impl FnOnce(&Presented<'_>) -> T,
    ) -> Result<T, Refusal> {
        self.with_parts(|parts| present(parts, rules).map(|presented| read(&presented)))
    }

    /// The whole check, with the key that the example secret gives.
    pub(crate) fn verify(&self, rules: &Rules<'_>) -> Result<(), Refusal> {
        self.present(rules, |presented| {
            presented.verify(&presented.signing_key(SECRET), &self.body)
        })?
    }

    pub(crate) fn refusal(&self, rules: &Rules<'_>) -> Refusal {
        self.verify(rules).unwrap_err()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(sent, _)| sent == name)?;
        Some(str::from_utf8(value).unwrap())
    }

    /// Replaces a header, or adds it.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.unset(name).add(name, value)
    }

    pub(crate) fn add(&mut self, name: &str, value: &str) -> &mut Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    pub(crate) fn unset(&mut self, name: &str) -> &mut Self {
        self.headers.retain(|(sent, _)| sent != name);
        self
    }

    /// Changes the `Authorization` header by substitution, which must find something.
    pub(crate) fn edit_authorization(&mut self, from: &str, to: &str) -> &mut Self {
        let authorization = self.header("authorization").unwrap();
        assert!(authorization.contains(from), "no {from} in {authorization}");
        let edited = authorization.replacen(from, to, 1);
        self.set("authorization", &edited)
    }

    /// Changes the query string by substitution, which must find something.
    pub(crate) fn edit_query(&mut self, from: &str, to: &str) -> &mut Self {
        assert!(self.query.contains(from), "no {from} in {}", self.query);
        self.query = self.query.replacen(from, to, 1);
        self
    }

    pub(crate) fn sign(&mut self, signer: &Signer<'_>) -> &mut Self {
        let added = self.with_parts(|parts| signer.sign(parts, &self.body));
        for (name, value) in added {
            self.set(name, &value);
        }
        self
    }

    pub(crate) fn presign(&mut self, signer: &Signer<'_>, expires_s: Option<u32>) -> &mut Self {
        self.query = self.with_parts(|parts| signer.presign(parts, &self.body, expires_s));
        self
    }
}

/// 2026-10-18 12:00:00 UTC.
pub(crate) const NOW: i64 = 1_792_324_800;

pub(crate) fn kms_rules() -> Rules<'static> {
    Rules {
        service: "kms",
        region_is_served: &|region| region == "us-east-1",
        now: NOW,
        past_window_s: 300,
        future_window_s: 300,
        expires_s_max: 300,
        ignores_expires: false,
        style: Style::Json,
    }
}

pub(crate) fn signer() -> Signer<'static> {
    Signer {
        access_key_id: KEY_ID,
        secret: SECRET,
        session_token: None,
        region: "us-east-1",
        service: "kms",
        now: NOW,
    }
}

pub(crate) fn unsigned() -> Request {
    let mut request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: br#"{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}"#.to_vec(),
    };
    request
        .add("host", "kms.us-east-1.amazonaws.com")
        .add("content-type", "application/x-amz-json-1.1")
        .add("x-amz-target", "TrentService.DescribeKey")
        .add("user-agent", "example/1.0");
    request
}

/// A request that is right in every respect, signed in its header.
pub(crate) fn signed() -> Request {
    let mut request = unsigned();
    request.sign(&signer());
    request
}

/// The same, presigned for five minutes.
pub(crate) fn presigned() -> Request {
    let mut request = unsigned();
    request.presign(&signer(), Some(300));
    request
}

pub(crate) fn another_key() -> SigningKey {
    SigningKey::derive(b"nobody's secret", "20261018", "us-east-1", "kms")
}
