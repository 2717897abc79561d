//! Policy documents: how quotas count them, how replies show them.

use std::fmt::{self, Write as _};

use keyward_engine::{ErrorCode, OpError};
use keyward_policy::{IamPolicyError, IdentityPolicy};
use serde::{Serialize, Serializer};

/// Refuses a document that is no policy of an identity.
pub(crate) fn check_identity(document: &str) -> Result<(), OpError> {
    IdentityPolicy::check(document).map(drop).map_err(|error| malformed(&error))
}

/// The refusal of a document, in the service's words.
pub(crate) fn malformed(error: &IamPolicyError) -> OpError {
    OpError::new(ErrorCode::MalformedPolicyDocument, error.to_string())
}

/// A document in a reply: escaped as in RFC 3986.
#[derive(Debug)]
pub(crate) struct Escaped(pub(crate) String);

impl Serialize for Escaped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&escaped(&self.0))
    }
}

impl fmt::Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.0))
    }
}

fn escaped(document: &str) -> String {
    let mut text = String::with_capacity(document.len() * 3);
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // A string takes everything.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_escaped_so_that_a_url_decoder_reads_it() {
        assert_eq!(escaped("{\"a\": \"b+c~é\"}"), "%7B%22a%22%3A%20%22b%2Bc~%C3%A9%22%7D");
    }
}
