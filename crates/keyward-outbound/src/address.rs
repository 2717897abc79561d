//! Where the outbound client may go.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::Endpoint;

/// Where the outbound client may go: to hosts an operator named, at public addresses or at those he
/// named too. The default allows nothing.
#[derive(Default)]
pub struct AddressRule {
    /// The hosts.
    pub hosts: Vec<HostPattern>,
    /// Whether a private address is one the operator named.
    pub private_is_allowed: Option<Box<dyn Fn(IpAddr) -> bool + Send + Sync>>,
    /// Who may be spoken to without TLS.
    pub plaintext: Plaintext,
}

/// Who may be spoken to without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plaintext {
    /// Nobody.
    #[default]
    ToNobody,
    /// This machine itself.
    ToLoopback,
    /// Anyone: what is sent crosses the network readable.
    ToAnyone,
}

/// A host, or `*.` and a domain: every host below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: String,
    is_domain: bool,
}

/// Text that is no host or domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a host is a name, an address, or `*.` and a domain")]
pub struct NotAHostPattern;

impl AddressRule {
    /// Whether the client may ask for the host at all.
    pub(crate) fn allows(&self, endpoint: &Endpoint) -> bool {
        let is_secure = endpoint.is_tls
            || match self.plaintext {
                Plaintext::ToNobody => false,
                Plaintext::ToLoopback => endpoint.is_loopback(),
                Plaintext::ToAnyone => true,
            };
        is_secure && self.hosts.iter().any(|pattern| pattern.matches(&endpoint.host))
    }

    /// Whether the client may connect to the address, for an endpoint that it may ask for.
    pub(crate) fn allows_address(&self, endpoint: &Endpoint, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_exposed = !endpoint.is_tls && !address.is_loopback();
        if is_exposed && self.plaintext != Plaintext::ToAnyone {
            return false;
        }
        let named = self.private_is_allowed.as_ref();
        is_public(address) || named.is_some_and(|is_allowed| is_allowed(address))
    }
}

impl fmt::Debug for AddressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressRule").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl HostPattern {
    fn matches(&self, host: &str) -> bool {
        if !self.is_domain {
            return host == self.name;
        }
        host.strip_suffix(self.name.as_str())
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|label| !label.is_empty())
    }
}

impl FromStr for HostPattern {
    type Err = NotAHostPattern;

    fn from_str(text: &str) -> Result<Self, NotAHostPattern> {
        let (name, is_domain) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        let is_address = !is_domain && name.parse::<IpAddr>().is_ok();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if name.is_empty() || !(is_address || name.bytes().all(is_name)) {
            return Err(NotAHostPattern);
        }
        Ok(Self { name: name.to_ascii_lowercase(), is_domain })
    }
}

/// Whether an address is one of the Internet at large.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18);
    !is_special
}

/// Only what is handed out as global unicast, without what leads back to other kinds.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_global_unicast = first & 0xe000 == 0x2000;
    let is_special = (first == 0x2001 && (second < 0x200 || second == 0xdb8)) || first == 0x2002;
    is_global_unicast && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(hosts: &[&str]) -> AddressRule {
        let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        AddressRule { hosts, ..AddressRule::default() }
    }

    fn endpoint(url: &str) -> Endpoint {
        url.parse::<crate::Url>().unwrap().endpoint
    }

    #[test]
    fn only_named_hosts_are_asked() {
        let rule = rule(&["id.example.com", "*.example.org"]);
        for allowed in
            ["https://id.example.com/x", "https://a.example.org", "https://a.b.example.org"]
        {
            assert!(rule.allows(&endpoint(allowed)), "{allowed}");
        }
        for refused in [
            "https://example.com",
            "https://id.example.com.evil.example",
            "https://example.org",
            "https://evilexample.org",
            "http://id.example.com",
        ] {
            assert!(!rule.allows(&endpoint(refused)), "{refused}");
        }
        assert!(!AddressRule::default().allows(&endpoint("https://id.example.com")));
    }

    #[test]
    fn a_named_host_that_leads_inside_is_not_followed() {
        let rule = rule(&["id.example.com"]);
        let endpoint = endpoint("https://id.example.com");
        for inside in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "ff02::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "64:ff9b::7f00:1",
            "2001::1",
        ] {
            assert!(!rule.allows_address(&endpoint, inside.parse().unwrap()), "{inside}");
        }
        for outside in ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14"] {
            assert!(rule.allows_address(&endpoint, outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn an_inner_address_is_reached_when_the_operator_named_it() {
        let mut rule = rule(&["id.internal"]);
        let named: IpAddr = "10.1.2.3".parse().unwrap();
        rule.private_is_allowed = Some(Box::new(move |address| address == named));
        let endpoint = endpoint("https://id.internal");
        assert!(rule.allows_address(&endpoint, named));
        assert!(rule.allows_address(&endpoint, "::ffff:10.1.2.3".parse().unwrap()));
        assert!(!rule.allows_address(&endpoint, "10.1.2.4".parse().unwrap()));
    }

    #[test]
    fn without_tls_only_this_machine_is_asked_and_only_when_that_is_allowed() {
        let mut rule = rule(&["localhost", "127.0.0.1", "id.example.com"]);
        rule.private_is_allowed = Some(Box::new(|_| true));
        assert!(!rule.allows(&endpoint("http://localhost:8080")));
        rule.plaintext = Plaintext::ToLoopback;
        assert!(rule.allows(&endpoint("http://localhost:8080")));
        assert!(rule.allows(&endpoint("http://127.0.0.1:8080")));
        assert!(!rule.allows(&endpoint("http://id.example.com")));
        let local = endpoint("http://localhost:8080");
        assert!(rule.allows_address(&local, "127.0.0.1".parse().unwrap()));
        assert!(!rule.allows_address(&local, "10.0.0.1".parse().unwrap()));
        rule.plaintext = Plaintext::ToAnyone;
        assert!(rule.allows(&endpoint("http://id.example.com")));
        assert!(!rule.allows(&endpoint("http://other.example.com")));
        assert!(rule.allows_address(&local, "10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_host_is_no_pattern() {
        for text in ["", "*", "*.", "a*b", "https://x", "x/y", "x:1", "a b"] {
            assert_eq!(text.parse::<HostPattern>(), Err(NotAHostPattern), "{text}");
        }
    }
}
