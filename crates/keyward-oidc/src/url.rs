//! Addresses of issuers and their keys: `https`, a host, a path; nothing that could be read in two
//! ways.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

const URL_CHARS_MAX: usize = 2048;

/// The address of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub(crate) is_https: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path and query; begins with `/`.
    pub(crate) path: String,
}

/// Text that is no address of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL with a plain host and path")]
pub struct NotAUrl;

impl Url {
    /// The address of an issuer's discovery document (OpenID Connect Discovery, 4.1).
    pub(crate) fn of_discovery(issuer: &str) -> Result<Self, NotAUrl> {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')).parse()
    }

    /// What the `Host` header holds.
    pub(crate) fn authority(&self) -> String {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        let standard = if self.is_https { 443 } else { 80 };
        if self.port == standard { host } else { format!("{host}:{}", self.port) }
    }

    /// The host, if it is an address already.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl FromStr for Url {
    type Err = NotAUrl;

    fn from_str(text: &str) -> Result<Self, NotAUrl> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
        if text.len() > URL_CHARS_MAX || !text.bytes().all(is_plain) {
            return Err(NotAUrl);
        }
        let (is_https, rest) = match text.split_once("://").ok_or(NotAUrl)? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return Err(NotAUrl),
        };
        let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(path_at).ok_or(NotAUrl)?;
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map_err(|_| NotAUrl)?
            }
            Some(_) => return Err(NotAUrl),
            None => {
                if is_https {
                    443
                } else {
                    80
                }
            }
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { is_https, host: host.to_ascii_lowercase(), port, path: format!("{slash}{path}") })
    }
}

/// Names of letters, digits, hyphens and dots, and addresses; no user in front.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), NotAUrl> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(NotAUrl)?;
        address.parse::<Ipv6Addr>().map_err(|_| NotAUrl)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(port))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(NotAUrl),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if host.is_empty() || host.len() > 253 || !host.bytes().all(is_name) {
        return Err(NotAUrl);
    }
    Ok((host, port))
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
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
        for issuer in ["https://id.example.com/x", "https://id.example.com/x/"] {
            let expected = "https://id.example.com/x/.well-known/openid-configuration";
            assert_eq!(Url::of_discovery(issuer).unwrap().to_string(), expected);
        }
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
