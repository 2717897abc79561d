//! Addresses of documents and receivers: `https`, a host, a path; nothing that could be read in two
//! ways.

use std::fmt;
use std::str::FromStr;

use crate::Endpoint;

const URL_CHARS_MAX: usize = 2048;

/// The address of a document or a receiver. Shows its host only: the path of a receiver is often
/// its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    pub(crate) endpoint: Endpoint,
    /// Path and query; begins with `/`.
    pub(crate) path: String,
}

/// Text that is no address of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL with a plain host and path")]
pub struct NotAUrl;

impl Url {
    /// Whom to ask.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What the `Host` header holds.
    pub(crate) fn authority(&self) -> String {
        self.endpoint.authority(standard_port(self.endpoint.is_tls))
    }
}

impl FromStr for Url {
    type Err = NotAUrl;

    fn from_str(text: &str) -> Result<Self, NotAUrl> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
        if text.len() > URL_CHARS_MAX || !text.bytes().all(is_plain) {
            return Err(NotAUrl);
        }
        let (is_tls, rest) = match text.split_once("://").ok_or(NotAUrl)? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return Err(NotAUrl),
        };
        let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(path_at).ok_or(NotAUrl)?;
        let endpoint = Endpoint::parse(authority, is_tls, standard_port(is_tls));
        let endpoint = endpoint.map_err(|_| NotAUrl)?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { endpoint, path: format!("{slash}{path}") })
    }
}

const fn standard_port(is_tls: bool) -> u16 {
    if is_tls { 443 } else { 80 }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Url").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written() {
        for (text, authority, path) in [
            ("https://id.example.com", "id.example.com", "/"),
            ("https://ID.example.com:443/a/b?c=d", "id.example.com", "/a/b?c=d"),
            ("https://id.example.com:8443/", "id.example.com:8443", "/"),
            ("http://127.0.0.1:80/x", "127.0.0.1", "/x"),
            ("http://[::1]:8080/x", "[::1]:8080", "/x"),
            ("https://id.example.com?a", "id.example.com", "/?a"),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!((url.authority().as_str(), url.path.as_str()), (authority, path), "{text}");
        }
    }

    #[test]
    fn the_path_is_not_shown() {
        let url: Url = "https://hooks.example.com/T0/secret".parse().unwrap();
        assert!(!format!("{url:?}").contains("secret"));
        assert_eq!(url.endpoint().to_string(), "hooks.example.com:443");
    }

    #[test]
    fn what_two_readers_could_take_for_different_places_is_refused() {
        for text in [
            "",
            "id.example.com",
            "//id.example.com",
            "ftp://id.example.com",
            "HTTPS://id.example.com",
            "https://",
            "https:///path",
            "https://user@id.example.com",
            "https://user:pass@id.example.com",
            "https://id.example.com:/",
            "https://id.example.com:+1/",
            "https://id.example.com:65536/",
            "https://id.example.com:1:2/",
            "https://id_example.com",
            "https://id.example.com/#frag",
            "https://id.example.com/a b",
            "https://id.example.com/\r\nHost: x",
            "https://idé.example.com",
            "https://id.example.com\\@evil.example",
            "https://[::1",
            "https://[::1]x/",
            "https://[id]/",
        ] {
            assert_eq!(text.parse::<Url>(), Err(NotAUrl), "{text}");
        }
        let long = format!("https://id.example.com/{}", "a".repeat(URL_CHARS_MAX));
        assert_eq!(long.parse::<Url>(), Err(NotAUrl));
    }
}
