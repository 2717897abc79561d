//! A host and a port, with or without TLS.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

const HOST_CHARS_MAX: usize = 253;

/// Whom a connection is made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) is_tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Text that is no host and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a plain host name or address, with a port perhaps")]
pub struct NotAnEndpoint;

impl Endpoint {
    /// Reads `host`, `host:port`, `[::1]` or `[::1]:port`.
    pub fn parse(text: &str, is_tls: bool, standard_port: u16) -> Result<Self, NotAnEndpoint> {
        let (host, port) = split_port(text)?;
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map_err(|_| NotAnEndpoint)?
            }
            Some(_) => return Err(NotAnEndpoint),
            None => standard_port,
        };
        Ok(Self { is_tls, host: host.to_ascii_lowercase(), port })
    }

    /// Whether the connection has TLS.
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host, if it is an address already.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the host says by itself that it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.address().is_some_and(|address| address.is_loopback())
    }

    /// What stands between `//` and the path of a URL.
    pub(crate) fn authority(&self, standard_port: u16) -> String {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        if self.port == standard_port { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Zero is the port of nobody, so the port is always shown.
        f.write_str(&self.authority(0))
    }
}

/// Names of letters, digits, hyphens and dots, and addresses; no user in front.
fn split_port(text: &str) -> Result<(&str, Option<&str>), NotAnEndpoint> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(NotAnEndpoint)?;
        address.parse::<Ipv6Addr>().map_err(|_| NotAnEndpoint)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(port))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(NotAnEndpoint),
        };
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if host.is_empty() || host.len() > HOST_CHARS_MAX || !host.bytes().all(is_name) {
        return Err(NotAnEndpoint);
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_the_standard_port_unless_it_says_another() {
        for (text, shown) in [
            ("siem.example.com", "siem.example.com:6514"),
            ("SIEM.example.com:1", "siem.example.com:1"),
            ("[::1]:2", "[::1]:2"),
            ("[::1]", "[::1]:6514"),
            ("10.0.0.1", "10.0.0.1:6514"),
        ] {
            assert_eq!(Endpoint::parse(text, true, 6514).unwrap().to_string(), shown);
        }
        for text in ["", ":1", "a:b", "a:+1", "a:", "a:1:2", "a/b", "a@b", "::1", "[::1", "[a]"] {
            assert_eq!(Endpoint::parse(text, true, 6514), Err(NotAnEndpoint), "{text}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_name_and_addresses() {
        for (text, expected) in [
            ("localhost", true),
            ("127.0.0.9", true),
            ("[::1]", true),
            ("localhost.example", false),
        ] {
            assert_eq!(Endpoint::parse(text, false, 1).unwrap().is_loopback(), expected, "{text}");
        }
    }
}
