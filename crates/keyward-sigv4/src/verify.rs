//! The checks on a request's claims, in the order that decides which refusal wins, and the
//! signature itself.

use std::borrow::Cow;

use crate::canonical::{self, HexDigest};
use crate::claims::{Claims, Form};
use crate::refusal::{Refusal, RefusalCode};
use crate::request::{AuthHeaders, RequestParts, Rules, SIGNED_HEADERS_MAX};
use crate::signing_key::SigningKey;
use crate::timestamp::Timestamp;
use crate::{ALGORITHM, TERMINATOR};

/// `X-Amz-Expires` may promise a week.
const EXPIRES_S_MAX: i64 = 604_800;

/// Room for the canonical request of an ordinary call, so that its buffer does not grow.
const CANONICAL_BYTES_USUAL: usize = 1024;

/// Makes every check that needs no secret: rows 4 to 14 of the error table, in that order.
pub fn present<'a>(parts: &RequestParts<'a>, rules: &Rules<'_>) -> Result<Presented<'a>, Refusal> {
    parts.require_bounded()?;
    let headers = AuthHeaders::gather(parts)?;
    let claims = Claims::read(parts, &headers, rules.style)?;
    let timestamp = read_timestamp(&claims, &headers)?;
    require_current(&claims, &timestamp, rules)?;
    let signed_headers = sorted_names(claims.signed_headers);
    require_signed(&signed_headers, claims.form, &headers)?;
    if claims.algorithm != ALGORITHM {
        return Err(Refusal::unsupported_algorithm(&claims.algorithm));
    }
    require_scope(&claims.credential, &timestamp.text, rules)?;
    Ok(Presented {
        parts: *parts,
        signed_headers,
        claimed_body_hash: headers.x_amz_content_sha256,
        form: claims.form,
        credential: claims.credential,
        signature: claims.signature,
        session_token: claims.session_token,
        timestamp,
    })
}

/// A request whose signature claims are well-formed, current and correctly scoped.
///
/// Nothing in it is proven until [`Presented::verify`] has succeeded.
pub struct Presented<'a> {
    parts: RequestParts<'a>,
    form: Form,
    /// Five parts, the last four checked against the rules.
    credential: Cow<'a, str>,
    /// Sorted, in lower case.
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    session_token: Option<Cow<'a, str>>,
    claimed_body_hash: Option<&'a [u8]>,
    timestamp: Signed<'a>,
}

impl Presented<'_> {
    /// The access key that the request says it is signed with.
    pub fn access_key_id(&self) -> &str {
        self.credential_part(0)
    }

    /// The day of the credential scope, `yyyymmdd`.
    pub fn date(&self) -> &str {
        self.credential_part(1)
    }

    /// The Region of the credential scope; the endpoint serves it.
    pub fn region(&self) -> &str {
        self.credential_part(2)
    }

    /// The service of the credential scope; it is the one the rules name.
    pub fn service(&self) -> &str {
        self.credential_part(3)
    }

    /// The session token sent with the request, from wherever its form carries it.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The signing key for this request's scope. Cacheable per access key, date, Region, service.
    pub fn signing_key(&self, secret: &[u8]) -> SigningKey {
        SigningKey::derive(secret, self.date(), self.region(), self.service())
    }

    /// Row 16: the signature is `key`'s over this request and `body`, and the hash of the body is
    /// the one the client announced, if it did.
    pub fn verify(&self, key: &SigningKey, body: &[u8]) -> Result<(), Refusal> {
        let body_hash = canonical::sha256_hex(body);
        let mut buffer = Vec::with_capacity(CANONICAL_BYTES_USUAL);
        let is_complete = self.write_string_to_sign(&mut buffer, &body_hash);
        let is_genuine = parse_signature(&self.signature)
            .is_some_and(|signature| key.verifies(&buffer, &signature));
        let body_is_as_claimed = self.claimed_body_hash.is_none_or(|claimed| claimed == body_hash);
        if is_genuine && is_complete && body_is_as_claimed {
            Ok(())
        } else {
            Err(Refusal::signature_mismatch())
        }
    }

    /// What the client should have signed, for the operator's log after a refusal. Holds hashes
    /// where the canonical request could hold a session token.
    pub fn string_to_sign(&self, body: &[u8]) -> String {
        let mut buffer = Vec::new();
        self.write_string_to_sign(&mut buffer, &canonical::sha256_hex(body));
        String::from_utf8_lossy(&buffer).into_owned()
    }

    fn write_string_to_sign(&self, buffer: &mut Vec<u8>, body_hash: &HexDigest) -> bool {
        let is_complete = canonical::write_request(
            buffer,
            &self.parts,
            self.form,
            &self.signed_headers,
            body_hash,
        );
        let scope = self.credential.split_once('/').map_or("", |(_, scope)| scope);
        canonical::write_string_to_sign(buffer, &self.timestamp.text, scope);
        is_complete
    }

    fn credential_part(&self, index: usize) -> &str {
        self.credential.split('/').nth(index).unwrap_or_default()
    }
}

/// The request timestamp, and the ISO 8601 text of it that is signed.
struct Signed<'a> {
    unix: i64,
    text: Cow<'a, str>,
}

