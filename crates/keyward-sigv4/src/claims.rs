//! What a request says of its own signature, read from whichever form it came in.
//!
//! Rows 4 to 7 of the error table: the claims are all there. Whether they hold is for `verify`.

mod header;
mod query;

use std::borrow::Cow;

use crate::refusal::{Refusal, Style};
use crate::request::{AuthHeaders, RequestParts};

/// Where a request carries its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query string: a presigned request.
    Query,
}

/// The claims, none of them checked, none of them empty.
pub(crate) struct Claims<'a> {
    pub(crate) form: Form,
    pub(crate) algorithm: Cow<'a, str>,
    pub(crate) credential: Cow<'a, str>,
    pub(crate) signed_headers: Cow<'a, str>,
    pub(crate) signature: Cow<'a, str>,
    pub(crate) date: Cow<'a, str>,
    pub(crate) expires: Option<Cow<'a, str>>,
    pub(crate) session_token: Option<Cow<'a, str>>,
}

impl<'a> Claims<'a> {
    pub(crate) fn read(
        parts: &RequestParts<'a>,
        headers: &AuthHeaders<'a>,
        style: Style,
    ) -> Result<Self, Refusal> {
        let parameters = query::Parameters::gather(parts.query)?;
        match headers.authorization {
            Some(_) if parameters.algorithm.is_some() => Err(Refusal::two_forms()),
            Some(authorization) => header::read(authorization, headers, style),
            None if parameters.claim_a_signature() => parameters.into_claims(),
            None => Err(Refusal::not_signed(style)),
        }
    }
}
