//! Which address a request came from when proxies stand in between.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::{Network, Peer};

/// How many proxies one behind the other are believed.
const HOPS_MAX: usize = 32;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    pub(crate) const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The address the request came from: the peer's, or behind trusted proxies the rightmost one
    /// in `X-Forwarded-For` that is none of them. What stands further left was written by someone
    /// whose word does not count; and so was all of it where proxies speak the PROXY protocol, as
    /// they do not touch the headers then.
    pub(crate) fn source(&self, peer: &Peer, headers: &HeaderMap) -> IpAddr {
        let mut source = peer.address();
        if peer.is_named_by_proxy() || !self.contains(source) {
            return source;
        }
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let entries = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        for entry in entries.take(HOPS_MAX) {
            let Some(address) = parse_entry(entry.trim()) else { break };
            source = address;
            if !self.contains(address) {
                break;
            }
        }
        source
    }
}

/// An address, with or without a port.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let address = entry.parse::<IpAddr>().or_else(|_| {
        let bracketed = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']'));
        match bracketed {
            Some(address) => address.parse(),
            None => entry.parse::<SocketAddr>().map(|address| address.ip()),
        }
    });
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn source(peer: &str, lines: &[&'static str]) -> String {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(line));
        }
        proxies.source(&Peer::new(peer.parse().unwrap(), None), &headers).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_not_believed() {
        assert_eq!(source("203.0.113.1", &["198.51.100.7"]), "203.0.113.1");
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_source() {
        let found = |lines| source("10.0.0.1", lines);
        assert_eq!(found(&["198.51.100.7"]), "198.51.100.7");
        assert_eq!(found(&["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(found(&["1.1.1.1", "198.51.100.7,10.0.0.2"]), "198.51.100.7");
        assert_eq!(found(&["10.0.0.9, 10.0.0.2"]), "10.0.0.9");
        assert_eq!(found(&["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(found(&["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(found(&["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(found(&["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_chain() {
        assert_eq!(source("10.0.0.1", &["198.51.100.7, unknown"]), "10.0.0.1");
        assert_eq!(source("10.0.0.1", &["1.1.1.1, , 10.0.0.2"]), "10.0.0.2");
        assert_eq!(source("10.0.0.1", &[]), "10.0.0.1");
    }
}
