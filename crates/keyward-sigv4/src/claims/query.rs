//! The claims in a query string: a presigned request.

use std::borrow::Cow;

use super::{Claims, Form};
use crate::canonical::SIGNATURE_PARAMETER;
use crate::refusal::Refusal;
use crate::uri;

/// The parameters that authentication reads, each sent at most once; an empty one claims nothing.
#[derive(Default)]
pub(super) struct Parameters<'a> {
    pub(super) algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    session_token: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    pub(super) fn gather(query: &'a str) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // Decoded first: an escaped spelling of a name is the same name.
            let name = uri::decode_text(name);
            let slot = match name.as_ref() {
                "X-Amz-Algorithm" => &mut found.algorithm,
                "X-Amz-Credential" => &mut found.credential,
                "X-Amz-Date" => &mut found.date,
                "X-Amz-Expires" => &mut found.expires,
                "X-Amz-Security-Token" => &mut found.session_token,
                SIGNATURE_PARAMETER => &mut found.signature,
                "X-Amz-SignedHeaders" => &mut found.signed_headers,
                _ => continue,
            };
            if slot.replace(uri::decode_text(value)).is_some() {
                return Err(Refusal::repeated(&name));
            }
        }
        Ok(found.without_empty())
    }

    /// Whether the query is an attempt at a signature. `X-Amz-Date` alone is not.
    pub(super) const fn claim_a_signature(&self) -> bool {
        self.algorithm.is_some()
            || self.credential.is_some()
            || self.signature.is_some()
            || self.signed_headers.is_some()
    }

    pub(super) fn into_claims(self) -> Result<Claims<'a>, Refusal> {
        let missing = self.missing();
        let Self { algorithm, credential, date, expires, session_token, signature, signed_headers } =
            self;
        let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (algorithm, credential, signature, signed_headers, date)
        else {
            return Err(Refusal::query_lacks(&missing));
        };
        Ok(Claims {
            form: Form::Query,
            algorithm,
            credential,
            signed_headers,
            signature,
            date,
            expires,
            session_token,
        })
    }

    fn missing(&self) -> Vec<&'static str> {
        [
            ("X-Amz-Algorithm", &self.algorithm),
            ("X-Amz-Credential", &self.credential),
            (SIGNATURE_PARAMETER, &self.signature),
            ("X-Amz-SignedHeaders", &self.signed_headers),
            ("X-Amz-Date", &self.date),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.is_none().then_some(name))
        .collect()
    }

    fn without_empty(mut self) -> Self {
        for slot in [
            &mut self.algorithm,
            &mut self.credential,
            &mut self.date,
            &mut self.session_token,
            &mut self.signature,
            &mut self.signed_headers,
        ] {
            *slot = slot.take().filter(|value| !value.is_empty());
        }
        self
    }
}
