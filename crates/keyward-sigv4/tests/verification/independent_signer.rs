//! Whatever the AWS SDK for Rust signs is verified, and nothing that differs from it by one bit.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use keyward_sigv4::Refusal;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::request::{KEY_ID, NOW, Request, SECRET, kms_rules};

proptest! {
    #[test]
    fn what_the_sdk_signs_is_verified(
        request in any_request(),
        token in proptest::option::of("[A-Za-z0-9+/=]{1,40}"),
        location in select(vec![Location::Header, Location::Query]),
    ) {
        let signed = signed_by_sdk(&request, token.as_deref(), location);
        prop_assert_eq!(signed.verify(&kms_rules()), Ok(()), "{:?}", signed);
        let presented_token =
            signed.present(&kms_rules(), |it| it.session_token().map(str::to_owned)).unwrap();
        prop_assert_eq!(presented_token, token);
    }

    #[test]
    fn one_changed_bit_anywhere_is_refused(
        request in plain_request(),
        location in select(vec![Location::Header, Location::Query]),
        place in select(Place::ALL.to_vec()),
        (index, bit) in (any::<Index>(), 0_u32..8),
    ) {
        let mut changed = signed_by_sdk(&request, Some("token"), location);
        prop_assert_eq!(changed.verify(&kms_rules()), Ok(()));
        let was_changed = place.flip(&mut changed, location, &request, index, 1 << bit);
        if !was_changed {
            return Ok(());
        }
        let verified: Result<(), Refusal> = changed.verify(&kms_rules());
        prop_assert!(verified.is_err(), "{:?}", changed);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Location {
    Header,
    Query,
}

/// Where a bit is changed.
#[derive(Clone, Copy, Debug)]
enum Place {
    Method,
    Path,
    Query,
    SignedHeader,
    Body,
    Signature,
}

impl Place {
    const ALL: [Self; 6] =
        [Self::Method, Self::Path, Self::Query, Self::SignedHeader, Self::Body, Self::Signature];

    /// Changes the bit, unless there is nothing here or a string would cease to be one.
    fn flip(
        self,
        signed: &mut Request,
        location: Location,
        unsigned: &Request,
        index: Index,
        mask: u8,
    ) -> bool {
        match self {
            Self::Method => flip_text(&mut signed.method, 0, usize::MAX, index, mask),
            Self::Path => flip_text(&mut signed.path, 0, usize::MAX, index, mask),
            // The signature's own parameters may be escaped in either case, so they are let be.
            Self::Query => flip_text(&mut signed.query, 0, unsigned.query.len(), index, mask),
            Self::SignedHeader => {
                let is_sought = |name: &str| name != "authorization";
                let count = signed.headers.iter().filter(|(name, _)| is_sought(name)).count();
                let chosen = index.index(count);
                let (_, value) = signed
                    .headers
                    .iter_mut()
                    .filter(|(name, _)| is_sought(name))
                    .nth(chosen)
                    .unwrap();
                flip_bytes(value, index, mask)
            }
            Self::Body => flip_bytes(&mut signed.body, index, mask),
            Self::Signature if location == Location::Query => {
                let start = signed.query.find("X-Amz-Signature=").unwrap() + 16;
                flip_text(&mut signed.query, start, start + 64, index, mask)
            }
            Self::Signature => {
                let mut value = signed.header("authorization").unwrap().to_owned();
                let start = value.find("Signature=").unwrap() + 10;
                let was_changed = flip_text(&mut value, start, usize::MAX, index, mask);
                signed.set("authorization", &value);
                was_changed
            }
        }
    }
}

fn flip_text(text: &mut String, start: usize, end: usize, index: Index, mask: u8) -> bool {
    let mut bytes = text.clone().into_bytes();
    let end = end.min(bytes.len());
    let was_changed = flip_bytes(bytes.get_mut(start..end).unwrap(), index, mask);
    String::from_utf8(bytes).is_ok_and(|changed| {
        *text = changed;
        was_changed
    })
}

fn flip_bytes(bytes: &mut [u8], index: Index, mask: u8) -> bool {
    if bytes.is_empty() {
        return false;
    }
    *index.get_mut(bytes) ^= mask;
    true
}

/// Requests with everything in them that canonicalisation has to deal with.
fn any_request() -> impl Strategy<Value = Request> {
    let path = "(/(\\.|\\.\\.|[A-Za-z0-9._~%:@!$&'()*+,;=-]{0,6})){1,5}";
    let query = "([A-Za-z0-9._~+=&/?-]|%[2-7][0-9A-Fa-f]|%e1%88%b4|%zz){0,30}";
    request(path, query)
}

/// Requests in which no two spellings mean the same, so that any change is a change of meaning.
fn plain_request() -> impl Strategy<Value = Request> {
    request("/|(/[a-z0-9]{1,6}){1,3}", "([a-z]{1,3}=[a-z0-9]{1,4}(&[a-z]{1,3}=[a-z]{1,3}){0,3})?")
}

fn request(path: &'static str, query: &'static str) -> impl Strategy<Value = Request> {
    let value = "[ -~]{0,16}";
    let headers = (value, value, value, "[a-zA-Z]{1,12}");
    (select(vec!["GET", "POST", "PUT"]), path, query, headers, vec(any::<u8>(), 0..80)).prop_map(
        |(method, path, query, (one, two, note, target), body)| {
            let mut request =
                Request { method: method.to_owned(), path, query, headers: Vec::new(), body };
            request
                .add("host", "localhost:8080")
                .add("x-amz-target", &format!("TrentService.{target}"))
                .add("x-repeated", &one)
                .add("x-repeated", &two)
                .add("note", &note);
            request
        },
    )
}

/// The request as the SDK's signer would have it sent.
fn signed_by_sdk(request: &Request, token: Option<&str>, location: Location) -> Request {
    let secret = str::from_utf8(SECRET).unwrap();
    let identity = Credentials::new(KEY_ID, secret, token.map(str::to_owned), None, "test").into();
    let mut settings = SigningSettings::default();
    if location == Location::Query {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_mins(5));
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("kms")
        .time(UNIX_EPOCH + Duration::from_secs(NOW.try_into().unwrap()))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let question_mark = if request.query.is_empty() { "" } else { "?" };
    let uri = format!("http://localhost:8080{}{question_mark}{}", request.path, request.query);
    let headers =
        request.headers.iter().map(|(name, value)| (name.as_str(), str::from_utf8(value).unwrap()));
    let body = SignableBody::Bytes(&request.body);
    let signable = SignableRequest::new(&request.method, uri, headers, body).unwrap();
    let (instructions, _signature) = sign(signable, &params).unwrap().into_parts();
    let mut signed = request.clone();
    for (name, value) in instructions.headers() {
        signed.set(name, value);
    }
    for (name, value) in instructions.params() {
        let separator = if signed.query.is_empty() { "" } else { "&" };
        let value = escaped(value);
        signed.query.extend([separator, name, "=", value.as_str()]);
    }
    signed
}

fn escaped(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect()
}
