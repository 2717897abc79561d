//! The claims in an `Authorization` header.

use std::borrow::Cow;

use super::{Claims, Form};
use crate::refusal::{Refusal, Style};
use crate::request::AuthHeaders;

pub(super) fn read<'a>(
    authorization: &'a [u8],
    headers: &AuthHeaders<'a>,
    style: Style,
) -> Result<Claims<'a>, Refusal> {
    let header = str::from_utf8(authorization).unwrap_or_default().trim_ascii();
    if !header.starts_with("AWS4-") {
        return Err(Refusal::not_signed(style));
    }
    let (algorithm, parameters) = header.split_once(' ').unwrap_or((header, ""));
    let found = Parameters::read(parameters, header)?;
    let date = headers.x_amz_date.or(headers.date).filter(|value| !value.is_empty());
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (found.credential, found.signature, found.signed_headers, date)
    else {
        return Err(Refusal::header_lacks(&found.missing(), date.is_none(), header));
    };
    Ok(Claims {
        form: Form::Header,
        algorithm: Cow::Borrowed(algorithm),
        credential: Cow::Borrowed(credential),
        signed_headers: Cow::Borrowed(signed_headers),
        signature: Cow::Borrowed(signature),
        date: String::from_utf8_lossy(date),
        expires: None,
        session_token: headers
            .x_amz_security_token
            .filter(|token| !token.is_empty())
            .map(String::from_utf8_lossy),
    })
}

#[derive(Default)]
struct Parameters<'a> {
    credential: Option<&'a str>,
    signature: Option<&'a str>,
    signed_headers: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn read(text: &'a str, header: &str) -> Result<Self, Refusal> {
        let mut found = Self::default();
        if text.trim_ascii().is_empty() {
            return Ok(found);
        }
        for part in text.split(',').map(str::trim_ascii) {
            let (name, value) =
                part.split_once('=').ok_or_else(|| Refusal::not_key_value(part, header))?;
            let slot = match name {
                "Credential" => &mut found.credential,
                "Signature" => &mut found.signature,
                "SignedHeaders" => &mut found.signed_headers,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(Refusal::repeated(name));
            }
        }
        // An empty value claims nothing.
        for slot in [&mut found.credential, &mut found.signature, &mut found.signed_headers] {
            *slot = slot.filter(|value| !value.is_empty());
        }
        Ok(found)
    }

    fn missing(&self) -> Vec<&'static str> {
        [
            ("Credential", self.credential),
            ("Signature", self.signature),
            ("SignedHeaders", self.signed_headers),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.is_none().then_some(name))
        .collect()
    }
}
