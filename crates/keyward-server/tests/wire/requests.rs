//! Signed requests.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use keyward_server::Peer;
use keyward_sigv4::RequestParts;
use keyward_sigv4::sign::Signer;

use crate::backend::{ACCESS_KEY_ID, NOW, SECRET};

pub(crate) const HOST: &str = "kms.test:8080";
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

pub(crate) const SIGNER: Signer<'static> = Signer {
    access_key_id: ACCESS_KEY_ID,
    secret: SECRET.as_bytes(),
    session_token: None,
    region: "us-east-1",
    service: "kms",
    now: NOW,
};

/// The headers of a signed call, `host` first.
pub(crate) fn headers(signer: &Signer<'_>, operation: &str, body: &[u8]) -> Vec<(String, String)> {
    let target = format!("TrentService.{operation}");
    let sent = [("host", HOST), ("content-type", CONTENT_TYPE), ("x-amz-target", &target)];
    let bytes = sent.map(|(name, value)| (name, value.as_bytes()));
    let parts = RequestParts { method: "POST", path: "/", query: "", headers: &bytes };
    let added = signer.sign(&parts, body);
    let sent = sent.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    sent.chain(added.into_iter().map(|(name, value)| (name.to_owned(), value))).collect()
}

/// The head of an HTTP/1.1 call with one more header line, or none.
pub(crate) fn head(operation: &str, body: &[u8], more: &str) -> String {
    let lines = headers(&SIGNER, operation, body).into_iter();
    let lines: Vec<_> = lines.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("POST / HTTP/1.1\r\n{}{more}\r\n", lines.concat())
}

/// A whole HTTP/1.1 call.
pub(crate) fn call(operation: &str, body: &[u8]) -> Vec<u8> {
    let length = format!("content-length: {}\r\n", body.len());
    [head(operation, body, &length).as_bytes(), body].concat()
}

/// A call as `Server::handle` takes it.
pub(crate) fn request(signer: &Signer<'_>, operation: &str, body: &'static [u8]) -> Request<Bytes> {
    let mut request = Request::post("/").body(Bytes::from_static(body)).unwrap();
    *request.headers_mut() = header_map(headers(signer, operation, body));
    request
}

pub(crate) fn header_map(headers: Vec<(String, String)>) -> HeaderMap {
    let pairs = headers.into_iter().map(|(name, value)| {
        (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
    });
    pairs.collect()
}

pub(crate) fn peer() -> Peer {
    Peer::new([192, 0, 2, 1].into(), None)
}
