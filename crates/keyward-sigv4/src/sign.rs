//! The client's half: for test clients, the quickstart and benchmarks.
//!
//! Does not decide what to send; it signs what it is given.

use crate::canonical;
use crate::claims::Form;
use crate::request::RequestParts;
use crate::signing_key::SigningKey;
use crate::timestamp::Timestamp;
use crate::{ALGORITHM, TERMINATOR, uri};

/// Headers that are not signed: proxies change them, or this module writes them itself.
const NOT_SIGNED: [&str; 8] = [
    "authorization",
    "connection",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amz-date",
    "x-amz-security-token",
    "x-amzn-trace-id",
];

/// Who signs, for which service and Region, and when.
pub struct Signer<'a> {
    /// The access key's id.
    pub access_key_id: &'a str,
    /// The access key's secret.
    pub secret: &'a [u8],
    /// The token that belongs to a temporary access key.
    pub session_token: Option<&'a str>,
    /// The Region of the credential scope.
    pub region: &'a str,
    /// The service of the credential scope.
    pub service: &'a str,
    /// The time of signing, in Unix seconds.
    pub now: i64,
}

impl Signer<'_> {
    /// The headers to add to a request, so that its `Authorization` header carries its signature.
    ///
    /// `parts` holds every header that is to be signed, `host` among them; `x-amz-date` and
    /// `x-amz-security-token` are added, and signed, here.
    pub fn sign(&self, parts: &RequestParts<'_>, body: &[u8]) -> Vec<(&'static str, String)> {
        let timestamp = Timestamp::from_unix(self.now).to_string();
        let mut headers = signed_part(parts);
        headers.push(("x-amz-date", timestamp.as_bytes()));
        if let Some(token) = self.session_token {
            headers.push(("x-amz-security-token", token.as_bytes()));
        }
        let names = sorted_names(&headers);
        let signed = RequestParts { headers: &headers, ..*parts };
        let signature = self.signature(&signed, Form::Header, &names, &timestamp, body);
        let (key_id, scope) = (self.access_key_id, self.scope(&timestamp));
        let authorization = format!(
            "{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        let token = self.session_token.map(|token| ("x-amz-security-token", token.to_owned()));
        [("x-amz-date", timestamp)]
            .into_iter()
            .chain(token)
            .chain([("authorization", authorization)])
            .collect()
    }

    /// The query string of a presigned request: that of `parts`, then the signature's parameters.
    ///
    /// `parts` holds every header that is to be signed, `host` among them.
    pub fn presign(&self, parts: &RequestParts<'_>, body: &[u8], expires_s: Option<u32>) -> String {
        let timestamp = Timestamp::from_unix(self.now).to_string();
        let headers = signed_part(parts);
        let names = sorted_names(&headers);
        let (key_id, scope) = (self.access_key_id, self.scope(&timestamp));
        let mut query = parts.query.to_owned();
        push_parameter(&mut query, "X-Amz-Algorithm", ALGORITHM);
        push_parameter(&mut query, "X-Amz-Credential", &format!("{key_id}/{scope}"));
        push_parameter(&mut query, "X-Amz-Date", &timestamp);
        if let Some(seconds) = expires_s {
            push_parameter(&mut query, "X-Amz-Expires", &seconds.to_string());
        }
        if let Some(token) = self.session_token {
            push_parameter(&mut query, "X-Amz-Security-Token", token);
        }
        push_parameter(&mut query, "X-Amz-SignedHeaders", &names);
        let signed = RequestParts { headers: &headers, query: &query, ..*parts };
        let signature = self.signature(&signed, Form::Query, &names, &timestamp, body);
        push_parameter(&mut query, canonical::SIGNATURE_PARAMETER, &signature);
        query
    }

    fn signature(
        &self,
        parts: &RequestParts<'_>,
        form: Form,
        names: &str,
        timestamp: &str,
        body: &[u8],
    ) -> String {
        let mut buffer = Vec::new();
        canonical::write_request(&mut buffer, parts, form, names, &canonical::sha256_hex(body));
        canonical::write_string_to_sign(&mut buffer, timestamp, &self.scope(timestamp));
        let key = SigningKey::derive(self.secret, day(timestamp), self.region, self.service);
        let tag = key.sign(&buffer);
        tag.as_ref().iter().flat_map(|byte| canonical::lower_hex(*byte)).map(char::from).collect()
    }

    fn scope(&self, timestamp: &str) -> String {
        let (day, region, service) = (day(timestamp), self.region, self.service);
        format!("{day}/{region}/{service}/{TERMINATOR}")
    }
}

fn signed_part<'a>(parts: &RequestParts<'a>) -> Vec<(&'a str, &'a [u8])> {
    parts.headers.iter().copied().filter(|(name, _)| !NOT_SIGNED.contains(name)).collect()
}

fn sorted_names(headers: &[(&str, &[u8])]) -> String {
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

fn push_parameter(query: &mut String, name: &str, value: &str) {
    let mut encoded = Vec::with_capacity(value.len());
    uri::push_encoded(&mut encoded, value.as_bytes());
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    query.extend(encoded.into_iter().map(char::from));
}

fn day(timestamp: &str) -> &str {
    timestamp.get(..8).unwrap_or_default()
}
