//! The canonical request and the string to sign: the bytes that a signature is over.
//!
//! Signing and verification both come here, so a fault here would cancel out between them. The
//! published vectors and an independent signer are what hold it to the definition.

use aws_lc_rs::digest;

use crate::claims::Form;
use crate::request::RequestParts;
use crate::{ALGORITHM, uri};

/// The name of the one query parameter that is not signed.
pub(crate) const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

/// Lower-case hex of a SHA-256 digest.
pub(crate) type HexDigest = [u8; 64];

/// Writes the canonical request over what `out` held. False when a signed header was not sent.
pub(crate) fn write_request(
    out: &mut Vec<u8>,
    parts: &RequestParts<'_>,
    form: Form,
    signed_headers: &str,
    body_hash: &HexDigest,
) -> bool {
    out.clear();
    out.extend_from_slice(parts.method.as_bytes());
    out.push(b'\n');
    push_path(out, parts.path);
    out.push(b'\n');
    push_query(out, parts.query, form);
    out.push(b'\n');
    let is_complete = push_headers(out, parts, signed_headers);
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(body_hash);
    is_complete
}

/// Replaces the canonical request in `out` by the string to sign for it.
pub(crate) fn write_string_to_sign(out: &mut Vec<u8>, timestamp: &str, scope: &str) {
    let request_hash = sha256_hex(out);
    out.clear();
    for line in [ALGORITHM, timestamp, scope] {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(&request_hash);
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> HexDigest {
    let mut hex = [0; 64];
    let digest = digest::digest(&digest::SHA256, bytes);
    for (pair, byte) in hex.as_chunks_mut().0.iter_mut().zip(digest.as_ref()) {
        *pair = lower_hex(*byte);
    }
    hex
}

/// The two lower-case digits of a byte.
pub(crate) const fn lower_hex(byte: u8) -> [u8; 2] {
    const fn digit(nibble: u8) -> u8 {
        if nibble < 10 { b'0' + nibble } else { b'a' + (nibble - 10) }
    }
    [digit(byte >> 4), digit(byte & 15)]
}

/// Normalised after RFC 3986, runs of slashes made one, and encoded as it stands: a path that
/// arrives encoded is encoded twice.
fn push_path(out: &mut Vec<u8>, path: &str) {
    if path == "/" || path.is_empty() {
        return out.push(b'/');
    }
    if !path.starts_with('/') {
        // Not a path that a client signs. It must not come to equal one that is.
        return uri::push_encoded(out, path.as_bytes());
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            named => segments.push(named),
        }
    }
    let has_segments = !segments.is_empty();
    for segment in segments {
        out.push(b'/');
        uri::push_encoded(out, segment.as_bytes());
    }
    let ends_in_directory = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    if ends_in_directory || !has_segments {
        out.push(b'/');
    }
}

/// Parameters decoded, encoded anew, sorted by name and then by value.
fn push_query(out: &mut Vec<u8>, query: &str, form: Form) {
    if query.is_empty() {
        return;
    }
    let mut parameters: Vec<_> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (uri::canonical_component(name), uri::canonical_component(value)))
        .filter(|(name, _)| form == Form::Header || name.as_ref() != SIGNATURE_PARAMETER.as_bytes())
        .collect();
    parameters.sort_unstable();
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

fn push_headers(out: &mut Vec<u8>, parts: &RequestParts<'_>, signed_headers: &str) -> bool {
    let mut is_complete = true;
    for name in signed_headers.split(';') {
        // The HTTP layer gives `:authority` as `host`; a client may have signed it by either name.
        let received = if name == ":authority" { "host" } else { name };
        let mut values =
            parts.headers.iter().filter(|(name, _)| *name == received).map(|(_, value)| value);
        let Some(first) = values.next() else {
            is_complete = false;
            continue;
        };
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        push_trimmed(out, first);
        for value in values {
            out.push(b',');
            push_trimmed(out, value);
        }
        out.push(b'\n');
    }
    is_complete
}

/// A header value without outer white space, inner runs of it made one space.
fn push_trimmed(out: &mut Vec<u8>, value: &[u8]) {
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    out.extend_from_slice(words.next().unwrap_or_default());
    for word in words {
        out.push(b' ');
        out.extend_from_slice(word);
    }
}
