//! What a token claims (OpenID Connect Core, 2), and what it says of the session it asks for.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Malformed;

/// The claims of a token. All of them are the issuer's word and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `aud`: one or more.
    pub audiences: Vec<String>,
    /// `azp`: to whom the token was issued.
    pub authorized_party: Option<String>,
    /// `exp`, in seconds.
    pub expires_at_s: i64,
    /// `iat`, in seconds.
    pub issued_at_s: i64,
    /// `nbf`, in seconds.
    pub not_before_s: Option<i64>,
    /// `amr`: how the subject was authenticated.
    pub methods: Vec<String>,
    /// `https://aws.amazon.com/tags`.
    pub tags: TokenTags,
    /// `https://aws.amazon.com/source_identity`.
    pub source_identity: Option<String>,
}

/// Session tags that a token brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenTags {
    /// `principal_tags`, by key.
    pub principal_tags: Vec<(String, String)>,
    /// `transitive_tag_keys`.
    pub transitive_tag_keys: Vec<String>,
}

#[derive(Deserialize)]
struct Raw {
    iss: String,
    sub: String,
    aud: OneOrMore,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    amr: Option<Vec<String>>,
    #[serde(rename = "https://aws.amazon.com/tags")]
    tags: Option<RawTags>,
    #[serde(rename = "https://aws.amazon.com/source_identity")]
    source_identity: Option<String>,
}

#[derive(Deserialize)]
struct RawTags {
    #[serde(default)]
    principal_tags: BTreeMap<String, OneOrMore>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Reads an object, and not the array that would fit its members too.
pub(crate) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let is_object = json.trim_ascii_start().starts_with(b"{");
    if is_object { serde_json::from_slice(json).ok() } else { None }
}

impl Claims {
    /// Reads claims. A claim that occurs twice makes them no claims.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Malformed> {
        let raw: Raw = object(json).ok_or(Malformed::Claims)?;
        let audiences = match raw.aud {
            OneOrMore::One(audience) => vec![audience],
            OneOrMore::More(audiences) => audiences,
        };
        let is_empty = |text: &String| text.is_empty();
        if raw.sub.is_empty() || audiences.is_empty() || audiences.iter().any(is_empty) {
            return Err(Malformed::Claims);
        }
        Ok(Self {
            issuer: raw.iss,
            subject: raw.sub,
            audiences,
            authorized_party: raw.azp,
            expires_at_s: raw.exp,
            issued_at_s: raw.iat,
            not_before_s: raw.nbf,
            methods: raw.amr.unwrap_or_default(),
            tags: raw.tags.map(TokenTags::of).transpose()?.unwrap_or_default(),
            source_identity: raw.source_identity,
        })
    }

    /// The audience that has to be registered: the authorized party when there is one.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>
    pub fn checked_audiences(&self) -> &[String] {
        match &self.authorized_party {
            Some(party) => std::slice::from_ref(party),
            None => &self.audiences,
        }
    }
}

impl TokenTags {
    /// A tag of a token is a list of one value.
    fn of(raw: RawTags) -> Result<Self, Malformed> {
        let single = |(key, value)| match value {
            OneOrMore::One(value) => Ok((key, value)),
            OneOrMore::More(values) => match <[String; 1]>::try_from(values) {
                Ok([value]) => Ok((key, value)),
                Err(_) => Err(Malformed::Claims),
            },
        };
        let principal_tags: Result<_, _> = raw.principal_tags.into_iter().map(single).collect();
        let transitive_tag_keys = raw.transitive_tag_keys;
        Ok(Self { principal_tags: principal_tags?, transitive_tag_keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_a_session_takes_from_a_token_is_read() {
        let json = br#"{
            "iss": "https://id.example.com", "sub": "dana", "aud": ["a", "b"], "azp": "c",
            "exp": 30, "iat": 10, "nbf": 20, "amr": ["mfa", "pwd"], "email": {"any": ["thing"]},
            "https://aws.amazon.com/tags": {
                "principal_tags": {"Team": ["blue"], "Cost": "7"},
                "transitive_tag_keys": ["Team"]
            },
            "https://aws.amazon.com/source_identity": "dana"
        }"#;
        let claims = Claims::parse(json).unwrap();
        assert_eq!(
            (claims.issuer.as_str(), claims.subject.as_str()),
            ("https://id.example.com", "dana")
        );
        assert_eq!(claims.audiences, ["a", "b"]);
        assert_eq!(claims.checked_audiences(), ["c"]);
        assert_eq!(
            (claims.expires_at_s, claims.issued_at_s, claims.not_before_s),
            (30, 10, Some(20))
        );
        assert_eq!(claims.methods, ["mfa", "pwd"]);
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(claims.tags.principal_tags, [tag("Cost", "7"), tag("Team", "blue")]);
        assert_eq!(claims.tags.transitive_tag_keys, ["Team"]);
        assert_eq!(claims.source_identity.as_deref(), Some("dana"));
    }

    #[test]
    fn claims_that_are_missing_or_of_another_type_are_refused() {
        let least = r#"{"iss":"i","sub":"s","aud":"a","exp":2,"iat":1}"#;
        assert!(Claims::parse(least.as_bytes()).is_ok());
        for (from, to) in [
            (r#""iss":"i","#, ""),
            (r#""sub":"s","#, ""),
            (r#""sub":"s""#, r#""sub":"""#),
            (r#""sub":"s""#, r#""sub":7"#),
            (r#""aud":"a","#, ""),
            (r#""aud":"a""#, r#""aud":[]"#),
            (r#""aud":"a""#, r#""aud":"""#),
            (r#""aud":"a""#, r#""aud":["a",1]"#),
            (r#""exp":2,"#, ""),
            (r#""exp":2"#, r#""exp":"2""#),
            (r#""exp":2"#, r#""exp":2.5"#),
            (r#""exp":2"#, r#""exp":1e30"#),
            (r#","iat":1"#, ""),
            (r#""iat":1"#, r#""iat":1,"iat":1"#),
            (r#""iat":1"#, r#""iat":1,"nbf":"0""#),
            (r#""iat":1"#, r#""iat":1,"https://aws.amazon.com/tags":7"#),
            (
                r#""iat":1"#,
                r#""iat":1,"https://aws.amazon.com/tags":{"principal_tags":{"a":["1","2"]}}"#,
            ),
        ] {
            let json = least.replace(from, to);
            assert_ne!(json, least);
            assert_eq!(Claims::parse(json.as_bytes()), Err(Malformed::Claims), "{json}");
        }
        for json in ["[]", r#"["i","s","a",null,2,1,null,null,null,null]"#, ""] {
            assert_eq!(Claims::parse(json.as_bytes()), Err(Malformed::Claims), "{json}");
        }
    }
}