/// Row 8. The basic form is also taken from `Date`, which some clients send it in.
fn read_timestamp<'a>(
    claims: &Claims<'a>,
    headers: &AuthHeaders<'_>,
) -> Result<Signed<'a>, Refusal> {
    let may_be_http = claims.form == Form::Header && headers.x_amz_date.is_none();
    if let Some(timestamp) = Timestamp::parse_basic(&claims.date) {
        Ok(Signed { unix: timestamp.unix(), text: claims.date.clone() })
    } else if let Some(timestamp) = Timestamp::parse_http(&claims.date).filter(|_| may_be_http) {
        Ok(Signed { unix: timestamp.unix(), text: Cow::Owned(timestamp.to_string()) })
    } else {
        Err(Refusal::date_not_basic(&claims.date))
    }
}

/// Rows 9 and 10.
fn require_current(
    claims: &Claims<'_>,
    signed: &Signed<'_>,
    rules: &Rules<'_>,
) -> Result<(), Refusal> {
    let expires = claims.expires.as_deref().filter(|_| !rules.ignores_expires);
    let expires = expires.map(parse_expires).transpose()?;
    let (window_s, code) = match expires {
        Some(expires_s) if expires_s <= rules.expires_s_max => {
            (expires_s, RefusalCode::RequestExpired)
        }
        // WIRE: a promise of more is not kept. Evidence: docs/WIRE.md, "Presigned requests".
        Some(_) => (rules.expires_s_max, RefusalCode::InvalidSignature),
        None => (rules.past_window_s, RefusalCode::InvalidSignature),
    };
    if signed.unix < rules.now.saturating_sub(window_s) {
        return Err(Refusal::expired(code, &signed.text, rules.now, window_s));
    }
    if signed.unix > rules.now.saturating_add(rules.future_window_s) {
        return Err(Refusal::not_yet_current(&signed.text, rules.now, rules.future_window_s));
    }
    Ok(())
}

fn parse_expires(text: &str) -> Result<i64, Refusal> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|seconds| is_number && (1..=EXPIRES_S_MAX).contains(seconds))
        .ok_or_else(|| Refusal::expires_out_of_range(text))
}

/// Row 11. Beyond the host, a header that decides what a request means or whose it is has to be
/// signed when it is sent: else whoever captures a request can point it elsewhere.
fn require_signed(
    signed_headers: &str,
    form: Form,
    headers: &AuthHeaders<'_>,
) -> Result<(), Refusal> {
    let (mut host, mut date, mut token, mut target) = (false, false, false, false);
    for (index, name) in signed_headers.split(';').enumerate() {
        match name {
            _ if index == SIGNED_HEADERS_MAX => {
                return Err(Refusal::too_large("SignedHeaders", SIGNED_HEADERS_MAX, "names"));
            }
            "host" | ":authority" => host = true,
            "x-amz-date" => date = true,
            "x-amz-security-token" => token = true,
            "x-amz-target" => target = true,
            _ => {}
        }
    }
    let date_is_claimed = form == Form::Header && headers.x_amz_date.is_some();
    for (is_needed, is_signed, quoted_name) in [
        (true, host, "'Host' or ':authority'"),
        (date_is_claimed, date, "'X-Amz-Date'"),
        (headers.x_amz_security_token.is_some(), token, "'X-Amz-Security-Token'"),
        (headers.x_amz_target.is_some(), target, "'X-Amz-Target'"),
    ] {
        if is_needed && !is_signed {
            return Err(Refusal::must_be_signed(quoted_name));
        }
    }
    Ok(())
}

/// Rows 13 and 14.
fn require_scope(credential: &str, timestamp: &str, rules: &Rules<'_>) -> Result<(), Refusal> {
    let mut parts = credential.split('/');
    let (Some(_), Some(date), Some(region), Some(service), Some(terminator), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::credential_not_five_parts(credential));
    };
    let expected = rules.service;
    let day = timestamp.get(..8).unwrap_or_default();
    let wrong: String = [
        (!(rules.region_is_served)(region))
            .then(|| "Credential should be scoped to a valid region. ".to_owned()),
        (service != expected)
            .then(|| format!("Credential should be scoped to correct service: '{expected}'. ")),
        (terminator != TERMINATOR).then(|| {
            format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not \
                 '{terminator}'. "
            )
        }),
        (date != day).then(|| {
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{date}' != '{day}', from '{timestamp}'."
            )
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Refusal::wrong_scope(wrong)) }
}

/// The canonical list of signed headers, which is what nearly every client sends.
fn sorted_names(names: Cow<'_, str>) -> Cow<'_, str> {
    let has_upper_case = names.bytes().any(|byte| byte.is_ascii_uppercase());
    if !has_upper_case && names.split(';').is_sorted() {
        return names;
    }
    let lower_case = names.to_ascii_lowercase();
    let mut sorted: Vec<&str> = lower_case.split(';').collect();
    sorted.sort_unstable();
    Cow::Owned(sorted.join(";"))
}

/// Exactly 64 digits of lower-case hex.
fn parse_signature(text: &str) -> Option<[u8; 32]> {
    const fn digit(digit: u8) -> Option<u8> {
        match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        }
    }
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut signature = [0; 32];
    for (byte, &[high, low]) in signature.iter_mut().zip(digits.as_chunks().0) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(signature)
}
