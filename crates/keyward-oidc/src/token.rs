//! A token as it is sent: three parts of base64url (RFC 7515, 3.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Claims;
use crate::claims::object;

/// The longest token the API takes.
pub const TOKEN_CHARS_MAX: usize = 20_000;

/// A token that has been read and not believed.
#[derive(Debug)]
pub struct Token<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
    pub(crate) claims: Claims,
}

/// Why text is no token that could be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// An algorithm that is not taken: `none`, a shared secret, or an unknown one.
    #[error("the token's algorithm is not taken")]
    Algorithm,
    /// Claims are missing or not what they have to be.
    #[error("the token lacks claims, or they have wrong types")]
    Claims,
    /// Not three parts of base64url with JSON in them, or too long.
    #[error("not a signed token")]
    Form,
}

/// The algorithms that are taken (RFC 7518, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Es384,
    Es512,
    Rs256,
    Rs384,
    Rs512,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that have to be understood, and are not.
    crit: Option<IgnoredAny>,
}

impl<'a> Token<'a> {
    /// Reads a token.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        if text.len() > TOKEN_CHARS_MAX {
            return Err(Malformed::Form);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Malformed::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(Malformed::Form)?;
        let header: Header = object(&decoded(header)?).ok_or(Malformed::Form)?;
        let claims = decoded(claims)?;
        let algorithm = Algorithm::parse(&header.alg).ok_or(Malformed::Algorithm)?;
        if header.crit.is_some() {
            return Err(Malformed::Algorithm);
        }
        Ok(Self {
            algorithm,
            key_id: header.kid,
            signed,
            signature: decoded(signature)?,
            claims: Claims::parse(&claims)?,
        })
    }

    /// What the token claims. Nothing of it is proven until [`Token::verify`] has succeeded.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The key that is said to have signed it.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }
}

impl Algorithm {
    /// No `none` and no `HS…`: whoever can verify those can make them.
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            _ => return None,
        })
    }

    /// The name in headers and keys.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

/// A dot inside a part makes it no base64url, so there are exactly three.
fn decoded(part: &str) -> Result<Vec<u8>, Malformed> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: &str = r#"{"iss":"https://id.example.com","sub":"s","aud":"a","iat":1,"exp":2}"#;

    fn token(header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{claims}.AAAA")
    }

    #[test]
    fn a_token_is_read_with_its_key_id() {
        let text = token(r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#, CLAIMS);
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.key_id(), token.algorithm), (Some("k"), Algorithm::Rs256));
        assert_eq!(token.signature, [0, 0, 0]);
        assert_eq!(token.claims().issuer, "https://id.example.com");
    }

    #[test]
    fn algorithms_that_whoever_verifies_could_forge_are_refused() {
        for algorithm in ["none", "None", "", "HS256", "HS512", "RS1", "PS256", "EdDSA", "rs256"] {
            let text = token(&format!(r#"{{"alg":"{algorithm}"}}"#), CLAIMS);
            assert_eq!(Token::parse(&text).unwrap_err(), Malformed::Algorithm, "{algorithm}");
        }
        let critical = token(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, CLAIMS);
        assert_eq!(Token::parse(&critical).unwrap_err(), Malformed::Algorithm);
    }

    #[test]
    fn what_is_not_three_parts_of_json_is_no_token() {
        let good = token(r#"{"alg":"RS256"}"#, CLAIMS);
        let long = format!("{good}{}", "A".repeat(TOKEN_CHARS_MAX));
        for text in [
            "",
            ".",
            "..",
            "a.b.c",
            "four.parts.of.text",
            &good.replace('.', ""),
            &format!("{good}."),
            &format!("{good}.AAAA"),
            &format!(" {good}"),
            &good.replace("AAAA", "AAA="),
            &token("[]", CLAIMS),
            &token(r#"["RS256",null,null]"#, CLAIMS),
            &token("{}", CLAIMS),
            &long,
        ] {
            assert_eq!(Token::parse(text).unwrap_err(), Malformed::Form, "{text:.80}");
        }
    }
}
